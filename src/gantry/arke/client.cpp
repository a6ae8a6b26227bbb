#include "gantry/arke/client.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/archive/cid.hpp"
#include "gantry/archive/parse.hpp"

namespace gantry::arke {
namespace {

// The largest answer that is read: a manifest of half a million children.
constexpr std::uint64_t kLargestAnswer = 64ULL << 20;
// Of values that several exports of one run may ask for; small, for a run may last for days.
constexpr std::uint64_t kMemory = 8ULL << 20;
// Of a stream, of which there are as many as entities on their way: a page of text has some 10 KB.
constexpr std::uint64_t kStreamBytes = 1ULL << 20;
// A download that brings fewer bytes a second than this, on average, is given up.
constexpr std::uint64_t kCrawl = 1024;
constexpr auto kForGood = std::chrono::hours(24 * 365 * 10);
constexpr auto kKeptForOffline = std::chrono::hours(24 * 30);

ClientOptions normal(ClientOptions options) {
  for (std::string* url : {&options.api_url, &options.gateway_url, &options.graph_url}) {
    while (url->ends_with('/')) url->pop_back();
  }
  return options;
}

net::TicketRequest ticket_for(const ClientOptions& options, const std::string& url) {
  net::TicketRequest ticket;
  ticket.budget = options.budget;
  ticket.host = net::host_of(url);
  ticket.pool = options.pool;
  return ticket;
}

batch::ProcessorOptions processor_options(const char* name, const ClientOptions& options,
                                          const std::string& url) {
  batch::ProcessorOptions processor;
  processor.name = name;
  processor.store = options.store;
  processor.store_only_offline = true;  // an entity changes without a sign
  processor.keep_for_offline = kKeptForOffline;
  processor.offline = options.offline;
  processor.memory_bytes = kMemory;
  processor.negative_ttl = async::Duration(0);
  processor.retry.max_retries = 0;  // net::Client has done it
  processor.ticket = ticket_for(options, url);
  return processor;
}

batch::ProcessorOptions options_for_content(const ClientOptions& options) {
  auto processor = processor_options("arke contents", options, options.gateway_url);
  processor.store_only_offline = false;
  processor.ttl = kForGood;
  return processor;
}

// What the server says, in one line of bounded length; empty if it is not the archive speaking.
std::string message_of(const net::HttpResponse& response) {
  boost::json::error_code failure;
  boost::json::value body = boost::json::parse(response.body.head(64UL * 1024), failure);
  if (failure || !body.is_object()) return {};
  const boost::json::value* message = body.as_object().if_contains("message");
  if (message == nullptr || !message->is_string()) return {};
  std::string text(std::string_view(message->get_string()).substr(0, 300));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  return ": " + text;
}

Error refusal(const net::HttpResponse& response, const std::string& what) {
  int status = response.status;
  std::string said = message_of(response);
  ErrorCode code = ErrorCode::kBadResponse;
  std::string text = fmt::format("{}: the archive answers {}{}", what, status, said);
  if (status == 404 || status == 410) {
    code = ErrorCode::kNotFound;
    text = fmt::format("{}: the archive does not have it ({}{})", what, status, said);
  } else if (status == 401 || status == 403) {
    code = ErrorCode::kForbidden;
  } else if (status == 429) {
    code = ErrorCode::kRateLimited;
  } else if (status >= 500) {
    code = ErrorCode::kServer;
    text += "; try again later";
  }
  return Error(code, text).with_status(status);
}

// Whatever `parse` throws may be the fault of the way.
template <class Parse>
void check_by(const Parse& parse) {
  try {
    parse();
  } catch (const Error& error) {
    throw error.with(Retry::kSameRequest);
  }
}

bool looks_like_page(std::string_view body) {
  std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  std::string head(body.substr(first, 14));
  std::transform(head.begin(), head.end(), head.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

// Of content whose name does not tell its hash, only what is plainly something else is refused.
void check_content(const archive::Component& component, const net::HttpResponse& response) {
  if (auto hash = archive::hash_of_content(component.cid)) {
    if (*hash == response.body.digest()) return;
    throw Error(ErrorCode::kBadResponse, "the bytes are not those that the CID names")
        .with(Retry::kSameRequest);
  }
  if (looks_like_page(response.body.view())) {
    throw Error(ErrorCode::kBadResponse, "the server sent a web page in its place")
        .with(Retry::kSameRequest);
  }
}

// Only a server can tell that there is no such thing. What is not in the cache or in a recording
// may well exist.
Error error_of(const batch::Item<std::string>& item, const ClientOptions& options,
               const std::string& what) {
  const Error& error = item.error();
  if (error.code() != ErrorCode::kNotFound || error.http_status() != 0) return error;
  if (!options.offline) return Error(ErrorCode::kNetwork, error.message());
  return Error(ErrorCode::kNetwork, what + " is not in the cache, and the run is offline");
}

}  // namespace

Client::Client(const batch::Services& services, net::Client& http, ClientOptions options)
    : http_(http),
      options_(normal(std::move(options))),
      entities_(services, processor_options("arke entities", options_, options_.api_url)),
      graph_(services, processor_options("arke graph", options_, options_.graph_url)),
      contents_(services, options_for_content(options_)) {}

async::awaitable<std::string> Client::send(Call call) {
  const batch::JobContext& job = call.context.job;
  net::HttpRequest request = std::move(call.request);
  request.limits.connect = job.timeout;
  request.limits.slow_window = std::chrono::ceil<std::chrono::seconds>(job.timeout);
  request.limits.slow_bytes_per_second = kCrawl;
  request.limits.body_bytes = kLargestAnswer;
  request.limits.memory_bytes = kLargestAnswer;
  net::CallOptions options;
  options.ticket = ticket_for(options_, request.url);
  options.ticket.lane = job.lane;
  options.ticket.priority = job.priority;
  options.ticket.claims = call.context.claims;
  options.grant = call.context.grant;
  options.observer = options_.observer;
  options.retry = options_.retry;
  options.check = std::move(call.check);
  std::optional<Error> failure;
  try {
    net::HttpResponse response = co_await http_.send(std::move(request), std::move(options));
    if (response.status >= 200 && response.status < 300) {
      co_return std::string(response.body.view());
    }
    failure = refusal(response, call.what);
  } catch (const Error& error) {
    bool concerns_it = error.scope() == Scope::kItem && error.code() != ErrorCode::kCancelled;
    failure = concerns_it ? error.in(call.what) : error;
  }
  throw *failure;
}

async::awaitable<archive::Entity> Client::entity(archive::Pi pi, batch::JobContext job) {
  batch::Request<std::string> request;
  request.key = "arke/entity/" + pi.text();
  request.fetch = [this, pi](batch::CallContext context) {
    return fetch_entity(pi, std::move(context));
  };
  Content item =
      co_await entities_.get(std::move(request), batch::BatchOptions::unbounded(std::move(job)));
  if (!item.ok()) throw error_of(item, options_, "entity " + pi.text());
  co_return archive::parse_entity(item.value());
}

async::awaitable<std::string> Client::fetch_entity(archive::Pi pi, batch::CallContext context) {
  Call call;
  call.what = "entity " + pi.text();
  call.request.url = fmt::format("{}/entities/{}", options_.api_url, pi.text());
  call.request.headers.emplace_back("Accept", "application/json");
  call.check = [pi](const net::HttpResponse& response) {
    check_by([&] {
      archive::Entity entity = archive::parse_entity(response.body.view());
      auto own = [](const auto& shape) { return shape.pi; };
      if (std::visit(own, entity) != pi) {
        throw Error(ErrorCode::kBadResponse, "the answer is about another entity");
      }
    });
  };
  call.context = std::move(context);
  return send(std::move(call));
}

async::awaitable<std::vector<archive::LinkedEntity>> Client::linked(archive::Pi pi,
                                                                    batch::JobContext job) {
  batch::Request<std::string> request;
  request.key = "arke/linked/" + pi.text();
  request.fetch = [this, pi](batch::CallContext context) {
    return fetch_linked(pi, std::move(context));
  };
  Content item =
      co_await graph_.get(std::move(request), batch::BatchOptions::unbounded(std::move(job)));
  std::vector<archive::LinkedEntity> linked;
  if (item.ok()) {
    linked = archive::parse_linked(item.value(), pi);
  } else if (Error error = error_of(item, options_, "the graph of entity " + pi.text());
             error.code() != ErrorCode::kNotFound) {
    throw error;
  }
  co_return linked;
}

async::awaitable<std::string> Client::fetch_linked(archive::Pi pi, batch::CallContext context) {
  Call call;
  call.what = "the graph of entity " + pi.text();
  call.request.method = "POST";
  call.request.url = options_.graph_url + "/pi/entities-with-relationships";
  call.request.headers.emplace_back("Content-Type", "application/json");
  call.request.body = fmt::format(R"({{"pi":"{}"}})", pi.text());
  call.check = [pi](const net::HttpResponse& response) {
    check_by([&] { archive::parse_linked(response.body.view(), pi); });
  };
  call.context = std::move(context);
  return send(std::move(call));
}

batch::Request<std::string> Client::request_for(const archive::Component& component) {
  batch::Request<std::string> request;
  request.key = "ipfs/" + component.cid;
  request.fetch = [this, component](batch::CallContext context) {
    return fetch_content(component, std::move(context));
  };
  return request;
}

async::awaitable<std::string> Client::fetch_content(archive::Component component,
                                                    batch::CallContext context) {
  Call call;
  call.what = fmt::format("{} ({})", component.key, component.cid);
  call.request.url = fmt::format("{}/ipfs/{}", options_.gateway_url, component.cid);
  call.check = [component](const net::HttpResponse& response) {
    check_content(component, response);
  };
  call.context = std::move(context);
  return send(std::move(call));
}

async::awaitable<std::vector<Client::Content>> Client::contents(
    std::vector<archive::Component> components, batch::JobContext job) {
  std::vector<batch::Request<std::string>> requests;
  requests.reserve(components.size());
  for (const archive::Component& component : components) {
    requests.push_back(request_for(component));
  }
  std::vector<Content> items;
  if (!requests.empty()) {
    items = co_await contents_.process(requests, batch::BatchOptions::unbounded(std::move(job)));
  }
  co_return items;
}

std::optional<std::string> Client::text_of(const Content& content, const std::string& what) const {
  if (content.ok()) return content.value();
  Error error = error_of(content, options_, what);
  if (error.code() == ErrorCode::kNotFound) return std::nullopt;
  throw error;
}

batch::ItemStream<std::string> Client::stream(std::vector<archive::Component> components,
                                              std::size_t ahead, batch::JobContext job) {
  batch::StreamOptions options;
  options.batch = batch::BatchOptions::unbounded(std::move(job));
  options.batch.concurrency = static_cast<int>(ahead);
  options.order = batch::Order::kAsRequested;
  options.byte_budget = kStreamBytes;
  auto source = [this, components = std::move(components),
                 next = std::size_t{0}]() mutable -> std::optional<batch::Request<std::string>> {
    if (next == components.size()) return std::nullopt;
    return request_for(components[next++]);
  };
  return contents_.stream(std::move(source), std::move(options));
}

std::vector<batch::MetricsSnapshot> Client::metrics() const {
  return {entities_.metrics(), graph_.metrics(), contents_.metrics()};
}

async::awaitable<void> Client::flush() {
  co_await entities_.flush();
  co_await graph_.flush();
  co_await contents_.flush();
}

}  // namespace gantry::arke
