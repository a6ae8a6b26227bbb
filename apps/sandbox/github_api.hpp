// The simulated GitHub over HTTP: its API with its limits, and its host of raw files, all on the
// sandbox's port.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/httpd/message.hpp"

#include "apps/sandbox/github_tree.hpp"

namespace gantry::sandbox {

enum class GitHubEndpoint { kTree, kBlob, kContents, kRateLimit, kGraphQl, kRaw };

std::string_view name_of(GitHubEndpoint endpoint);

class GitHub {
 public:
  explicit GitHub(const GitHubOptions& options);

  // Nothing for a request that is none of GitHub's.
  std::optional<GitHubEndpoint> find(const httpd::Request& request) const;
  // Any thread. `now` is Unix time.
  httpd::Response answer(GitHubEndpoint endpoint, const httpd::Request& request, std::int64_t now);
  // Forgets the calls and starts the hour anew.
  void reset();

 private:
  struct Quota {
    int limit = 0;
    int used = 0;
  };

  httpd::Response call(GitHubEndpoint endpoint, const httpd::Request& request) const;
  httpd::Response tree(const httpd::Request& request) const;
  httpd::Response blob(const httpd::Request& request) const;
  httpd::Response contents(const httpd::Request& request) const;
  httpd::Response graphql(const httpd::Request& request) const;
  httpd::Response raw(const httpd::Request& request);
  const GitRepository* repository(std::string_view name) const;
  std::optional<httpd::Response> refuse(bool has_token, std::int64_t now);
  void add_quota(const Quota& quota, httpd::Response& response) const;

  const GitHubOptions options_;
  const std::map<std::string, GitRepository> repositories_;
  // By the sha of a folder or file: repository and path.
  std::map<std::string, std::pair<const GitRepository*, std::string>, std::less<>> by_sha_;
  std::mutex mutex_;
  Quota with_token_;
  Quota without_token_;
  std::int64_t resets_at_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t raw_calls_ = 0;
};

}  // namespace gantry::sandbox
