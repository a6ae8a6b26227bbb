// Figma's node ids ("140:12197") as keys of stable decisions and in links for people. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gantry::design {

// Orders ids by their numbers, part by part: 9:5 before 140:12197. A total order on all texts.
bool node_id_less(std::string_view left, std::string_view right);

// "https://www.figma.com/design/<key>?node-id=140-12197".
std::string figma_link(std::string_view file_key, std::string_view node_id);

}  // namespace gantry::design
