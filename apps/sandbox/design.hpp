// The simulated Figma files: what is in them, and how they come to be.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apps/sandbox/drawing.hpp"
#include "apps/sandbox/tokens.hpp"

namespace gantry::sandbox {

struct Frame {
  std::string node_id;
  std::string name;
  std::string page_id;
  std::string page_name;
};

struct ComponentSet {
  std::string node_id;
  std::string key;
  std::string name;
  std::size_t frame = 0;
};

struct Component {
  std::string node_id;
  std::string key;
  std::string name;
  std::string description;
  std::size_t frame = 0;
  std::optional<std::size_t> set;
  Drawing drawing;
  std::shared_ptr<const std::string> svg;  // bytes to serve as they are; null: the drawing
};

struct File {
  std::string key;
  std::string name;
  std::string version;
  std::vector<Frame> frames;
  std::vector<ComponentSet> sets;
  std::vector<Component> components;
  // The answer of /components that this file was read from; null: made from `components`.
  std::shared_ptr<const std::string> recorded_components;
  std::shared_ptr<const Tokens> tokens;  // null: neither styles nor variables

  // Fills the index that component_index() uses; after the last change of `components`.
  void index();
  std::optional<std::size_t> component_index(std::string_view node_id) const;

 private:
  std::unordered_map<std::string, std::size_t> by_node_;
};

struct Design {
  std::map<std::string, File, std::less<>> files;

  const File* find(std::string_view key) const;
};

struct DesignOptions {
  int icons = 500;  // of each generated file
  int files = 0;    // more of them: sandbox-1 to sandbox-N
  std::uint64_t seed = 1;
  std::string version = "2026100100";
  int changed_icons = 0;  // the first of each file get another drawing
  TokenOptions tokens;
  bool hostile = false;  // adds the file sandbox-hostile
  int hostile_nesting_mb = 1;
  std::filesystem::path components;  // a recorded answer of /components, .json or .json.xz
  std::filesystem::path icons_from;  // a folder of .svg files
};

// Everything that the options ask for. kIo, kNotFound, kBadResponse for recorded input.
Design make_design(const DesignOptions& options);

// Parts of make_design().
File generated_file(const DesignOptions& options, std::string_view key, Palette palette);
File single_file(const DesignOptions& options);
File hostile_file(const DesignOptions& options);
File recorded_file(const DesignOptions& options);

// Gives the components of `file` the .svg files of `folder`: the one that is named as the last part
// of the component's name, else one after the other.
void use_icons_from(const std::filesystem::path& folder, File& file);

// 40 hexadecimal digits, as Figma's component keys.
std::string component_key(std::string_view file_key, std::string_view node_id);

}  // namespace gantry::sandbox
