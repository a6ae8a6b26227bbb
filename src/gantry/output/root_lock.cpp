#include "gantry/output/root_lock.hpp"

#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/relative_path.hpp"

namespace gantry::output {
namespace fs = std::filesystem;
namespace {

// flock cannot be interrupted without a signal, so waiting is asking again.
constexpr auto kPollInterval = std::chrono::milliseconds(50);
constexpr int kAttempts = 20;
constexpr const char* kInsideName = ".gantry-staging";

bool may_stage_beside(const fs::path& root) {
  struct stat root_status {};
  struct stat parent_status {};
  if (!root.has_filename()) return false;
  if (::stat(root.c_str(), &root_status) != 0) return true;
  fs::path parent = root.parent_path();
  return ::stat(parent.c_str(), &parent_status) == 0 &&
         root_status.st_dev == parent_status.st_dev && ::access(parent.c_str(), W_OK | X_OK) == 0;
}

// Makes a folder and its parents; gives those that were missing, outermost first.
void make_folders(const fs::path& folder, std::vector<fs::path>& created) {
  if (::mkdir(folder.c_str(), 0777) == 0) {
    created.push_back(folder);
    return;
  }
  if (errno == ENOENT && folder.has_relative_path()) {
    make_folders(folder.parent_path(), created);
    if (::mkdir(folder.c_str(), 0777) == 0) {
      created.push_back(folder);
      return;
    }
  }
  if (errno == EEXIST) return;
  throw system_error("cannot create the folder " + folder.string(), errno);
}

// The lock of a folder that anybody may remove and make anew at any time: empty if it is taken.
// The holder removes it before it lets go, so a lock counts only if the name still leads to it.
std::optional<FileLock> lock_folder(const fs::path& folder) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      // The last user of the parent has just removed it, too.
      if (errno == ENOENT) return std::nullopt;
      throw system_error("cannot create the folder " + folder.string(), errno);
    }
    struct stat named {};
    if (::lstat(folder.c_str(), &named) != 0) continue;
    if (!S_ISDIR(named.st_mode) || named.st_uid != ::geteuid()) {
      throw Error(ErrorCode::kUnsafe, folder.string() +
                                          " is not a folder of this user, so nothing can be staged "
                                          "there; remove it");
    }
    std::optional<FileLock> lock;
    try {
      lock = FileLock::try_acquire(folder);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      continue;
    }
    if (!lock) return std::nullopt;
    struct stat held {};
    struct stat now {};
    if (::fstat(lock->descriptor(), &held) == 0 && ::lstat(folder.c_str(), &now) == 0 &&
        held.st_ino == now.st_ino && held.st_dev == now.st_dev) {
      return lock;
    }
  }
  return std::nullopt;
}

void wipe(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    fs::remove_all(entry.path(), error);
  }
}

}  // namespace

fs::path resolved(const fs::path& root) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(output_root(root.string())), error);
  if (error) throw system_error("cannot use the folder " + root.string(), error.value());
  return path;
}

std::shared_ptr<RootLock> RootLock::try_acquire(const fs::path& root) {
  std::shared_ptr<RootLock> taken(new RootLock);
  if (may_stage_beside(root)) {
    make_folders(root.parent_path(), taken->created_);
    taken->staging_ = root.parent_path() / ("." + root.filename().string() + ".gantry");
  } else {
    taken->reserved_name_ = kInsideName;
    taken->staging_ = root / kInsideName;
  }
  auto lock = lock_folder(taken->staging_);
  if (!lock) return nullptr;
  taken->lock_ = std::make_unique<FileLock>(std::move(*lock));
  wipe(taken->staging_);
  return taken;
}

RootLock::~RootLock() {
  std::error_code ignored;
  if (lock_) fs::remove_all(staging_, ignored);
  // Parents that got no file in the end go as well.
  for (auto folder = created_.rbegin(); folder != created_.rend(); ++folder) {
    ::rmdir(folder->c_str());
  }
}

fs::path RootLock::make_staging_folder() {
  fs::path folder = staging_ / std::to_string(folders_.fetch_add(1));
  if (::mkdir(folder.c_str(), 0700) != 0) {
    throw system_error("cannot create the folder " + folder.string(), errno);
  }
  return folder;
}

void RootLock::claim(const std::string& path) {
  std::lock_guard lock(claims_mutex_);
  claims_.insert(path);
}

bool RootLock::is_claimed(const std::string& path) {
  std::lock_guard lock(claims_mutex_);
  return claims_.contains(path);
}

void RootLock::if_unclaimed(const std::string& path, const std::function<void()>& remove) {
  std::lock_guard lock(claims_mutex_);
  if (!claims_.contains(path)) remove();
}

std::shared_ptr<RootLock> RootLocks::acquire(
    const fs::path& root, const std::function<void(const fs::path& root)>& on_wait,
    const std::stop_token& stop) {
  fs::path path = resolved(root);
  for (bool told = false;; told = true) {
    {
      std::lock_guard lock(mutex_);
      auto& known = locks_[path];
      if (auto held = known.lock()) return held;
      if (auto taken = RootLock::try_acquire(path)) {
        known = taken;
        return taken;
      }
    }
    if (!told && on_wait) on_wait(root);
    if (stop.stop_requested()) {
      throw Error(ErrorCode::kCancelled,
                  "stopped while another run was working on " + root.string());
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace gantry::output
