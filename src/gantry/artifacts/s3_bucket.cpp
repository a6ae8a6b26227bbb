#include "gantry/artifacts/s3_bucket.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gantry/artifacts/artifact_store.hpp"

namespace gantry::artifacts {
namespace {

constexpr int kMostCalls = 32;
constexpr std::size_t kLongestPrefix = 124;
// Of what is not an object: lists, errors.
constexpr std::uint64_t kMostAnswer = 4ULL << 20;
// The signature holds for a quarter of an hour on either side.
constexpr std::chrono::minutes kWrongClock{5};

void check_bucket(const std::string& bucket) {
  bool is_plain = std::all_of(bucket.begin(), bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (is_plain && bucket.size() >= 3 && bucket.size() <= 63) return;
  throw Error(ErrorCode::kUsage, "'" + bucket +
                                     "' is not the name of a bucket: 3 to 63 lower-case letters, "
                                     "digits, dots and hyphens");
}

void check_location(const S3Access& access, const S3Location& location) {
  std::string origin = net::origin_of(access.endpoint);
  if (access.endpoint != origin && access.endpoint != origin + "/") {
    throw Error(ErrorCode::kUsage,
                "the endpoint of an object storage is an address without a "
                "path: " +
                    origin);
  }
  check_bucket(location.bucket);
  if (location.prefix.size() > kLongestPrefix) {
    throw Error(ErrorCode::kUsage,
                fmt::format("the prefix of the artifacts has more than {} bytes", kLongestPrefix));
  }
  check_key(location.prefix + "x");
}

}  // namespace

pugi::xml_document parse_xml(const Blob& body) {
  pugi::xml_document document;
  std::string text = body.read(kMostAnswer);
  document.load_buffer(text.data(), text.size());
  return document;
}

std::string error_code(const net::HttpResponse& response) {
  pugi::xml_document document = parse_xml(response.body);
  std::string code = document.child("Error").child_value("Code");
  bool is_word = code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
                   return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
                 });
  return is_word ? code : "";
}

S3Bucket::S3Bucket(net::Admission& admission, net::Client& client, async::Clock& clock,
                   S3Access access, S3Location location)
    : client_(client), clock_(clock), access_(std::move(access)), location_(std::move(location)) {
  check_location(access_, location_);
  ticket_.host = net::host_of(access_.endpoint + "/");
  ticket_.pool = admission.unique_name("artifacts");
  admission.queue().set_pool(ticket_.pool, kMostCalls, net::LaneOrder::kInTurn);
}

S3Request S3Bucket::request_for(std::string method, const std::string& key) const {
  check_key(key);
  S3Request request;
  request.method = std::move(method);
  request.path = "/" + location_.bucket + "/" + location_.prefix + key;
  return request;
}

S3Request S3Bucket::request_for_list() const {
  S3Request request;
  request.path = "/" + location_.bucket;
  return request;
}

bool S3Bucket::learn_time(const net::HttpResponse& response) {
  auto date = net::parse_http_date(net::find_header(response.headers, "Date"));
  if (!date) return false;
  auto ahead = std::chrono::duration_cast<std::chrono::seconds>(*date - clock_.wall_now());
  if (std::chrono::abs(ahead - ahead_) < kWrongClock) return false;
  ahead_ = ahead;
  return true;
}

async::awaitable<net::HttpResponse> S3Bucket::send(S3Request request, net::CallOptions options) {
  options.ticket = ticket_;
  // An empty body is said to be one, which some servers insist on.
  if (request.method != "GET" && request.method != "HEAD" && request.body.empty()) {
    request.headers.emplace_back("Content-Length", "0");
  }
  net::HttpResponse response;
  for (bool is_first = true;; is_first = false) {
    net::HttpRequest attempt = signed_request(request, access_, clock_.wall_now() + ahead_);
    attempt.limits.body_bytes = kMostAnswer;
    attempt.limits.memory_bytes = kMostAnswer;
    response = co_await client_.send(std::move(attempt), options);
    if (response.status != 403 || !is_first || !learn_time(response)) break;
  }
  co_return response;
}

async::awaitable<net::HttpResponse> S3Bucket::send(S3Request request) {
  net::CallOptions options;
  co_return co_await send(std::move(request), std::move(options));
}

Error S3Bucket::refusal(const net::HttpResponse& response, std::string_view what) const {
  std::string code = error_code(response);
  std::string text = fmt::format("{}: the object storage at {} answers {}{}{}", what, ticket_.host,
                                 response.status, code.empty() ? "" : " ", code);
  auto error = [&](ErrorCode kind, const std::string& advice) {
    return Error(kind, text + advice).with_status(response.status);
  };
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch" || response.status == 401) {
    return error(ErrorCode::kUnauthorized, ": check the access key, its secret and the region");
  }
  if (code == "RequestTimeTooSkewed") {
    return error(ErrorCode::kUnauthorized, ": set the clock of this machine");
  }
  if (response.status == 403) {
    return error(ErrorCode::kForbidden,
                 ": let the access key read, write, list and delete in the bucket '" +
                     location_.bucket + "'");
  }
  if (code == "NoSuchBucket") {
    return error(ErrorCode::kNotFound, ": create the bucket '" + location_.bucket + "'");
  }
  if (response.status >= 500) return error(ErrorCode::kServer, "").with(Retry::kSameRequest);
  return error(ErrorCode::kBadResponse, "");
}

}  // namespace gantry::artifacts
