#include "gantry/base/pretty_json.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace gantry {
namespace {

namespace json = boost::json;

// Boost.JSON keeps the order of members but prints on one line, and 1.5 as 1.5E0.
void print(const json::value& value, std::size_t indent, std::string& out) {
  auto print_items = [&](char open, char close, const auto& items, auto print_item) {
    out += open;
    bool first = true;
    for (const auto& item : items) {
      out += first ? "\n" : ",\n";
      out.append(indent + 2, ' ');
      print_item(item);
      first = false;
    }
    if (!first) out.append("\n").append(indent, ' ');
    out += close;
  };
  if (const auto* object = value.if_object()) {
    print_items('{', '}', *object, [&](const json::key_value_pair& member) {
      out += json::serialize(json::string(member.key())) + ": ";
      print(member.value(), indent + 2, out);
    });
  } else if (const auto* array = value.if_array()) {
    print_items('[', ']', *array, [&](const json::value& item) { print(item, indent + 2, out); });
  } else if (const auto* number = value.if_double()) {
    out += fmt::format("{}", *number);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string pretty_json(const json::value& value, std::size_t indent) {
  std::string text;
  print(value, indent, text);
  return text;
}

}  // namespace gantry
