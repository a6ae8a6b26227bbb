#include "apps/sandbox/arke_api.hpp"

#include <utility>

namespace gantry::sandbox {
namespace {

constexpr std::string_view kGraphPath = "/pi/entities-with-relationships";

httpd::Headers arke_headers() { return {{"Content-Type", "application/json"}}; }

}  // namespace

std::string_view name_of(ArkeEndpoint endpoint) {
  switch (endpoint) {
    case ArkeEndpoint::kEntity:
      return "GET /entities/:pi";
    case ArkeEndpoint::kContent:
      return "GET /ipfs/:cid";
    case ArkeEndpoint::kGraph:
      return "POST /pi/entities-with-relationships";
  }
  return "";
}

std::optional<ArkeCall> find_arke_call(const httpd::Request& request) {
  constexpr std::pair<std::string_view, ArkeEndpoint> kPaths[] = {
      {"/entities/", ArkeEndpoint::kEntity},
      {"/ipfs/", ArkeEndpoint::kContent},
      {"/cat/", ArkeEndpoint::kContent}};
  if (request.method == "POST" && request.path == kGraphPath) {
    return ArkeCall{ArkeEndpoint::kGraph, request.body};
  }
  if (request.method != "GET") return std::nullopt;
  for (const auto& [path, endpoint] : kPaths) {
    if (!request.path.starts_with(path)) continue;
    std::string subject = request.path.substr(path.size());
    if (subject.empty() || subject.find('/') != std::string::npos) return std::nullopt;
    return ArkeCall{endpoint, std::move(subject)};
  }
  return std::nullopt;
}

httpd::Response answer_arke(ArkeTree& tree, const ArkeCall& call) {
  ArkeAnswer answer;
  if (call.endpoint == ArkeEndpoint::kEntity) answer = tree.entity(call.subject);
  if (call.endpoint == ArkeEndpoint::kContent) answer = tree.content(call.subject);
  if (call.endpoint == ArkeEndpoint::kGraph) answer = tree.graph(call.subject);
  httpd::Headers headers = arke_headers();
  if (call.is_content()) headers = {{"Content-Type", "application/octet-stream"}};
  return {answer.status, std::move(headers), std::move(answer.body)};
}

httpd::Response arke_too_many_calls(int retry_after) {
  httpd::Headers headers = arke_headers();
  headers.emplace_back("Retry-After", std::to_string(retry_after));
  return {429, std::move(headers), std::string(R"({"error":"RATE_LIMITED","message":"Too many"})")};
}

}  // namespace gantry::sandbox
