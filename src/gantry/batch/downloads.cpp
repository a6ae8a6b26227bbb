#include "gantry/batch/downloads.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace gantry::batch {
namespace {

// A download that brings fewer bytes a second than this, on average, is given up.
constexpr std::uint64_t kCrawl = 1024;

Error not_that(std::string_view what) {
  return Error(ErrorCode::kBadResponse, std::string(what)).with(Retry::kSameRequest);
}

std::string_view without_end(std::string_view text) {
  while (true) {
    std::size_t last = text.find_last_not_of(" \t\r\n");
    text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
    std::size_t comment = text.ends_with("-->") ? text.rfind("<!--") : std::string_view::npos;
    if (comment == std::string_view::npos) return text;
    text = text.substr(0, comment);
  }
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

bool starts_like_html(std::string_view head) {
  head = head.substr(0, 200);
  for (std::size_t tag = head.find('<'); tag != std::string_view::npos; tag = head.find('<')) {
    head.remove_prefix(tag);
    if (starts_with_ignoring_case(head, "<!doctype html") ||
        starts_with_ignoring_case(head, "<html")) {
      return true;
    }
    head.remove_prefix(1);
  }
  return false;
}

void check_svg(std::string_view head, std::string_view tail) {
  std::size_t root = head.find("<svg");
  if (root == std::string_view::npos) throw not_that("it is not an SVG");
  std::string_view end = without_end(tail);
  bool is_one_element = end.ends_with("/>") && head.find('<', root + 1) == std::string_view::npos;
  if (!end.ends_with("</svg>") && !is_one_element) throw not_that("the SVG is cut short");
}

// Bodies are kept in the blob store, and retried by the client of the network.
ProcessorOptions flight_options() {
  ProcessorOptions options;
  options.name = "downloads";
  options.negative_ttl = async::Duration(0);
  options.retry.max_retries = 0;
  options.batch = BatchOptions::unbounded();
  return options;
}

}  // namespace

void check_content(Content content, const Blob& body) {
  constexpr std::size_t kLookedAt = 4096;
  std::string read_head;
  std::string read_tail;
  std::string_view head = body.view().substr(0, kLookedAt);
  std::string_view tail = body.view();
  if (tail.size() > kLookedAt) tail.remove_prefix(tail.size() - kLookedAt);
  if (!body.in_memory()) {
    head = read_head = body.head(kLookedAt);
    tail = read_tail = body.tail(kLookedAt);
  }
  if (body.size() == 0) throw not_that("it is empty");
  if (starts_like_html(head)) throw not_that("the server sent a web page in its place");
  switch (content) {
    case Content::kSvg:
      check_svg(head, tail);
      break;
    case Content::kPng:
      if (!head.starts_with("\x89PNG\r\n\x1a\n")) throw not_that("it is not a PNG");
      if (tail.find("IEND") == std::string::npos) throw not_that("the PNG is cut short");
      break;
    case Content::kJpg:
      if (!head.starts_with("\xff\xd8\xff")) throw not_that("it is not a JPEG");
      if (tail.find("\xff\xd9") == std::string::npos) throw not_that("the JPEG is cut short");
      break;
    case Content::kPdf:
      if (!head.starts_with("%PDF-")) throw not_that("it is not a PDF");
      if (tail.find("%%EOF") == std::string::npos) throw not_that("the PDF is cut short");
      break;
  }
}

Downloads::Downloads(const Services& services, async::WorkerPool& pool, net::Client& client,
                     store::BlobStore* store, Options options)
    : pool_(pool),
      client_(client),
      store_(store),
      options_(std::move(options)),
      flights_(services, flight_options()) {}

async::awaitable<std::vector<bool>> Downloads::stored(std::vector<std::string> keys) {
  if (store_ == nullptr) co_return std::vector<bool>(keys.size(), false);
  auto work = [store = store_, keys = std::move(keys)] { return store->contains_many(keys); };
  std::vector<bool> found = co_await pool_.run(std::move(work));
  co_return found;
}

async::awaitable<Blob> Downloads::get(Download wanted, JobContext context) {
  bool may_be_stored =
      wanted.may_be_stored || landed_.contains(std::hash<std::string>()(wanted.key));
  if (store_ != nullptr && !wanted.key.empty() && may_be_stored) {
    auto work = [store = store_, key = wanted.key] { return store->get(key); };
    std::optional<Blob> stored = co_await pool_.run(std::move(work));
    if (stored) co_return *stored;
  }
  Request<Blob> request;
  request.key = wanted.key;
  BatchOptions options = BatchOptions::unbounded(std::move(context));
  options.deduplication = !wanted.key.empty();
  request.fetch = [this, wanted = std::move(wanted)](CallContext call) {
    return fetch(wanted, std::move(call));
  };
  Item<Blob> item = co_await flights_.get(std::move(request), std::move(options));
  co_return item.value();
}

async::awaitable<net::HttpResponse> Downloads::send(const Download& wanted,
                                                    const CallContext& context,
                                                    const std::string& address) {
  const JobContext& job = context.job;
  net::HttpRequest request;
  request.url = address;
  request.spill_folder = options_.spill_folder;
  request.limits.body_bytes = wanted.largest;
  request.limits.connect = job.timeout;
  request.limits.slow_window = std::chrono::ceil<std::chrono::seconds>(job.timeout);
  request.limits.slow_bytes_per_second = kCrawl;
  net::CallOptions call;
  call.observer = options_.observer;
  call.ticket.host = net::host_of(address);
  call.ticket.pool = options_.pool;
  call.ticket.lane = job.lane;
  call.ticket.priority = job.priority;
  call.ticket.claims = context.claims;
  call.retry = options_.retry;
  call.check = [content = wanted.content](const net::HttpResponse& response) {
    check_content(content, response.body);
  };
  return client_.send(std::move(request), std::move(call));
}

async::awaitable<Blob> Downloads::fetch(Download wanted, CallContext context) {
  std::optional<Error> failure;
  try {
    std::string address = co_await wanted.address("");
    net::HttpResponse response = co_await send(wanted, context, address);
    if (response.status == 403 || response.status == 404 || response.status == 410) {
      // Signed addresses expire; a fresh one is worth one more attempt.
      address = co_await wanted.address(address);
      response = co_await send(wanted, context, address);
    }
    if (response.status >= 200 && response.status < 300) {
      landed_.insert(std::hash<std::string>()(wanted.key));
      // Only a crowded store is worth a way to another thread.
      if (store_ != nullptr && !wanted.key.empty() && !store_->offer(wanted.key, response.body)) {
        auto work = [store = store_, key = wanted.key, body = response.body] {
          store->put(key, body);
        };
        co_await pool_.run(std::move(work));
      }
      co_return response.body;
    }
    ErrorCode code = response.status == 403 ? ErrorCode::kForbidden : ErrorCode::kNotFound;
    if (response.status >= 500) code = ErrorCode::kServer;
    failure = Error(code, fmt::format("{} answers {}", net::shown_url(address), response.status))
                  .with_status(response.status);
  } catch (const Error& error) {
    failure = error;
  }
  bool concerns_the_item =
      failure->scope() == Scope::kItem && failure->code() != ErrorCode::kCancelled;
  throw concerns_the_item ? failure->in(wanted.name) : *failure;
}

}  // namespace gantry::batch
