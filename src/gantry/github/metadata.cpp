#include "gantry/github/metadata.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/pretty_json.hpp"
#include "gantry/github/literals.hpp"

namespace gantry::github {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostItems = 50'000;
constexpr std::size_t kMostTexts = 1'000;

std::string text_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Texts of a list, and the paths of objects in it.
std::vector<std::string> texts_at(const json::object& object, const char* key) {
  std::vector<std::string> texts;
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return texts;
  for (const json::value& item : value->get_array()) {
    std::string text;
    if (item.is_string()) text = std::string(item.get_string());
    if (item.is_object()) text = text_of(item.get_object(), "path");
    if (!text.empty() && texts.size() < kMostTexts) texts.push_back(std::move(text));
  }
  return texts;
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

class Collector {
 public:
  explicit Collector(std::string_view style) : style_(style) {}

  // Recursion is as deep as the parsers allow.
  void collect(const json::value& value) {
    if (value.is_array()) {
      for (const json::value& item : value.get_array()) collect(item);
    }
    if (!value.is_object()) return;
    const json::object& object = value.get_object();
    std::string name = text_of(object, "name");
    std::string type = text_of(object, "type");
    if (!name.empty() && !type.empty()) return add(object, std::move(name), std::move(type));
    const json::value* own = style_.empty() ? nullptr : object.if_contains(style_);
    if (own != nullptr) collect(*own);
    for (const auto& member : object) {
      if (&member.value() != own) collect(member.value());
    }
  }

  MetadataByName take() { return std::move(items_); }

 private:
  void add(const json::object& object, std::string name, std::string type) {
    if (items_.size() == kMostItems) {
      throw Error(ErrorCode::kTooLarge, "more than 50000 components in a registry");
    }
    Metadata item{name, std::move(type), texts_at(object, "dependencies"),
                  texts_at(object, "registryDependencies"), texts_at(object, "files")};
    items_.try_emplace(std::move(name), std::move(item));
  }

  std::string_view style_;
  MetadataByName items_;
};

}  // namespace

std::string Metadata::to_json() const {
  return pretty_json(json::object{{"name", name},
                                  {"type", type},
                                  {"dependencies", array_of(dependencies)},
                                  {"registryDependencies", array_of(registry_dependencies)},
                                  {"files", array_of(files)}});
}

MetadataByName parse_registry_file(std::string_view text, std::string_view path,
                                   std::string_view style) {
  if (text.size() > kLargestRegistryFile) {
    throw Error(ErrorCode::kTooLarge, fmt::format("{}: more than 16 MiB", path));
  }
  Collector collector(style);
  if (path.ends_with(".json")) {
    json::error_code failure;
    json::value document = json::parse(text, failure);
    if (failure) {
      throw Error(ErrorCode::kBadResponse, fmt::format("{}: no JSON: {}", path, failure.message()));
    }
    collector.collect(document);
  } else {
    try {
      for (const json::value& value : read_literals(text)) collector.collect(value);
    } catch (const Error& error) {
      throw error.in(path);
    }
  }
  MetadataByName items = collector.take();
  if (items.empty()) {
    throw Error(ErrorCode::kBadResponse, fmt::format("{}: it names no component", path));
  }
  return items;
}

}  // namespace gantry::github
