// A Commit for coroutines: its blocking calls run on pools, and nobody waits for another
// process longer than the run lasts. Io thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/result.hpp"
#include "gantry/output/file_tree.hpp"

namespace gantry::jobs {

class Publication {
 public:
  // Locks the root. `id` names the export in the lock file; `keep_others`: what is not staged
  // stays, as in a run that exports only a part.
  static async::awaitable<std::unique_ptr<Publication>> open(Engine& engine, std::string id,
                                                             std::filesystem::path root,
                                                             std::string lock_file,
                                                             output::Mode mode, bool keep_others,
                                                             batch::JobContext context);

  const std::filesystem::path& root() const { return root_; }
  // For use on the worker pool.
  output::Commit& commit() { return *commit_; }

  // What the files hold that finish() will change or remove, by path: pictures only, and no more
  // than so many bytes.
  async::awaitable<std::map<std::string, std::string>> before(std::uint64_t most_bytes);
  async::awaitable<void> stage(std::vector<std::pair<RelativePath, output::OutputFile>> files);
  // Publishes, or only compares in a dry run. Kept files become warnings.
  async::awaitable<output::ChangeSet> finish();

 private:
  Publication(Engine& engine, std::filesystem::path root, output::Mode mode,
              batch::JobContext context)
      : engine_(engine), root_(std::move(root)), mode_(mode), context_(std::move(context)) {}

  Engine& engine_;
  std::filesystem::path root_;
  output::Mode mode_;
  batch::JobContext context_;
  std::unique_ptr<output::Commit> commit_;
};

}  // namespace gantry::jobs
