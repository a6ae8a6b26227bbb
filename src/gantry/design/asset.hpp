// What an export is made of: assets with final names, and what was found wrong on the way. Pure.
//
// The names go through a fixed pipeline: '/' becomes '_' (and "tint/tint" becomes "tint"), the name
// is checked against a regular expression, rewritten by it, and put into the wanted style. Assets
// whose final names would be one file somewhere (equal, or equal but for case or Unicode form) all
// stay: the one with the smallest node id keeps the name, the others get theirs as a suffix
// ("popcorn_140_12197"), and a warning says so. A name that cannot be a file name is an error.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gantry/base/text_case.hpp"
#include "gantry/design/selection.hpp"

namespace gantry::design {

// A node of a Figma file.
struct NodeSource {
  std::string file_key;
  std::string node_id;

  std::string text() const { return file_key + "/" + node_id; }
  bool operator==(const NodeSource&) const = default;
};

struct Asset {
  std::string name;           // final and unique, also among the dark names; safe as a file name
  std::string dark_name;      // likewise, of the dark file; empty without one
  std::string original_name;  // in Figma
  NodeSource light;
  std::optional<NodeSource> dark;
  bool rtl = false;
  std::string page;
  std::string frame;
};

struct Finding {
  enum class Kind { kError, kWarning };
  Kind kind;
  std::string component;
  std::string page;
  std::string frame;
  std::string file_key;
  std::string node_id;
  std::string message;  // names the component; of an error also where to find it in Figma
};

// The components of one file, as select_components() gives them.
struct Source {
  std::string file_key;
  std::vector<SelectedComponent> components;
};

struct NameRules {
  std::optional<NameStyle> style = NameStyle::kSnakeCase;  // none: as written in Figma
  std::optional<std::string> validate;                     // must match somewhere in the name
  std::optional<std::string> replace;  // with `validate`: what its matches become
  std::string dark_suffix = "_dark";   // of the file names of dark variants
};

struct AssetList {
  std::vector<Asset> assets;  // sorted by name
  std::vector<Finding> findings;

  bool has_errors() const;
};

// For a file that holds both: components whose name (or set's name) ends with `suffix` are the dark
// ones and lose it. First light, then dark.
std::pair<Source, Source> split_light_dark(Source source, const std::string& suffix);

// All assets with all findings at once. With `dark`, components of equal names are pairs; a light
// one without a partner is a warning and used in both, a dark one without a partner an error.
// kInvalidConfig for a wrong regular expression or replacement.
AssetList make_assets(const Source& light, const std::optional<Source>& dark,
                      const NameRules& rules);

}  // namespace gantry::design
