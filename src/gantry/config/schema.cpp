#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "gantry/base/pretty_json.hpp"
#include "gantry/config/config.hpp"
#include "gantry/config/keys.hpp"
#include "gantry/config/words.hpp"

namespace gantry::config {
namespace {

namespace json = boost::json;

template <Section Struct>
json::object schema_of(Struct& section, std::string_view path, Form form = Form::kSingle);

json::object schema_of(const std::string& /*type*/, const Limits& /*limits*/) {
  return {{"type", "string"}};
}

json::object schema_of(bool /*type*/, const Limits& /*limits*/) { return {{"type", "boolean"}}; }

json::object number_schema(std::string_view type, const Limits& limits) {
  json::object schema{{"type", type}};
  if (!limits.choices.empty()) schema["enum"] = json::value_from(limits.choices);
  if (limits.bounded()) {
    schema["minimum"] = limits.minimum;
    schema["maximum"] = limits.maximum;
  }
  return schema;
}

json::object schema_of(int /*type*/, const Limits& limits) {
  return number_schema("integer", limits);
}
json::object schema_of(const NumberOrAuto& /*type*/, const Limits& limits) {
  return {{"oneOf", json::array{number_schema("integer", limits), {{"const", "auto"}}}}};
}
json::object schema_of(double /*type*/, const Limits& limits) {
  return number_schema("number", limits);
}
json::object schema_of(Seconds /*type*/, const Limits& limits) {
  return number_schema("number", limits);
}

template <Enumerated Enum>
json::object schema_of(Enum /*type*/, const Limits& /*limits*/) {
  json::array texts;
  for (const auto& word : words_of(Enum{})) texts.emplace_back(word.first);
  return {{"type", "string"}, {"enum", std::move(texts)}};
}

json::object schema_of(const std::vector<std::string>& /*type*/, const Limits& limits) {
  return {{"type", "array"}, {"items", schema_of(std::string(), limits)}};
}
json::object schema_of(const std::vector<double>& /*type*/, const Limits& limits) {
  return {{"type", "array"}, {"items", schema_of(0.0, limits)}, {"minItems", 1}};
}

template <class T>
json::object schema_of(const std::optional<T>& /*type*/, const Limits& limits) {
  return schema_of(T{}, limits);
}

template <Enumerated Enum>
json::value default_of(const Enum& value) {
  for (const auto& [text, enumerator] : words_of(Enum{})) {
    if (enumerator == value) return json::string(text);
  }
  return nullptr;
}
template <class T>
json::value default_of(const T& value) {
  return json::value_from(value);
}

// The visitor that describe() leads through the keys of one section.
class SchemaFields {
 public:
  SchemaFields(std::string_view path, Form form) : path_(path), form_(form) {}

  template <class T>
  void required(std::string_view key, T& member, std::string_view meaning,
                const Limits& limits = {}) {
    add(key, member, meaning, limits, false);
    required_.emplace_back(key);
  }
  template <class T>
  void optional(std::string_view key, T& member, std::string_view meaning,
                const Limits& limits = {}) {
    add(key, member, meaning, limits, true);
  }
  template <class T>
  void list_only(std::string_view key, T& member, std::string_view meaning) {
    if (form_ == Form::kList) optional(key, member, meaning);
  }
  template <class Struct>
  void list_only_keys(std::optional<Struct>& /*member*/) {
    Struct keys;
    if (form_ == Form::kList) describe(*this, keys);
  }
  void needs(std::string_view switch_key, bool /*on*/, std::string_view key, bool /*given*/) {
    condition_["if"] = {{"properties", {{switch_key, {{"const", true}}}}},
                        {"required", json::array{switch_key}}};
    condition_["then"] = {{"required", json::array{key}}};
  }

  json::object finish() {
    json::object schema{{"type", "object"}, {"properties", std::move(properties_)}};
    if (!required_.empty()) schema["required"] = std::move(required_);
    schema["additionalProperties"] = false;
    for (auto& member : condition_) schema[member.key()] = std::move(member.value());
    return schema;
  }

 private:
  static json::object heading(std::string_view title, std::string_view meaning) {
    return {{"title", title}, {"description", meaning}};
  }

  static void append(json::object& schema, json::object more) {
    for (auto& member : more) schema[member.key()] = std::move(member.value());
  }

  std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }

  template <class T>
  void add(std::string_view key, T& member, std::string_view meaning, const Limits& limits,
           bool has_default) {
    json::object schema = heading(path_of(key), meaning);
    append(schema, schema_of(member, limits));
    if (has_default) add_default(schema, member);
    properties_[key] = std::move(schema);
  }
  template <Section Struct>
  void add(std::string_view key, Struct& section, std::string_view meaning,
           const Limits& /*limits*/, bool /*has_default*/) {
    json::object schema = heading(path_of(key), meaning);
    append(schema, schema_of(section, path_of(key)));
    properties_[key] = std::move(schema);
  }
  template <Section Struct>
  void add(std::string_view key, std::optional<Struct>& /*member*/, std::string_view meaning,
           const Limits& limits, bool has_default) {
    Struct section;
    add(key, section, meaning, limits, has_default);
  }
  template <class Entry>
  void add(std::string_view key, Sections<Entry>& /*member*/, std::string_view meaning,
           const Limits& /*limits*/, bool /*has_default*/) {
    Entry entry;
    std::string path = path_of(key);
    json::object schema = heading(path, meaning);
    json::object items = schema_of(entry, path + "[]", Form::kList);
    schema["oneOf"] = json::array{schema_of(entry, path),
                                  json::object{{"type", "array"}, {"items", std::move(items)}}};
    properties_[key] = std::move(schema);
  }

  template <class T>
  static void add_default(json::object& schema, const T& member) {
    schema["default"] = default_of(member);
  }
  template <class T>
  static void add_default(json::object& /*schema*/, const std::optional<T>& /*member*/) {}

  std::string path_;
  Form form_;
  json::object properties_;
  json::array required_;
  json::object condition_;
};

template <Section Struct>
json::object schema_of(Struct& section, std::string_view path, Form form) {
  SchemaFields fields(path, form);
  describe(fields, section);
  return fields.finish();
}

}  // namespace

std::string json_schema() {
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"title", "Gantry configuration"},
                      {"description", "What Gantry exports from Figma, and where to"}};
  Config config;
  for (auto& member : schema_of(config, "")) schema[member.key()] = std::move(member.value());
  return pretty_json(schema) + "\n";
}

}  // namespace gantry::config
