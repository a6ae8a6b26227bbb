#include "gantry/exporters/pinax/json_text.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/pretty_json.hpp"

namespace gantry::exporters::pinax {
namespace json = boost::json;

std::string member(std::string_view key, const json::value& value, std::size_t indent) {
  return fmt::format("{}{}: {}", next_line(false, indent), json::serialize(json::string(key)),
                     pretty_json(value, indent));
}

std::string member(std::string_view key, std::string_view text, std::size_t indent) {
  return member(key, json::value(json::string(text)), indent);
}

std::string next_line(bool is_first, std::size_t indent) {
  return (is_first ? "\n" : ",\n") + std::string(indent, ' ');
}

}  // namespace gantry::exporters::pinax
