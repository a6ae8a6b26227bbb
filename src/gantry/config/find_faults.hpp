// What is wrong with a configuration, one by one, for whoever does not show it as a text.
#pragma once

#include <string_view>
#include <vector>

#include "gantry/config/config.hpp"

namespace gantry::config {

// What parse() would throw; empty if it would not. Pure.
std::vector<Warning> find_faults(std::string_view text, std::string_view file_name);

}  // namespace gantry::config
