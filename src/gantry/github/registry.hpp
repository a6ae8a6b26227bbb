// Where a component registry keeps its files: data, so that a further registry needs no code.
//
// Patterns are paths in the repository in which `{name}` stands for a component's name and `{Name}`
// for the same in PascalCase: "ui/{name}/{Name}.vue" is ui/alert-dialog/AlertDialog.vue. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/error.hpp"

namespace gantry::github {

struct Repository {
  std::string owner;
  std::string name;
  std::string branch;

  // "shadcn-ui/ui@main"
  std::string text() const;
  bool operator==(const Repository&) const = default;
};

struct Registry {
  std::string framework;  // its name, in keys too: "react"
  Repository repository;
  std::vector<std::string> components;  // patterns; the first whose file exists counts
  std::vector<std::string> demos;       // likewise; empty: it has none
  std::string blocks;                   // folder; empty: it has none
  std::string metadata;                 // JSON or TypeScript file of all components; empty: none
  std::string style;  // in a file of several styles, the one that counts; empty: the first
};

// react (radix), react-base, svelte, vue, react-native.
const std::vector<Registry>& built_in_registries();

// `{"registries": [{"framework": ..., "owner": ..., "repo": ..., "branch": "main",
// "components": [...], "demos": [...], "blocks": ..., "metadata": ..., "style": ...}]}`; only the
// names of the framework and the repository and the components must be there. kInvalidConfig names
// the place and what is wrong; kTooLarge beyond 1 MiB or 100 registries.
std::vector<Registry> parse_registries(std::string_view text, const std::string& file);

// A name as the registry writes it: lower case. kUsage for what cannot be one: 1 to 100 letters,
// digits, '-', '_' and '.', none first.
std::string checked_name(std::string_view name);
// kUsage unless these can stand in an address: of GitHub's characters, and no `..` in the branch.
void check(const Repository& repository);
// kUnsafe unless it is a path that stays below the root of the repository; empty is the root.
void check_path(std::string_view path);

// The pattern for this name.
std::string path_of(std::string_view pattern, std::string_view name);
// The name for which the pattern is this path, if there is one.
std::optional<std::string> name_of(std::string_view pattern, std::string_view path);

}  // namespace gantry::github
