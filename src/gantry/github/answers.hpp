// The answers that are JSON, made of trees and sources; their shapes stand in client.hpp. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/github/registry.hpp"
#include "gantry/github/tree.hpp"

namespace gantry::github {

// The names of all components, sorted.
std::vector<std::string> component_names(const Registry& registry, const Tree& tree);
// The file of a component or demo, by its patterns. Null: there is none.
const TreeEntry* find_by(const std::vector<std::string>& patterns, const Tree& tree,
                         std::string_view name);

std::string component_list_json(const Registry& registry, const Tree& tree);
// kNotFound for a category that is none.
std::string block_list_json(const Registry& registry, const Tree& tree,
                            const std::optional<std::string>& category);
// kNotFound where the tree has no such path. `raw_url` is where files are to be had.
std::string directory_json(const Repository& repository, const Tree& tree, std::string_view path,
                           const std::string& raw_url);

// The files of a block: one file, or a folder's.
struct BlockFiles {
  bool is_simple = false;
  std::vector<const TreeEntry*> files;
};
// Nothing if there is no such block. kTooLarge beyond 200 files.
std::optional<BlockFiles> find_block(const Registry& registry, const Tree& tree,
                                     std::string_view name, bool include_components);

struct SourceFile {
  std::string path;
  std::string content;
};
std::string block_json(const Registry& registry, std::string_view name, bool is_simple,
                       bool include_components, const std::vector<SourceFile>& files);

}  // namespace gantry::github
