#include "gantry/service/remote.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"

namespace gantry::service {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr int kTries = 6;
constexpr std::uint64_t kLargestAnswer = 64ULL << 20;
// Of a download: what is lost when a connection breaks.
constexpr std::uint64_t kPieceBytes = 8ULL << 20;

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    default:
      return status >= 500 ? ErrorCode::kServer : ErrorCode::kUsage;
  }
}

Error refusal(const net::HttpResponse& response) {
  std::string detail = fmt::format("the server answers {}", response.status);
  json::error_code fault;
  json::value body = json::parse(response.body.head(1 << 20), fault);
  if (!fault && body.is_object()) {
    const json::value* text = body.get_object().if_contains("detail");
    if (text != nullptr && text->is_string()) detail = std::string(text->get_string());
  }
  return Error(code_of(response.status), detail).with_status(response.status);
}

// The bytes of the whole, of "bytes 0-99/1234".
std::uint64_t total_of(std::string_view content_range) {
  std::string_view text = content_range.substr(content_range.rfind('/') + 1);
  std::uint64_t total = 0;
  auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), total);
  if (fault != std::errc() || stop != text.data() + text.size()) {
    throw Error(ErrorCode::kBadResponse, "the server does not say how large the archive is");
  }
  return total;
}

// A download that is under way: its bytes, and the tag of what they are of.
class PartFile {
 public:
  explicit PartFile(const fs::path& file) : part_(file.string() + ".part"), tag_(part_ + ".etag") {
    std::error_code fault;
    std::uint64_t size = fs::file_size(part_, fault);
    if (!fault && fs::exists(tag_)) {
      size_ = size;
      etag_ = read_file(tag_, 1024);
    }
  }
  std::uint64_t size() const { return size_; }
  const std::string& etag() const { return etag_; }

  // Forgets what is there.
  void begin(const std::string& etag) {
    fs::remove(part_);
    write_file_atomically(tag_, etag);
    size_ = 0;
    etag_ = etag;
  }
  void append(const Blob& bytes) {
    int descriptor = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor < 0) throw system_error("cannot write " + part_, errno);
    try {
      bytes.copy_to(descriptor, part_);
    } catch (...) {
      ::close(descriptor);
      throw;
    }
    ::close(descriptor);
    size_ += bytes.size();
  }
  void finish(const fs::path& file) {
    fs::rename(part_, file);
    fs::remove(tag_);
  }

 private:
  std::string part_;
  std::string tag_;
  std::uint64_t size_ = 0;
  std::string etag_;
};

}  // namespace

Remote::Remote(async::Clock& clock, net::Transport& transport, std::string url, Secret key)
    : clock_(clock), transport_(transport), url_(std::move(url)), key_(std::move(key)) {
  while (url_.ends_with('/')) url_.pop_back();
}

net::HttpRequest Remote::request(std::string method, const std::string& path) const {
  net::HttpRequest request;
  request.method = std::move(method);
  request.url = url_ + path;
  request.limits.body_bytes = kLargestAnswer;
  if (!key_.empty()) {
    request.credential =
        net::Credential{"Authorization", Secret("Bearer " + key_.reveal()), net::origin_of(url_)};
  }
  return request;
}

async::awaitable<net::HttpResponse> Remote::send(net::HttpRequest request) {
  for (int attempt = 1;; ++attempt) {
    std::optional<Error> failure;
    try {
      net::HttpResponse response = co_await transport_.send(request);
      if (response.status < 500) co_return response;
      failure = refusal(response);
    } catch (const Error& error) {
      if (error.retry() != Retry::kSameRequest) throw;
      failure = error;
    }
    if (attempt == kTries) throw failure->in(net::shown_url(url_));
    co_await clock_.sleep(200ms * (1 << attempt));
  }
}

async::awaitable<json::value> Remote::call(std::string method, std::string path, std::string body,
                                           std::string idempotency_key) {
  net::HttpRequest its = request(std::move(method), path);
  its.body = std::move(body);
  its.headers = {{"Content-Type", "application/json"}};
  if (!idempotency_key.empty()) its.headers.emplace_back("Idempotency-Key", idempotency_key);
  net::HttpResponse response = co_await send(std::move(its));
  if (response.status >= 300) throw refusal(response);
  if (response.body.size() == 0) co_return nullptr;
  co_return json::parse(response.body.read(kLargestAnswer));
}

async::awaitable<Remote::Status> Remote::wait_for_change(std::string batch,
                                                         std::string known_etag) {
  net::HttpRequest its =
      request("GET", fmt::format("/status/batch/{}?wait=20&limit=100&order=failures", batch));
  if (!known_etag.empty()) its.headers = {{"If-None-Match", known_etag}};
  net::HttpResponse response = co_await send(std::move(its));
  if (response.status == 304) co_return Status{known_etag, nullptr};
  if (response.status >= 300) throw refusal(response);
  co_return Status{std::string(net::find_header(response.headers, "ETag")),
                   json::parse(response.body.read(kLargestAnswer))};
}

async::awaitable<std::uint64_t> Remote::download(
    std::string batch, bool partial, fs::path file,
    std::function<void(std::uint64_t, std::uint64_t)> progress) {
  PartFile part(file);
  std::string path = fmt::format("/download/batch/{}{}", batch, partial ? "?partial=true" : "");
  while (true) {
    net::HttpRequest its = request("GET", path);
    its.headers.emplace_back(
        "Range", fmt::format("bytes={}-{}", part.size(), part.size() + kPieceBytes - 1));
    if (part.size() > 0) its.headers.emplace_back("If-Range", part.etag());
    its.limits.body_bytes = UINT64_MAX;
    net::HttpResponse response = co_await send(std::move(its));
    std::string etag(net::find_header(response.headers, "ETag"));
    // 416: there is more here than the archive has; it is another one, under the same name.
    bool is_another = response.status == 416 || (part.size() > 0 && etag != part.etag());
    if (response.status >= 300 && response.status != 416) throw refusal(response);
    if (is_another) {
      part.begin("");
      if (response.status != 200) continue;
    }
    if (part.size() == 0) part.begin(etag);
    part.append(response.body);
    std::uint64_t total = response.status == 200
                              ? part.size()
                              : total_of(net::find_header(response.headers, "Content-Range"));
    progress(part.size(), total);
    if (part.size() < total) continue;
    part.finish(file);
    co_return total;
  }
}

}  // namespace gantry::service
