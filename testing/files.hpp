// Folders, trees and golden files for tests. All calls block; all throw std::runtime_error.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace gantry::testing {

// An empty folder that goes with the object, whatever was put in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& file);
// Creates missing folders.
void write_text(const std::filesystem::path& file, std::string_view text);

// Every file below `folder`: path with '/' -> bytes. A symbolic link is "-> target", a folder
// without entries is "path/" -> "". A missing folder is an empty tree.
using Tree = std::map<std::string, std::string>;
Tree tree_of(const std::filesystem::path& folder);

// Inode and modification time of every file of tree_of(): equal when nothing was written, not even
// the same bytes.
std::map<std::string, std::string> identities_of(const std::filesystem::path& folder);

// Whether two trees are equal; a failure names the first paths that differ and how.
::testing::AssertionResult same_tree(const Tree& expected, const Tree& actual);

// Whether `actual` equals the golden file, a path relative to the source folder. With
// GANTRY_UPDATE_GOLDEN set, the file is written instead.
::testing::AssertionResult matches_golden(const std::filesystem::path& golden,
                                          std::string_view actual);

}  // namespace gantry::testing
