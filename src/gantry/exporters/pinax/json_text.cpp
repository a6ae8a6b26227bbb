#include "gantry/exporters/pinax/json_text.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace gantry::exporters::pinax {
namespace {

namespace json = boost::json;

void print(const json::value& value, std::size_t indent, std::string& out) {
  auto print_items = [&](char open, char close, const auto& items, auto print_item) {
    out += open;
    bool is_first = true;
    for (const auto& item : items) {
      out += next_line(is_first, indent + 2);
      print_item(item);
      is_first = false;
    }
    if (!is_first) out += next_line(true, indent);
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
    out += fmt::format("{}", *number);  // Boost.JSON writes 1.5 as 1.5E0
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string pretty(const json::value& value, std::size_t indent) {
  std::string text;
  print(value, indent, text);
  return text;
}

std::string member(std::string_view key, const json::value& value, std::size_t indent) {
  return fmt::format("{}{}: {}", next_line(false, indent), json::serialize(json::string(key)),
                     pretty(value, indent));
}

std::string member(std::string_view key, std::string_view text, std::size_t indent) {
  return member(key, json::value(json::string(text)), indent);
}

std::string next_line(bool is_first, std::size_t indent) {
  return (is_first ? "\n" : ",\n") + std::string(indent, ' ');
}

}  // namespace gantry::exporters::pinax
