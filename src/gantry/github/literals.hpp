// The literals in a TypeScript file as JSON. Pure.
#pragma once

#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace gantry::github {

// Every list and object that stands after a '='. What is no literal in them - names, calls,
// functions, spreads - is null as a value of an object and left out of a list. Nothing is ever
// run. kTooLarge for more than 32 levels. What is cut off ends where the text does.
std::vector<boost::json::value> read_literals(std::string_view text);

}  // namespace gantry::github
