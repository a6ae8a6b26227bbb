// Members of a JSON document for people to read, one by one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace gantry::exporters::pinax {

// `,` and a member on a line of its own.
std::string member(std::string_view key, const boost::json::value& value, std::size_t indent);
std::string member(std::string_view key, std::string_view text, std::size_t indent);

// A comma unless it is the first, and a new line.
std::string next_line(bool is_first, std::size_t indent);

}  // namespace gantry::exporters::pinax
