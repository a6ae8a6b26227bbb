// Values against the part of JSON Schema that the arguments of tools use: type, enum, const,
// properties, required, additionalProperties, items, and the bounds of lengths, counts and numbers.
// Pure.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace gantry::mcp {

// A line for each fault, such as "exports[0] is longer than 200 characters"; at most twenty.
std::vector<std::string> find_faults(const boost::json::value& value,
                                     const boost::json::object& schema);

}  // namespace gantry::mcp
