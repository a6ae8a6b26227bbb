// gantry.lock: which files Gantry has written, kept in version control beside the configuration.
//
// Sorted, with one line per file, so that it reads well in a diff. It is input like any other: its
// paths are checked, and nothing outside the roots that a job was given is ever touched for it.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "gantry/base/files.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/base/relative_path.hpp"

namespace gantry::output {

struct LockedFile {
  RelativePath path;
  std::uint64_t size = 0;
  Digest digest;
  std::string source;  // the remote object, or empty

  auto operator<=>(const LockedFile&) const = default;
};

// What one job has written below one root. `root` is relative to the lock file's folder where that
// is possible, with '/'.
struct LockedOutput {
  std::string job;
  std::string root;

  auto operator<=>(const LockedOutput&) const = default;
};

struct LockFile {
  static constexpr int kVersion = 1;
  static constexpr std::uint64_t kMostBytes = 64ULL << 20;

  // A path is listed with several hashes while a commit is under way: it has one of them.
  std::map<LockedOutput, std::set<LockedFile>> outputs;

  // kInvalidConfig with the line, and what to do about it; `name` names the file in messages.
  static LockFile parse(std::string_view text, const std::string& name);
  // Without a file: no outputs.
  static LockFile read(const std::filesystem::path& path);
  std::string print() const;
};

// A root as a lock file in `folder` names it.
std::string root_in_lock(const std::filesystem::path& folder, const std::filesystem::path& root);

// Reading, changing and writing as one step: other processes wait. Blocks.
class LockFileEdit {
 public:
  // What a lock file has held, and what that means: it need not be read twice.
  struct Known {
    std::string text;
    LockFile content;
  };
  explicit LockFileEdit(const std::filesystem::path& path, Known known = {});

  LockFile content;
  // Replaces the file unless it holds these bytes already, and tells whether it did; an empty lock
  // is not created.
  bool save();
  // After save(): what the file holds now. Nothing else may follow.
  Known take() { return {std::move(text_), std::move(content)}; }

 private:
  std::filesystem::path path_;
  std::filesystem::path unfinished_;
  FileLock lock_;
  std::string text_;
};

}  // namespace gantry::output
