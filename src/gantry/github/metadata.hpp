// What a registry file tells of its components: names, packages, what they are built on. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/error.hpp"

namespace gantry::github {

struct Metadata {
  std::string name;
  std::string type;  // "registry:ui"
  std::vector<std::string> dependencies;
  std::vector<std::string> registry_dependencies;
  std::vector<std::string> files;

  // {"name", "type", "dependencies", "registryDependencies", "files"}
  std::string to_json() const;
};

// By name. The first item of a name counts, one of the style before those of others.
using MetadataByName = std::map<std::string, Metadata, std::less<>>;

inline constexpr std::size_t kLargestRegistryFile = 16UL << 20;

// Of a JSON file, or of the literals of a TypeScript file, whose other expressions count as absent.
// kBadResponse if it holds no item; kTooLarge for a larger or deeper file than any registry has.
MetadataByName parse_registry_file(std::string_view text, std::string_view path,
                                   std::string_view style);

}  // namespace gantry::github
