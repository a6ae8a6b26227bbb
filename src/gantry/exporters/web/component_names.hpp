// Names of React components for icons. Pure.
#pragma once

#include <string>
#include <vector>

#include "gantry/design/asset.hpp"

namespace gantry::exporters::web {

// One TypeScript identifier per asset, in the order of `assets`: its name in PascalCase, behind
// "Icon" if it would start with a digit or mean something else in the generated code. Of names that
// are one file on a system that ignores case, the smallest node id keeps it and the others get
// theirs as a suffix ("ArrowDown01_533_52944").
std::vector<std::string> component_names(const std::vector<design::Asset>& assets);

}  // namespace gantry::exporters::web
