#include "gantry/archive/json_reader.hpp"

#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::archive {

namespace json = boost::json;

namespace {

constexpr std::size_t kDeepest = 32;

// Null where it is absent or null.
const json::value* find(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

}  // namespace

void refuse(std::string_view what) { throw Error(ErrorCode::kBadResponse, std::string(what)); }

json::object parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDeepest;
  json::error_code failure;
  json::value value = json::parse(text, failure, {}, options);
  if (failure) refuse(fmt::format("it is not JSON ({})", failure.message()));
  if (!value.is_object()) refuse("it is not a JSON object");
  return std::move(value.as_object());
}

std::string required_text(const json::object& object, std::string_view key) {
  std::string text = text_or_empty(object, key);
  if (text.empty()) refuse(fmt::format("{} is missing", key));
  return text;
}

std::string text_or_empty(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse(fmt::format("{} is not a string", key));
  return std::string(std::string_view(value->get_string()));
}

const json::object* find_object(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return nullptr;
  return &required_object(*value, key);
}

const json::array* find_array(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) refuse(fmt::format("{} is not an array", key));
  return &value->get_array();
}

const json::object& required_object(const json::value& value, std::string_view place) {
  if (!value.is_object()) refuse(fmt::format("{} is not an object", place));
  return value.get_object();
}

}  // namespace gantry::archive
