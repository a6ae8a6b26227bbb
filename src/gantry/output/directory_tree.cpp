#include "gantry/output/directory_tree.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

#include "gantry/base/error.hpp"

namespace gantry::output {
namespace {

// An export may have thousands of folders (one per image set) and a process 1,024 descriptors.
constexpr std::size_t kMostOpen = 128;

}  // namespace

std::string_view parent_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

const char* name_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

std::shared_ptr<const Descriptor> DirectoryTree::find(std::string_view folder) {
  std::lock_guard lock(mutex_);
  return open(folder, false);
}

std::shared_ptr<const Descriptor> DirectoryTree::make(std::string_view folder) {
  std::lock_guard lock(mutex_);
  return open(folder, true);
}

std::shared_ptr<const Descriptor> DirectoryTree::open(std::string_view folder, bool create) {
  std::string key(folder);
  if (auto known = open_.find(key); known != open_.end()) return known->second;
  if (!create && absent_.contains(key)) return nullptr;
  Descriptor opened;
  if (folder.empty()) {
    opened = open_root(create);
  } else if (auto parent = open(parent_of(folder), create)) {
    opened = open_below(*parent, key, create);
  }
  if (!opened) {
    absent_.insert(std::move(key));
    return nullptr;
  }
  if (open_.size() >= kMostOpen) open_.clear();
  auto shared = std::make_shared<const Descriptor>(std::move(opened));
  open_.emplace(std::move(key), shared);
  return shared;
}

Descriptor DirectoryTree::open_root(bool create) const {
  if (create) {
    std::error_code error;
    std::filesystem::create_directories(root_, error);
    if (error) throw system_error("cannot create the folder " + root_.string(), error.value());
  }
  Descriptor root(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root || (errno == ENOENT && !create)) return root;
  if (errno == ENOTDIR) {
    throw Error(ErrorCode::kConflict,
                "the output folder " + root_.string() + " cannot be used: a file stands there");
  }
  throw system_error("cannot open the folder " + root_.string(), errno);
}

Descriptor DirectoryTree::open_below(const Descriptor& parent, const std::string& folder,
                                     bool create) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const char* name = name_of(folder);
  Descriptor opened(::openat(parent.get(), name, kFlags));
  if (!opened && errno == ENOENT) {
    if (!create) return opened;
    if (::mkdirat(parent.get(), name, 0777) != 0 && errno != EEXIST) {
      throw system_error("cannot create the folder " + (root_ / folder).string(), errno);
    }
    opened = Descriptor(::openat(parent.get(), name, kFlags));
  }
  if (opened) return opened;
  int reason = errno;
  struct stat status {};
  if (::fstatat(parent.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(status.st_mode)) {
      throw Error(ErrorCode::kUnsafe, (root_ / folder).string() +
                                          " is a symbolic link: links below an output folder are "
                                          "not followed; replace it by a folder");
    }
    if (!S_ISDIR(status.st_mode)) {
      throw Error(ErrorCode::kConflict, "a file stands where the folder " +
                                            (root_ / folder).string() +
                                            " is needed; remove or rename it");
    }
  }
  throw system_error("cannot open the folder " + (root_ / folder).string(), reason);
}

void DirectoryTree::remove_if_empty(std::string folder) {
  std::lock_guard lock(mutex_);
  while (!folder.empty()) {
    auto parent = open(parent_of(folder), false);
    if (!parent || ::unlinkat(parent->get(), name_of(folder), AT_REMOVEDIR) != 0) return;
    open_.erase(folder);
    folder = std::string(parent_of(folder));
  }
}

}  // namespace gantry::output
