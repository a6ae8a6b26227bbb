// Reads the long answers, lists of components, while they are parsed: a tree of JSON values would
// take three times the memory of the text. Besides the result it holds one component at a time.
#pragma once

#include <string_view>
#include <vector>

#include "gantry/figma/model/model.hpp"

namespace gantry::figma {

// The components of `body`, which lists them in meta.<list>, in order; of equal node ids the first.
// As in a tree, the last of equal keys in an object counts. Throws like the parsers of model.hpp.
std::vector<Component> read_components(std::string_view body, std::string_view list);

}  // namespace gantry::figma
