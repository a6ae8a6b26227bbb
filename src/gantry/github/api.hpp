// Calls of GitHub's API and of its host of raw files. Io thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gantry/batch/request.hpp"
#include "gantry/github/client.hpp"
#include "gantry/github/registry.hpp"
#include "gantry/github/tree.hpp"
#include "gantry/net/client.hpp"

namespace gantry::github {

// How long an answer asks to wait because of a limit, after so many pauses in a row; nothing if it
// speaks of none. Retry-After counts first (a secondary limit), then the reset time of a quota that
// is used up (the primary one); a refusal without either waits for a minute, then two, four and so
// on, an hour at most.
std::optional<std::chrono::milliseconds> asked_pause(const net::HttpResponse& response,
                                                     async::WallTime now, int pauses);

// The name that git gives to a blob of these bytes.
std::string blob_sha(std::string_view bytes);

class Api {
 public:
  // `options` outlives it.
  Api(net::Client& http, net::Admission& admission, const ClientOptions& options)
      : http_(http), admission_(admission), options_(options) {}

  struct TreeResponse {
    bool is_unmodified = false;
    std::string etag;
    TreeAnswer tree;
  };
  // `name`: a branch, or the sha of a tree. kNotFound for a repository or branch that is none.
  async::awaitable<TreeResponse> tree(Repository repository, std::string name, bool is_recursive,
                                      std::string etag, batch::CallContext context);

  // One call of GraphQL for up to 100 files; nothing where GitHub gives no text, or not all of it.
  async::awaitable<std::vector<std::optional<std::string>>> texts(std::string owner,
                                                                  std::string repository,
                                                                  std::vector<std::string> shas,
                                                                  batch::CallContext context);
  // Whether there is a token for it, and no limit in the way.
  bool can_ask_for_texts() const;

  // What the branch has there at this moment, from the raw host.
  async::awaitable<std::string> raw_file(Repository repository, std::string path,
                                         batch::CallContext context);
  async::awaitable<std::string> blob(Repository repository, std::string sha,
                                     batch::CallContext context);

 private:
  net::HttpRequest api_request(std::string url, const batch::CallContext& context) const;
  net::CallOptions call_options(const std::string& url, bool is_raw,
                                const batch::CallContext& context) const;
  async::awaitable<std::string> text(net::HttpRequest request, net::CallOptions options,
                                     std::string what);
  Error refusal(const net::HttpResponse& response, const std::string& what) const;

  net::Client& http_;
  net::Admission& admission_;
  const ClientOptions& options_;
};

// The largest file that is read.
inline constexpr std::uint64_t kLargestFile = 8ULL << 20;
// Of the answers of one kind.
inline constexpr std::uint64_t kMemory = 32ULL << 20;
// How long an answer past its lifetime is there for when GitHub is not.
inline constexpr auto kKept = std::chrono::hours(24 * 30);

}  // namespace gantry::github
