// Names from Figma in messages for people. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gantry::design {

// 'name' with control characters written as \x1b and cut after 100 bytes, so that no name can
// change what a terminal shows around it.
std::string in_quotes(std::string_view name);

}  // namespace gantry::design
