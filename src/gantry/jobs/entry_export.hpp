// One entry of a configuration on its way from Figma to files, in the steps that all kinds share:
// versions, whether anything is to be done, listing; then producing and publishing.
#pragma once

#include <memory>
#include <string>

#include "gantry/jobs/export_state.hpp"
#include "gantry/jobs/kind_export.hpp"

namespace gantry::jobs {

class EntryExport {
 public:
  // `id` names the export in the lock file and in the cache; `made_by`: the hash of everything but
  // the remote files that decides what is written.
  EntryExport(Engine& engine, std::unique_ptr<KindExport> kind, std::string id, Digest made_by,
              JobOptions options, batch::JobContext context);

  // Knows everything but contents afterwards. Throws what concerns the whole entry.
  async::awaitable<void> plan();
  // Nothing is left to do: all is as the last run has left it, or the plan has failed.
  bool is_over() const { return result_.skipped || !result_.failures.empty(); }
  const KindExport& kind() const { return *kind_; }
  KindExport& kind() { return *kind_; }
  // Fetches and converts.
  async::awaitable<void> produce();
  // Puts everything in place, unless something has failed.
  async::awaitable<void> publish();

  const KindResult& result() const { return result_; }

 private:
  async::awaitable<void> read_version(std::string file_key);
  async::awaitable<bool> is_up_to_date();
  async::awaitable<void> remember();

  Engine& engine_;
  std::unique_ptr<KindExport> kind_;
  std::string id_;
  Digest made_by_;
  JobOptions options_;
  batch::JobContext context_;
  Versions versions_;
  std::unique_ptr<Publication> publication_;  // after produce()
  KindResult result_;
};

}  // namespace gantry::jobs
