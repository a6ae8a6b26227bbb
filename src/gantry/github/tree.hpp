// The files of a repository at one moment, as GitHub's tree of it tells. Pure.
//
// What comes from there is checked: a path that leaves the repository, a depth or a count beyond
// all reason, a wrong type is an error of the whole, never a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/error.hpp"

namespace gantry::github {

struct TreeEntry {
  std::string path;
  std::string sha;  // of the blob, as git names it: 40 hex digits
  std::uint64_t size = 0;
  bool is_folder = false;

  bool operator==(const TreeEntry&) const = default;
};

inline constexpr std::size_t kMostEntries = 200'000;
inline constexpr std::size_t kDeepest = 64;
// The largest answer that is read. GitHub's own limit is 7 MB.
inline constexpr std::uint64_t kLargestTree = 32ULL << 20;

// Sorted by path, in the order of bytes.
class Tree {
 public:
  Tree() = default;
  // In any order; paths are unique, else kBadResponse.
  explicit Tree(std::vector<TreeEntry> entries);

  const std::vector<TreeEntry>& entries() const { return entries_; }
  // Null if there is no such path.
  const TreeEntry* find(std::string_view path) const;
  const TreeEntry* find_file(std::string_view path) const;
  // What stands below a folder, at any depth; empty path: everything.
  std::vector<const TreeEntry*> below(std::string_view folder) const;
  std::size_t bytes() const;

  // As a store keeps it; decode() throws kBadResponse on what is none.
  std::string encode() const;
  static Tree decode(std::string_view text);

 private:
  std::vector<TreeEntry> entries_;
};

// One answer of GitHub, with paths relative to the tree that was asked for.
struct TreeAnswer {
  std::string sha;
  bool truncated = false;
  std::vector<TreeEntry> entries;  // files and folders; links and submodules are left out
};

// kBadResponse, kUnsafe, kTooLarge.
TreeAnswer parse_tree(std::string_view json);

}  // namespace gantry::github
