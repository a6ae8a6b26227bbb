#include "gantry/github/api.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace gantry::github {
namespace {

namespace json = boost::json;

constexpr const char* kApiVersion = "2022-11-28";
constexpr auto kLongestPause = std::chrono::hours(24);
constexpr std::size_t kHead = 64UL * 1024;
// An answer of GraphQL holds up to 100 files.
constexpr std::uint64_t kLargestAnswer = 64ULL << 20;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::optional<std::int64_t> number_in(const net::HttpResponse& response, std::string_view header) {
  std::string_view text = net::find_header(response.headers, header);
  std::int64_t number = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  bool is_number = !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

// "message" of an answer in one line of bounded length; empty if it is not the API speaking.
std::string message_of(const net::HttpResponse& response) {
  json::error_code failure;
  json::value body = json::parse(response.body.head(kHead), failure);
  if (failure || !body.is_object()) return {};
  const json::value* message = body.get_object().if_contains("message");
  if (message == nullptr || !message->is_string()) return {};
  std::string text(std::string_view(message->get_string()).substr(0, 300));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  return ": " + text;
}

// GraphQL tells of a limit with status 200.
bool speaks_of_limit(const net::HttpResponse& response) {
  if (response.status == 429) return true;
  if (response.status == 200) {
    return number_in(response, "x-ratelimit-remaining") == 0 &&
           response.body.head(kHead).find("\"RATE_LIMITED\"") != std::string::npos;
  }
  if (response.status != 403) return false;
  return !net::find_header(response.headers, "Retry-After").empty() ||
         number_in(response, "x-ratelimit-remaining") == 0 ||
         lower(response.body.head(kHead)).find("rate limit") != std::string::npos;
}

std::string describe_limit(const net::HttpResponse& response) {
  if (!net::find_header(response.headers, "Retry-After").empty()) return "a secondary limit";
  auto limit = number_in(response, "x-ratelimit-limit");
  if (limit && number_in(response, "x-ratelimit-remaining") == 0) {
    return fmt::format("all {} calls of this hour are used up{}", *limit,
                       *limit <= 60 ? "; a token in GITHUB_TOKEN allows 5000" : "");
  }
  return "a limit without a time";
}

std::string encoded(std::string_view text, std::string_view kept) {
  std::string result;
  for (char c : text) {
    bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    std::string_view("-_.~").find(c) != std::string_view::npos ||
                    kept.find(c) != std::string_view::npos;
    if (is_plain) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

void check_json(const net::HttpResponse& response) {
  std::string head = response.body.head(64);
  std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || head[first] != '{') {
    throw Error(ErrorCode::kBadResponse, "the answer is not JSON").with(Retry::kSameRequest);
  }
}

std::string texts_query(const std::string& owner, const std::string& repository,
                        const std::vector<std::string>& shas) {
  std::string fields;
  for (std::size_t i = 0; i < shas.size(); ++i) {
    fields += fmt::format("f{}:object(oid:\"{}\"){{...on Blob{{text isTruncated}}}}", i, shas[i]);
  }
  std::string query = fmt::format(
      "query($owner:String!,$name:String!){{repository(owner:$owner,name:$name){{{}}}}}", fields);
  json::object variables{{"owner", owner}, {"name", repository}};
  return json::serialize(json::object{{"query", query}, {"variables", std::move(variables)}});
}

std::vector<std::optional<std::string>> parse_texts(std::string_view body,
                                                    const std::vector<std::string>& shas) {
  json::error_code failure;
  json::value document = json::parse(body, failure);
  const json::value* found = nullptr;
  if (!failure && document.is_object()) found = document.get_object().if_contains("data");
  if (found != nullptr && found->is_object()) {
    found = found->get_object().if_contains("repository");
  }
  if (found == nullptr || !found->is_object()) {
    throw Error(ErrorCode::kBadResponse, "GitHub's GraphQL answers without the repository");
  }
  std::vector<std::optional<std::string>> texts(shas.size());
  for (std::size_t i = 0; i < shas.size(); ++i) {
    const json::value* file = found->get_object().if_contains(fmt::format("f{}", i));
    if (file == nullptr || !file->is_object()) continue;
    const json::value* text = file->get_object().if_contains("text");
    if (text == nullptr || !text->is_string()) continue;
    std::string bytes(text->get_string());
    if (blob_sha(bytes) == shas[i]) texts[i] = std::move(bytes);
  }
  return texts;
}

}  // namespace

std::optional<std::chrono::milliseconds> asked_pause(const net::HttpResponse& response,
                                                     async::WallTime now, int pauses) {
  using std::chrono::milliseconds;
  if (!speaks_of_limit(response)) return std::nullopt;
  std::string_view said = net::find_header(response.headers, "Retry-After");
  if (auto pause = net::parse_retry_after(said, now)) return pause;
  auto reset = number_in(response, "x-ratelimit-reset");
  if (reset && number_in(response, "x-ratelimit-remaining") == 0) {
    auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    // Its clock may be a second ahead.
    std::int64_t wait = std::clamp<std::int64_t>(*reset, seconds, seconds + 86'400) - seconds + 1;
    return std::min<milliseconds>(std::chrono::seconds(wait), kLongestPause);
  }
  return std::chrono::minutes(std::min(60, 1 << std::clamp(pauses, 0, 6)));
}

std::string blob_sha(std::string_view bytes) {
  std::string head = fmt::format("blob {}", bytes.size());
  head += '\0';
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha1(), nullptr);
  EVP_DigestUpdate(context, head.data(), head.size());
  EVP_DigestUpdate(context, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context, digest, &size);
  EVP_MD_CTX_free(context);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

net::HttpRequest Api::api_request(std::string url, const batch::CallContext& context) const {
  net::HttpRequest request;
  request.url = std::move(url);
  request.headers.emplace_back("Accept", "application/vnd.github+json");
  request.headers.emplace_back("X-GitHub-Api-Version", kApiVersion);
  if (!options_.token.empty()) {
    request.credential =
        net::Credential{"Authorization", Secret("Bearer " + options_.token.reveal()),
                        net::origin_of(options_.api_url)};
  }
  request.limits.connect = context.job.timeout;
  request.limits.total = context.job.timeout;
  request.limits.body_bytes = kLargestAnswer;
  request.limits.memory_bytes = kLargestAnswer;
  return request;
}

net::CallOptions Api::call_options(const std::string& url, bool is_raw,
                                   const batch::CallContext& context) const {
  net::CallOptions options;
  options.ticket.budget = is_raw ? options_.raw_budget : options_.api_budget;
  options.ticket.pool = is_raw ? options_.raw_pool : options_.api_pool;
  options.ticket.host = net::host_of(url);
  options.ticket.lane = context.job.lane;
  options.ticket.priority = context.job.priority;
  options.ticket.claims = context.claims;
  options.retry = options_.retry;
  options.asked_pause = asked_pause;
  options.describe_limit = describe_limit;
  return options;
}

Error Api::refusal(const net::HttpResponse& response, const std::string& what) const {
  int status = response.status;
  std::string said = message_of(response);
  Error error(ErrorCode::kBadResponse, fmt::format("{}: GitHub answers {}{}", what, status, said));
  if (status == 404) {
    error = Error(ErrorCode::kNotFound,
                  fmt::format("{}: GitHub has no such thing, or this token may not see it ({}{})",
                              what, status, said));
  } else if (status == 401) {
    error = Error(ErrorCode::kUnauthorized,
                  fmt::format("GitHub refuses the token ({}{}): check GITHUB_TOKEN", status, said))
                .with(Scope::kRun);
  } else if (status == 403) {
    error = Error(ErrorCode::kForbidden, error.message());
  } else if (status == 429) {
    error = Error(ErrorCode::kRateLimited, error.message());
  } else if (status >= 500) {
    error = Error(ErrorCode::kServer, error.message() + "; try again later");
  }
  return error.with_status(status);
}

async::awaitable<Api::TreeResponse> Api::tree(Repository repository, std::string name,
                                              bool is_recursive, std::string etag,
                                              batch::CallContext context) {
  std::string url =
      fmt::format("{}/repos/{}/{}/git/trees/{}{}", options_.api_url, repository.owner,
                  repository.name, encoded(name, ""), is_recursive ? "?recursive=1" : "");
  net::HttpRequest request = api_request(url, context);
  if (!etag.empty()) request.headers.emplace_back("If-None-Match", etag);
  request.limits.body_bytes = kLargestTree;
  net::CallOptions options = call_options(url, false, context);
  options.check = check_json;
  TreeResponse result;
  net::HttpResponse response = co_await http_.send(std::move(request), std::move(options));
  if (response.status == 304 && !etag.empty()) {
    result.is_unmodified = true;
    result.etag = std::move(etag);
    co_return result;
  }
  if (response.status != 200) throw refusal(response, "the tree of " + repository.text());
  result.etag = std::string(net::find_header(response.headers, "ETag"));
  result.tree = parse_tree(response.body.view());
  co_return result;
}

bool Api::can_ask_for_texts() const {
  return !options_.token.empty() &&
         admission_.pause_left(net::host_of(options_.api_url)) <= async::Duration(0);
}

async::awaitable<std::string> Api::text(net::HttpRequest request, net::CallOptions options,
                                        std::string what) {
  net::HttpResponse response = co_await http_.send(std::move(request), std::move(options));
  if (response.status < 200 || response.status >= 300) throw refusal(response, what);
  co_return std::string(response.body.view());
}

async::awaitable<std::vector<std::optional<std::string>>> Api::texts(std::string owner,
                                                                     std::string repository,
                                                                     std::vector<std::string> shas,
                                                                     batch::CallContext context) {
  std::string url = options_.api_url + "/graphql";
  net::HttpRequest request = api_request(url, context);
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = texts_query(owner, repository, shas);
  net::CallOptions options = call_options(url, false, context);
  options.check = check_json;
  std::string what = fmt::format("files of {}/{}", owner, repository);
  std::string body = co_await text(std::move(request), std::move(options), std::move(what));
  co_return parse_texts(body, shas);
}

async::awaitable<std::string> Api::raw_file(Repository repository, std::string path,
                                            batch::CallContext context) {
  std::string url =
      fmt::format("{}/{}/{}/{}/{}", options_.raw_url, repository.owner, repository.name,
                  encoded(repository.branch, "/"), encoded(path, "/"));
  net::HttpRequest request;
  request.url = url;
  request.limits.connect = context.job.timeout;
  request.limits.total = context.job.timeout;
  request.limits.body_bytes = kLargestFile;
  request.limits.memory_bytes = kLargestFile;
  std::string what = fmt::format("{} of {}", path, repository.text());
  return text(std::move(request), call_options(url, true, context), std::move(what));
}

async::awaitable<std::string> Api::blob(Repository repository, std::string sha,
                                        batch::CallContext context) {
  std::string url = fmt::format("{}/repos/{}/{}/git/blobs/{}", options_.api_url, repository.owner,
                                repository.name, sha);
  net::HttpRequest request = api_request(url, context);
  request.headers.front().second = "application/vnd.github.raw+json";
  request.limits.body_bytes = kLargestFile;
  std::string what = fmt::format("the file {} of {}", sha, repository.text());
  return text(std::move(request), call_options(url, false, context), std::move(what));
}

}  // namespace gantry::github
