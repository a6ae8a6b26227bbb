// The trees and files of repositories, each asked for once. Io thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gantry/batch/batch_processor.hpp"
#include "gantry/github/api.hpp"

namespace gantry::github {

class Files {
 public:
  // `options` outlives it.
  Files(const batch::Services& services, net::Client& http, const ClientOptions& options);

  // The tree of a branch, as old as the shortest lifetime allows; within a process one that was
  // asked for less than ten seconds ago is good in any case.
  async::awaitable<std::shared_ptr<const Tree>> tree(Repository repository, batch::JobContext job);
  // The same as it is now; whether it is another than was known.
  async::awaitable<bool> revalidate(Repository repository, batch::JobContext job);

  // kTooLarge for a file that is not read because of its size.
  static void check_size(const TreeEntry& file);
  // The bytes of these files, one outcome each, in their order. They have passed check_size(), else
  // it throws.
  async::awaitable<std::vector<batch::Item<std::string>>> contents(Repository repository,
                                                                   std::vector<TreeEntry> files,
                                                                   batch::JobContext job);

  std::vector<batch::MetricsSnapshot> metrics() const;
  async::awaitable<void> flush();

 private:
  struct KnownTree {
    std::string etag;
    std::string text;  // of Tree::encode()
    bool is_fresh = false;
  };
  class TextPlanner;

  async::awaitable<KnownTree> read_known(std::string key);
  async::awaitable<void> keep(std::string key, KnownTree known);
  async::awaitable<Tree> fetch_tree(Repository repository, batch::CallContext context);
  async::awaitable<Tree> walk(Repository repository, std::string sha, batch::CallContext context);
  async::awaitable<std::string> fetch_file(Repository repository, TreeEntry file,
                                           batch::CallContext context);

  const ClientOptions& options_;
  async::Clock& clock_;
  Api api_;
  std::unique_ptr<store::Store> own_store_;  // null: the options have one
  store::Store& store_;
  std::set<std::string> doubted_;  // keys of trees that are asked for whatever their age
  batch::BatchProcessor<Tree> trees_;
  batch::BatchProcessor<std::string> files_;
};

}  // namespace gantry::github
