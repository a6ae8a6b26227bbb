// Publishes the files of one job below its output roots, all or nothing as far as a file system
// can: everything is staged first, then renamed into place.
//
// A process that dies at any moment leaves each file whole, old or new, and the next commit to the
// root completes the work. Files that hold the right bytes already are not touched. Files of
// earlier commits that are no longer wanted are removed, if gantry.lock proves that they are ours.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "gantry/base/blob.hpp"
#include "gantry/base/relative_path.hpp"
#include "gantry/output/root_lock.hpp"

namespace gantry::output {

enum class Mode {
  kPublish,
  kDryRun,  // compares only: writes nothing, locks nothing
};

struct CommitOptions {
  std::string job = {};  // names the job in the lock file, such as "configs/web.yaml#icons"
  std::vector<std::filesystem::path> roots = {};
  // Empty: no record is kept and no file is ever removed.
  std::filesystem::path lock_file = {};
  Mode mode = Mode::kPublish;
  // False: files that are not staged now are left alone and stay in the lock file, as for a run
  // that exports only a part.
  bool prune = true;
  // Shared by all commits of a process, so that jobs with the same root do not wait for each other.
  std::shared_ptr<RootLocks> locks = {};
  // Told once for each root that another process is working on.
  std::function<void(const std::filesystem::path& root)> on_wait = {};
  // Ends the wait for another process.
  std::stop_token stop = {};
};

// Paths as the user knows them: the root as it was given and the path below it. Sorted.
struct ChangeSet {
  struct Kept {
    std::string path;
    std::string reason;  // "its bytes were changed after the export"

    auto operator<=>(const Kept&) const = default;
  };

  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  std::vector<std::string> unchanged;
  // No longer exported, yet not removed: each is worth a warning.
  std::vector<Kept> kept;

  bool up_to_date() const { return added.empty() && changed.empty() && removed.empty(); }
};

// All calls block. stage() may be called by several threads at once; the others only when no
// stage() is running. Errors name the file: kUnsafe where a symbolic link stands in the way,
// kConflict for a folder or a special file, kNoSpace, kIo; kInvalidConfig for a bad lock file.
class Commit {
 public:
  // Locks the roots, waiting for other processes, and wipes what killed ones have left.
  explicit Commit(CommitOptions options);
  // Without publish(): what was staged goes, and nothing has changed.
  ~Commit();
  Commit(const Commit&) = delete;
  Commit& operator=(const Commit&) = delete;

  // Writes the bytes to the staging folder, unless the target holds them already. `root` is one of
  // the roots; `source` is the remote object that the file shows, or empty. If it throws, this file
  // is not part of the commit, and the others are not affected.
  void stage(const std::filesystem::path& root, const RelativePath& path, const Blob& content,
             std::string source = {});
  // What publish() would do. Reads the lock file and the files to be removed.
  ChangeSet plan() const;
  // Does it, once, and tells what was done. If it throws, some files may be new and some old; the
  // lock file knows both.
  ChangeSet publish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::output
