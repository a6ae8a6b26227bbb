// The repositories of the simulated GitHub: the layouts of all component registries, of any size,
// and one that no client should take at its word.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::sandbox {

struct GitHubOptions {
  int components = 20;      // of each registry
  int changed = 0;          // the first of them have other sources
  int tree_limit = 100000;  // entries of a recursive tree; beyond, it is truncated
  int quota = 5000;         // calls with a token; 60 without, or this if it is less
  int reset = 3600;         // seconds from the start until the quota is full again
  std::map<std::uint64_t, int> secondary_once;  // the Nth call answers 403 with this Retry-After
  std::map<std::uint64_t, int> raw_once;        // the Nth raw file answers 429 with this one
};

// What git calls a blob of these bytes.
std::string git_sha(std::string_view kind, std::string_view bytes);

struct GitRepository {
  std::string branch;
  std::map<std::string, std::string> files;  // by path

  // Of all that stands below a folder; of a file: its blob's.
  std::string sha_of(const std::string& path) const;
};

// By "owner/name". "sandbox/hostile" has branches of its own: its name is what its tree does.
std::map<std::string, GitRepository> make_repositories(const GitHubOptions& options);
// The tree of sandbox/hostile at a branch: "dots", "deep", "types", "nested", "huge"; empty for
// others.
std::string hostile_tree(std::string_view branch);

}  // namespace gantry::sandbox
