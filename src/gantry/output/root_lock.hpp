// Only one process at a time works on an output root, and what it stages lies on the root's own
// file system, where a rename is atomic and nobody looks.
//
// Both are one folder: `.<name>.gantry` beside the root, locked while it is in use. Where the
// root's parent cannot be written or is another file system (a mounted volume), it is
// `.gantry-staging` inside the root. It goes with the last user; what a killed process left is
// wiped by the next.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "gantry/base/files.hpp"

namespace gantry::output {

// The root with all links resolved, so that each root has one name however it is spelled.
std::filesystem::path resolved(const std::filesystem::path& root);

// One locked root. Any thread.
class RootLock {
 public:
  ~RootLock();
  RootLock(const RootLock&) = delete;
  RootLock& operator=(const RootLock&) = delete;

  // A new empty folder for the files of one commit.
  std::filesystem::path make_staging_folder();
  // The name that no exported path may begin with; empty if staging is not inside the root.
  const std::string& reserved_name() const { return reserved_name_; }

  // Notes that a commit wants this path, so that no other commit of this process removes it.
  void claim(const std::string& path);
  bool is_claimed(const std::string& path);
  // Calls `remove` unless the path is claimed; it cannot be claimed meanwhile.
  void if_unclaimed(const std::string& path, const std::function<void()>& remove);
  // Held while a commit renames and removes.
  std::mutex& publishing() { return publishing_; }

 private:
  friend class RootLocks;
  RootLock() = default;
  // Null while another process holds the root.
  static std::shared_ptr<RootLock> try_acquire(const std::filesystem::path& root);

  std::filesystem::path staging_;
  std::string reserved_name_;
  std::vector<std::filesystem::path> created_;  // parents that were missing, outermost first
  std::unique_ptr<FileLock> lock_;
  std::atomic<int> folders_ = 0;
  std::mutex publishing_;
  std::mutex claims_mutex_;
  std::unordered_set<std::string> claims_;
};

// The roots that this process has locked. Commits that share one RootLocks may have the same root
// at once; others wait for each other. Any thread.
class RootLocks {
 public:
  // Blocks until no other process holds the root; calls `on_wait` once if it must. kCancelled when
  // `stop` is requested.
  std::shared_ptr<RootLock> acquire(
      const std::filesystem::path& root,
      const std::function<void(const std::filesystem::path& root)>& on_wait = {},
      const std::stop_token& stop = {});

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, std::weak_ptr<RootLock>> locks_;
};

}  // namespace gantry::output
