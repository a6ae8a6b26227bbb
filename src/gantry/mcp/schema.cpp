#include "gantry/mcp/schema.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/mcp/json_rpc.hpp"

namespace gantry::mcp {
namespace {

constexpr std::size_t kMostFaults = 20;

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  return type == "null" && value.is_null();
}

class Check {
 public:
  std::vector<std::string> faults;

  void value(const json::value& value, const json::object& schema, const std::string& path) {
    if (!type_fits(value, schema, path)) return;
    choice(value, schema, path);
    if (value.is_string()) {
      bounds(characters_of(value.get_string()), schema, path, "Length", "characters");
    } else if (value.is_number()) {
      number(value.to_number<double>(), schema, path);
    } else if (const json::array* items = value.if_array()) {
      bounds(items->size(), schema, path, "Items", "items");
      array(*items, schema, path);
    } else if (const json::object* members = value.if_object()) {
      object(*members, schema, path);
    }
  }

 private:
  void fault(const std::string& path, std::string_view what) {
    if (faults.size() == kMostFaults) return;
    faults.push_back(fmt::format("{} {}", path.empty() ? "the whole" : path, what));
  }

  bool type_fits(const json::value& value, const json::object& schema, const std::string& path) {
    const json::string* type = string_in(schema, "type");
    if (type == nullptr || has_type(value, *type)) return true;
    fault(path, fmt::format("is not of the type {}", std::string_view(*type)));
    return false;
  }

  void choice(const json::value& value, const json::object& schema, const std::string& path) {
    if (const json::value* only = schema.if_contains("const"); only && *only != value) {
      fault(path, "is not " + json::serialize(*only));
    }
    const json::value* choices = schema.if_contains("enum");
    if (choices == nullptr || !choices->is_array()) return;
    const json::array& list = choices->get_array();
    if (std::find(list.begin(), list.end(), value) != list.end()) return;
    fault(path, "is none of " + json::serialize(list));
  }

  void bounds(std::size_t size, const json::object& schema, const std::string& path,
              const char* what, const char* unit) {
    const json::value* least = schema.if_contains(fmt::format("min{}", what));
    const json::value* most = schema.if_contains(fmt::format("max{}", what));
    if (least && size < least->to_number<std::size_t>()) {
      fault(path, fmt::format("has less than {} {}", least->to_number<std::size_t>(), unit));
    }
    if (most && size > most->to_number<std::size_t>()) {
      fault(path, fmt::format("has more than {} {}", most->to_number<std::size_t>(), unit));
    }
  }

  void number(double value, const json::object& schema, const std::string& path) {
    const json::value* least = schema.if_contains("minimum");
    const json::value* most = schema.if_contains("maximum");
    if (least && value < least->to_number<double>()) {
      fault(path, "is less than " + json::serialize(*least));
    }
    if (most && value > most->to_number<double>()) {
      fault(path, "is more than " + json::serialize(*most));
    }
  }

  void array(const json::array& items, const json::object& schema, const std::string& path) {
    const json::object* each = object_in(schema, "items");
    if (each == nullptr) return;
    for (std::size_t i = 0; i < items.size() && faults.size() < kMostFaults; ++i) {
      value(items[i], *each, fmt::format("{}[{}]", path, i));
    }
  }

  void object(const json::object& members, const json::object& schema, const std::string& path) {
    const auto inner = [&](std::string_view name) {
      return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
    };
    const json::object* known = object_in(schema, "properties");
    if (const json::value* required = schema.if_contains("required")) {
      for (const json::value& name : required->as_array()) {
        if (!members.contains(name.as_string())) fault(inner(name.as_string()), "is missing");
      }
    }
    const json::value* others = schema.if_contains("additionalProperties");
    for (const auto& [name, member] : members) {
      const json::object* its = known == nullptr ? nullptr : object_in(*known, name);
      if (its != nullptr) {
        value(member, *its, inner(name));
      } else if (others != nullptr && *others == json::value(false)) {
        fault(inner(std::string_view(name).substr(0, 100)), "is not known");
      }
    }
  }
};

}  // namespace

std::vector<std::string> find_faults(const json::value& value, const json::object& schema) {
  Check check;
  check.value(value, schema, "");
  return std::move(check.faults);
}

}  // namespace gantry::mcp
