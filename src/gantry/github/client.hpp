// Component registries on GitHub: many components at once, in few calls.
//
// One call brings the tree of a repository, and with it all that lists and directories need; the
// contents of up to a hundred files come with one more call (GraphQL, with a token) or from the raw
// host, which costs no call of the API. Files are known by their hash and checked against it, so
// what is kept of them never grows old; once a lifetime has ended the tree is asked for again with
// its ETag, and GitHub's "not modified" costs nothing with a token.
//
// Answers are texts: sources as they are, everything else JSON, kept under
//
//     component:{framework}:{name}            component-demo:{framework}:{name}
//     component-metadata:{framework}:{name}   block:{framework}:{name}:components-{bool}
//     list:components:{framework}             list:blocks:{framework}[:{category}]
//     directory:{owner}:{repo}:{branch}:{path}
//
// Errors of an item: kNotFound only where the repository has no such thing; kRateLimited with the
// time at which the limit ends; kServer, kNetwork, kTimeout; kBadResponse, kUnsafe, kTooLarge for
// what is no proper answer. Where upstream cannot be had, an old answer is given if there is one,
// and Provenance::stale says so. Io thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/base/secret.hpp"
#include "gantry/batch/batch_processor.hpp"
#include "gantry/github/registry.hpp"
#include "gantry/net/client.hpp"

namespace gantry::github {

inline constexpr const char* kPublicApi = "https://api.github.com";
inline constexpr const char* kPublicRaw = "https://raw.githubusercontent.com";

// How long answers are fresh. Zero: asked for anew by each process.
struct Lifetimes {
  std::chrono::seconds metadata = std::chrono::hours(1);
  std::chrono::seconds sources = std::chrono::hours(24);  // demos and blocks, too
  std::chrono::seconds lists = std::chrono::hours(6);     // directories, too
};

struct ClientOptions {
  std::string api_url = kPublicApi;
  std::string raw_url = kPublicRaw;
  Secret token;  // may be empty
  Lifetimes lifetimes;
  int concurrency = 10;  // of the items of one question, 1 to 20
  net::RetryPolicy retry;
  std::string api_budget = "GitHub";      // of the admission queue
  std::string raw_budget = "GitHub raw";  // likewise
  std::string api_pool = "github";
  std::string raw_pool = "downloads";
  // What answers are kept in, or null: in memory. It outlives the client.
  store::Store* store = nullptr;
  bool offline = false;  // what is kept is all there is, however old
};

using Answer = batch::Item<std::string>;
using Answers = std::vector<Answer>;

class Client {
 public:
  // All outlive it; it goes when the tasks of `services.scope` have ended. Throws kUsage.
  Client(const batch::Services& services, net::Client& http, ClientOptions options);
  ~Client();

  // One answer for each name, in their order; names that cannot be one are an error of the item.
  async::awaitable<Answers> sources(Registry registry, std::vector<std::string> names,
                                    batch::JobContext job);
  async::awaitable<Answers> demos(Registry registry, std::vector<std::string> names,
                                  batch::JobContext job);
  // {"name", "type", "dependencies", "registryDependencies", "files"}
  async::awaitable<Answers> metadata(Registry registry, std::vector<std::string> names,
                                     batch::JobContext job);
  // A block of one file:
  //   {"name", "type": "simple", "description", "code", "dependencies", "componentsUsed", "size",
  //    "lines", "usage"}
  // of a folder:
  //   {"name", "type": "complex", "description", "files": {FILE: {"path", "content", "size",
  //    "lines", "description", "dependencies", "componentsUsed"}}, "components": {as files},
  //    "structure", "totalFiles", "dependencies", "componentsUsed", "usage"}
  // without "components" unless they are to be included; with the page as "code" if it has one.
  async::awaitable<Answers> blocks(Registry registry, std::vector<std::string> names,
                                   bool include_components, batch::JobContext job);
  // {"components": [names, sorted], "total"}
  async::awaitable<Answer> component_list(Registry registry, batch::JobContext job);
  // Without a category {"categories": {CATEGORY: [block]}, "totalBlocks", "availableCategories"},
  // with one {"category", "blocks", "total"}; kNotFound, with those there are, for another one. A
  // block is {"name", "type": "file" or "directory", "path"}.
  async::awaitable<Answer> block_list(Registry registry, std::optional<std::string> category,
                                      batch::JobContext job);
  // {"path", "type": "directory", "children": {NAME: {"path", "type": "file", "name", "url", "sha",
  //  "size"} or a directory}}, or the file that the path names.
  async::awaitable<Answer> directory(Repository repository, std::string path,
                                     batch::JobContext job);

  // Asks whether the repository has changed, and forgets what is kept of the registry if it has:
  // {"framework", "changed", "files"}.
  async::awaitable<std::string> refresh(Registry registry, batch::JobContext job);

  std::vector<batch::MetricsSnapshot> metrics() const;
  // Returns when everything that was kept is in the store, or lost.
  async::awaitable<void> flush();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::github
