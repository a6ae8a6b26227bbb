// The folders below one output root, each opened from its parent so that no symbolic link is ever
// followed, and kept open for the next file. Any thread; calls block.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "gantry/output/descriptor.hpp"

namespace gantry::output {

// "a/b" of "a/b/c", "" of "c".
std::string_view parent_of(std::string_view path);
// The last segment of a path; as long-lived and as terminated as the path itself.
const char* name_of(const std::string& path);

class DirectoryTree {
 public:
  // The root is the user's own choice: it may be reached through links and need not exist yet.
  explicit DirectoryTree(std::filesystem::path root) : root_(std::move(root)) {}

  // A folder below the root, "" for the root itself; null where there is none. kUnsafe if a
  // symbolic link and kConflict if a file stands in its place.
  std::shared_ptr<const Descriptor> find(std::string_view folder);
  // The same, created with its parents where it is missing.
  std::shared_ptr<const Descriptor> make(std::string_view folder);
  // Removes a folder and then its parents as long as they are empty; never the root.
  void remove_if_empty(std::string folder);

 private:
  std::shared_ptr<const Descriptor> open(std::string_view folder, bool create);
  Descriptor open_root(bool create) const;
  Descriptor open_below(const Descriptor& parent, const std::string& folder, bool create) const;

  const std::filesystem::path root_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Descriptor>> open_;
  std::unordered_set<std::string> absent_;
};

}  // namespace gantry::output
