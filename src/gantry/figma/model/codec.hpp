// What Figma has answered, as compact bytes for a store and back.
//
// Decoding gives exactly what was encoded, or throws Error kBadResponse: for bytes that are
// damaged, cut off, of another kind or of another version, so that a record which cannot be used
// counts as one that is not there. The memory it takes is bounded by the size of the record. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gantry/figma/model/model.hpp"
#include "gantry/figma/model/nodes.hpp"
#include "gantry/figma/model/styles.hpp"
#include "gantry/figma/model/variables.hpp"

namespace gantry::figma {

std::string encode(const FileMeta& meta);
std::string encode(const std::vector<Component>& components);
std::string encode(const std::vector<Style>& styles);
std::string encode(const Nodes& nodes);
std::string encode(const Variables& variables);
std::string encode(const Addresses& addresses);

FileMeta decode_file_meta(std::string_view record);
std::vector<Component> decode_components(std::string_view record);
std::vector<Style> decode_styles(std::string_view record);
Nodes decode_nodes(std::string_view record);
Variables decode_variables(std::string_view record);
Addresses decode_addresses(std::string_view record);

}  // namespace gantry::figma
