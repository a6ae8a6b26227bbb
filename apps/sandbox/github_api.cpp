#include "apps/sandbox/github_api.hpp"

#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr int kQuotaWithoutToken = 60;
constexpr std::size_t kMostContents = 1000;

httpd::Response json_answer(int status, std::string body) {
  return {status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
}

httpd::Response message(int status, std::string_view text) {
  return json_answer(status, json::serialize(json::object{{"message", text}}));
}

httpd::Response text_answer(std::string body) {
  return {200, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

// "/repos/OWNER/NAME/rest" in three parts; of a raw path without "/repos".
struct Target {
  std::string repository;
  std::string rest;
};
Target target_of(std::string_view path) {
  if (path.starts_with("/repos/")) path.remove_prefix(6);
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  const auto slash = path.find('/');
  const auto end = slash == std::string_view::npos ? slash : path.find('/', slash + 1);
  if (end == std::string_view::npos) return {std::string(path), ""};
  return {std::string(path.substr(0, end)), std::string(path.substr(end + 1))};
}

json::object entry_of(const GitRepository& repository, const std::string& path,
                      const std::string& shown, bool is_folder) {
  json::object entry{{"path", shown},
                     {"mode", is_folder ? "040000" : "100644"},
                     {"type", is_folder ? "tree" : "blob"},
                     {"sha", repository.sha_of(path)}};
  if (!is_folder) entry["size"] = repository.files.at(path).size();
  return entry;
}

}  // namespace

std::string_view name_of(GitHubEndpoint endpoint) {
  switch (endpoint) {
    case GitHubEndpoint::kTree:
      return "GET /repos/:owner/:repo/git/trees/:sha";
    case GitHubEndpoint::kBlob:
      return "GET /repos/:owner/:repo/git/blobs/:sha";
    case GitHubEndpoint::kContents:
      return "GET /repos/:owner/:repo/contents/:path";
    case GitHubEndpoint::kRateLimit:
      return "GET /rate_limit";
    case GitHubEndpoint::kGraphQl:
      return "POST /graphql";
    case GitHubEndpoint::kRaw:
      return "raw";
  }
  return "";
}

GitHub::GitHub(const GitHubOptions& options)
    : options_(options), repositories_(make_repositories(options)) {
  for (const auto& [name, repository] : repositories_) {
    std::set<std::string> folders = {""};
    for (const auto& [path, content] : repository.files) {
      by_sha_.try_emplace(git_sha("blob", content), &repository, path);
      for (auto slash = path.find('/'); slash != std::string::npos;
           slash = path.find('/', slash + 1)) {
        folders.insert(path.substr(0, slash));
      }
    }
    for (const auto& folder : folders) {
      by_sha_.try_emplace(repository.sha_of(folder), &repository, folder);
    }
  }
  reset();
}

void GitHub::reset() {
  const std::lock_guard lock(mutex_);
  with_token_ = {options_.quota, 0};
  without_token_ = {std::min(options_.quota, kQuotaWithoutToken), 0};
  resets_at_ = 0;
  calls_ = 0;
  raw_calls_ = 0;
}

std::optional<GitHubEndpoint> GitHub::find(const httpd::Request& request) const {
  if (request.method == "POST") {
    return request.path == "/graphql" ? std::optional(GitHubEndpoint::kGraphQl) : std::nullopt;
  }
  if (request.method != "GET") return std::nullopt;
  if (request.path == "/rate_limit") return GitHubEndpoint::kRateLimit;
  const auto target = target_of(request.path);
  if (request.path.starts_with("/repos/")) {
    if (target.rest.starts_with("git/trees/")) return GitHubEndpoint::kTree;
    if (target.rest.starts_with("git/blobs/")) return GitHubEndpoint::kBlob;
    if (target.rest.starts_with("contents")) return GitHubEndpoint::kContents;
    return std::nullopt;
  }
  if (repositories_.contains(target.repository)) return GitHubEndpoint::kRaw;
  return std::nullopt;
}

void GitHub::add_quota(const Quota& quota, httpd::Response& response) const {
  auto& headers = response.headers;
  headers.emplace_back("x-ratelimit-limit", std::to_string(quota.limit));
  headers.emplace_back("x-ratelimit-remaining",
                       std::to_string(std::max(0, quota.limit - quota.used)));
  headers.emplace_back("x-ratelimit-used", std::to_string(quota.used));
  headers.emplace_back("x-ratelimit-reset", std::to_string(resets_at_));
  headers.emplace_back("x-ratelimit-resource", "core");
}

// Counts the call. Called with the mutex held.
std::optional<httpd::Response> GitHub::refuse(bool has_token, std::int64_t now) {
  const auto scripted = options_.secondary_once.find(++calls_);
  if (scripted != options_.secondary_once.end()) {
    auto response = message(403, "You have exceeded a secondary rate limit");
    response.headers.emplace_back("Retry-After", std::to_string(scripted->second));
    return response;
  }
  if (now >= resets_at_) {
    resets_at_ = now + options_.reset;
    with_token_.used = 0;
    without_token_.used = 0;
  }
  Quota& quota = has_token ? with_token_ : without_token_;
  if (quota.used < quota.limit) {
    ++quota.used;
    return std::nullopt;
  }
  auto response = message(403, "API rate limit exceeded");
  add_quota(quota, response);
  return response;
}

httpd::Response GitHub::answer(GitHubEndpoint endpoint, const httpd::Request& request,
                               std::int64_t now) {
  if (endpoint == GitHubEndpoint::kRaw) return raw(request);
  const auto credential = request.header("Authorization").value_or("");
  if (credential == "Bearer ghp_invalid") return message(401, "Bad credentials");
  const bool has_token = credential.starts_with("Bearer ");
  const std::lock_guard lock(mutex_);
  if (endpoint != GitHubEndpoint::kRateLimit) {
    if (auto refusal = refuse(has_token, now)) return std::move(*refusal);
  }
  if (endpoint == GitHubEndpoint::kGraphQl && !has_token) {
    return message(401, "This endpoint requires you to be authenticated.");
  }
  auto response = call(endpoint, request);
  Quota& quota = has_token ? with_token_ : without_token_;
  // "Not modified" is free, but only to who has a token.
  if (response.status == 304 && has_token) --quota.used;
  add_quota(quota, response);
  return response;
}

httpd::Response GitHub::call(GitHubEndpoint endpoint, const httpd::Request& request) const {
  switch (endpoint) {
    case GitHubEndpoint::kTree:
      return tree(request);
    case GitHubEndpoint::kBlob:
      return blob(request);
    case GitHubEndpoint::kContents:
      return contents(request);
    case GitHubEndpoint::kGraphQl:
      return graphql(request);
    case GitHubEndpoint::kRateLimit:
    case GitHubEndpoint::kRaw:
      break;
  }
  return json_answer(200, R"({"resources":{}})");
}

const GitRepository* GitHub::repository(std::string_view name) const {
  const auto found = repositories_.find(std::string(name));
  return found == repositories_.end() ? nullptr : &found->second;
}

httpd::Response GitHub::tree(const httpd::Request& request) const {
  const auto target = target_of(request.path);
  const auto* found = repository(target.repository);
  if (found == nullptr) return message(404, "Not Found");
  const auto name = target.rest.substr(std::string_view("git/trees/").size());
  if (target.repository == "sandbox/hostile") {
    if (auto forged = hostile_tree(name); !forged.empty()) return json_answer(200, forged);
  }
  std::string folder;
  if (name != found->branch) {
    const auto known = by_sha_.find(name);
    if (known == by_sha_.end()) return message(404, "Not Found");
    found = known->second.first;
    folder = known->second.second;
  }
  const auto sha = found->sha_of(folder);
  const auto etag = fmt::format("W/\"{}\"", sha);
  if (request.header("If-None-Match") == etag) return {304, {{"ETag", etag}}, std::string()};
  const bool is_recursive = request.query_value("recursive").has_value();
  const std::string prefix = folder.empty() ? folder : folder + "/";
  json::array entries;
  std::set<std::string> folders;
  bool is_truncated = false;
  const auto limit = static_cast<std::size_t>(options_.tree_limit);
  for (auto at = found->files.lower_bound(prefix);
       at != found->files.end() && at->first.starts_with(prefix); ++at) {
    const auto rest = at->first.substr(prefix.size());
    auto slash = rest.find('/');
    const bool is_below = slash != std::string::npos;
    for (; slash != std::string::npos; slash = rest.find('/', slash + 1)) {
      const auto shown = rest.substr(0, slash);
      if (folders.insert(shown).second) {
        entries.push_back(entry_of(*found, prefix + shown, shown, true));
      }
      if (!is_recursive) break;
    }
    if (!is_below || is_recursive) entries.push_back(entry_of(*found, at->first, rest, false));
    is_truncated = is_recursive && entries.size() > limit;
    if (is_truncated) break;
  }
  auto response = json_answer(
      200, json::serialize(json::object{
               {"sha", sha}, {"truncated", is_truncated}, {"tree", std::move(entries)}}));
  response.headers.emplace_back("ETag", etag);
  return response;
}

httpd::Response GitHub::blob(const httpd::Request& request) const {
  const auto target = target_of(request.path);
  const auto known = by_sha_.find(target.rest.substr(std::string_view("git/blobs/").size()));
  if (known == by_sha_.end()) return message(404, "Not Found");
  const auto file = known->second.first->files.find(known->second.second);
  if (file == known->second.first->files.end()) return message(404, "Not Found");
  return text_answer(file->second);
}

// Of a folder: at most a thousand entries, without contents.
httpd::Response GitHub::contents(const httpd::Request& request) const {
  const auto target = target_of(request.path);
  const auto* found = repository(target.repository);
  if (found == nullptr) return message(404, "Not Found");
  auto folder = target.rest.substr(std::string_view("contents").size());
  while (folder.starts_with('/')) folder.erase(0, 1);
  const std::string prefix = folder.empty() ? folder : folder + "/";
  std::map<std::string, bool> names;  // whether it is a folder
  for (auto at = found->files.lower_bound(prefix);
       at != found->files.end() && at->first.starts_with(prefix); ++at) {
    const auto rest = at->first.substr(prefix.size());
    const auto slash = rest.find('/');
    names[rest.substr(0, slash)] = slash != std::string::npos;
  }
  if (names.empty()) return message(404, "Not Found");
  json::array list;
  for (const auto& [name, is_folder] : names) {
    if (list.size() == kMostContents) break;
    const auto path = prefix + name;
    list.push_back({{"name", name},
                    {"path", path},
                    {"type", is_folder ? "dir" : "file"},
                    {"sha", found->sha_of(path)}});
  }
  return json_answer(200, json::serialize(list));
}

// Understands what asks for blobs by their sha: NAME:object(oid:"SHA").
httpd::Response GitHub::graphql(const httpd::Request& request) const {
  json::error_code failure;
  const auto body = json::parse(request.body, failure);
  if (failure || !body.is_object()) return message(400, "Problems parsing JSON");
  const auto& variables = body.at("variables").as_object();
  const auto name = fmt::format("{}/{}", std::string(variables.at("owner").as_string()),
                                std::string(variables.at("name").as_string()));
  if (repository(name) == nullptr) {
    return json_answer(200, R"({"data":{"repository":null},"errors":[{"type":"NOT_FOUND"}]})");
  }
  const std::string query(body.at("query").as_string());
  json::object files;
  constexpr std::string_view kMark = ":object(oid:\"";
  for (auto at = query.find(kMark); at != std::string::npos; at = query.find(kMark, at + 1)) {
    const auto begin = query.find_last_of("{}", at) + 1;
    const auto sha = query.substr(at + kMark.size(), 40);
    const auto known = by_sha_.find(sha);
    json::value file;
    if (known != by_sha_.end()) {
      const auto content = known->second.first->files.find(known->second.second);
      if (content != known->second.first->files.end()) {
        file = {{"text", content->second}, {"isTruncated", false}};
      }
    }
    files[query.substr(begin, at - begin)] = std::move(file);
  }
  return json_answer(200,
                     json::serialize(json::object{{"data", {{"repository", std::move(files)}}}}));
}

httpd::Response GitHub::raw(const httpd::Request& request) {
  {
    const std::lock_guard lock(mutex_);
    const auto scripted = options_.raw_once.find(++raw_calls_);
    if (scripted != options_.raw_once.end()) {
      auto response = text_answer("429: Too Many Requests");
      response.status = 429;
      response.headers.emplace_back("Retry-After", std::to_string(scripted->second));
      return response;
    }
  }
  const auto target = target_of(request.path);
  const auto& found = repositories_.at(target.repository);
  const auto prefix = found.branch + "/";
  if (target.rest.starts_with(prefix)) {
    const auto file = found.files.find(target.rest.substr(prefix.size()));
    if (file != found.files.end()) return text_answer(file->second);
  }
  auto response = text_answer("404: Not Found");
  response.status = 404;
  return response;
}

}  // namespace gantry::sandbox
