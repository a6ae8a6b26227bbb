#include "gantry/figma/api.hpp"

#include <utility>

#include <fmt/format.h>

#include "gantry/figma/errors.hpp"

namespace gantry::figma {
namespace {

// The largest answer of the API that is read; a list of 100,000 components is about 100 MB.
constexpr std::uint64_t kLargestAnswer = 512ULL << 20;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// A server's page with status 200 is not an answer of the API.
void check_json(const net::HttpResponse& response) {
  std::string head = response.body.head(64);
  std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || head[first] != '{') {
    throw Error(ErrorCode::kBadResponse, "the answer is not JSON").with(Retry::kSameRequest);
  }
}

}  // namespace

std::string encoded(std::string_view text, std::string_view kept) {
  std::string result;
  for (char c : text) {
    if (is_plain(c) || kept.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) {
    if (!list.empty()) list += ',';
    list += encoded(id, ":");
  }
  return list;
}

std::string file_path(const std::string& file_key, std::string_view endpoint) {
  return fmt::format("/v1/files/{}{}", encoded(file_key), endpoint);
}

Api::Api(net::Client& http, ApiOptions options)
    : http_(http), options_(std::move(options)), credential_(options_.token.fingerprint()) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

net::TicketRequest Api::ticket(Tier tier) const {
  net::TicketRequest ticket;
  ticket.budget = options_.budgets.of(tier);
  ticket.host = net::host_of(options_.base_url);
  ticket.pool = options_.pool;
  return ticket;
}

async::awaitable<net::HttpResponse> Api::send(Call call) {
  const batch::JobContext& job = call.context.job;
  net::HttpRequest request;
  request.url = options_.base_url + call.path;
  request.headers.emplace_back("Accept", "application/json");
  if (!options_.token.empty()) {
    request.credential =
        net::Credential{"X-Figma-Token", options_.token, net::origin_of(options_.base_url)};
  }
  request.limits.connect = job.timeout;
  request.limits.total = job.timeout;
  request.limits.body_bytes = kLargestAnswer;
  request.limits.memory_bytes = kLargestAnswer;
  net::CallOptions options;
  options.ticket = ticket(call.tier);
  options.ticket.lane = job.lane;
  options.ticket.priority = job.priority;
  options.ticket.claims = call.context.claims;
  options.grant = call.context.grant;
  options.retry = options_.retry;
  options.describe_limit = describe_limit;
  options.check = check_json;
  return http_.send(std::move(request), std::move(options));
}

Error Api::refuse(const net::HttpResponse& response, const std::string& file_key,
                  std::string_view needs) {
  Error error = refusal(response, file_key, needs);
  if (error.scope() == Scope::kRun) http_.refuse_further(options_.base_url, error);
  return error;
}

async::awaitable<Blob> Api::get(Call call) {
  std::string file_key = call.file_key;
  std::string_view needs = call.needs;
  net::HttpResponse response = co_await send(std::move(call));
  if (response.status < 200 || response.status >= 300) throw refuse(response, file_key, needs);
  co_return response.body;
}

}  // namespace gantry::figma
