// Reads what a JSON document must hold. Everything throws Error kBadResponse that names the place:
// "children_pi[3] is not a PI".
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace gantry::archive {

[[noreturn]] void refuse(std::string_view what);

// The object that a document is; its nesting is bounded.
boost::json::object parse_object(std::string_view text);

// A string that must be there and not be empty.
std::string required_text(const boost::json::object& object, std::string_view key);
// Empty where it is absent or null.
std::string text_or_empty(const boost::json::object& object, std::string_view key);
// Null where it is absent or null.
const boost::json::object* find_object(const boost::json::object& object, std::string_view key);
const boost::json::array* find_array(const boost::json::object& object, std::string_view key);
const boost::json::object& required_object(const boost::json::value& value, std::string_view place);

}  // namespace gantry::archive
