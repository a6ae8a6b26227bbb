#include "gantry/figma/model/variables.hpp"

#include <array>
#include <utility>

#include "gantry/figma/model/item_reader.hpp"

namespace gantry::figma {
namespace {

const std::vector<Wanted>& wanted_of_variable() {
  static const std::vector<Wanted> wanted = {
      {"id"},           {"name"},         {"key"},        {"variableCollectionId"},
      {"description"},  {"scopes"},       {"remote"},     {"hiddenFromPublishing"},
      {"resolvedType"}, {"valuesByMode"}, {"codeSyntax"}, {"deletedButReferenced"}};
  return wanted;
}

const std::vector<Wanted>& wanted_of_collection() {
  static const std::vector<Wanted> wanted = {{"id"},
                                             {"name"},
                                             {"key"},
                                             {"modes"},
                                             {"remote"},
                                             {"defaultModeId"},
                                             {"variableIds"},
                                             {"hiddenFromPublishing"},
                                             {"parentVariableCollectionId"},
                                             {"variableOverrides"}};
  return wanted;
}

VariableType type_of(std::string_view word) {
  if (word == "BOOLEAN") return VariableType::kBoolean;
  if (word == "FLOAT") return VariableType::kFloat;
  if (word == "STRING") return VariableType::kString;
  if (word == "COLOR") return VariableType::kColor;
  return VariableType::kOther;
}

bool is_alias(const JsonNode& value) { return value.optional_text("type") == "VARIABLE_ALIAS"; }

VariableAlias alias_of(const JsonNode& value) { return {.id = value.text("id")}; }

ComposedColor composed_of(const JsonNode& value) {
  ComposedColor result;
  JsonNode color = value.at("color");
  if (is_alias(color)) {
    result.color = alias_of(color);
  } else {
    result.color = color.color();
  }
  JsonNode opacity = value.at("opacity");
  if (opacity.value().is_object()) {
    result.opacity = alias_of(opacity);
  } else {
    result.opacity = value.share("opacity");
  }
  return result;
}

VariableValue value_of(const JsonNode& value) {
  if (value.value().is_bool()) return value.flag();
  if (value.value().is_number()) return value.number();
  if (value.value().is_string()) return value.text();
  if (!value.value().is_object()) return {};
  if (is_alias(value)) return alias_of(value);
  if (value.find("r")) return value.color();
  if (value.find("color") && value.find("opacity")) return composed_of(value);
  return {};
}

ValuesByMode values_of(const JsonNode& modes) {
  ValuesByMode values;
  for (const auto& field : modes.object()) {
    values.emplace(field.key(), value_of(modes.at(field.key())));
  }
  return values;
}

std::vector<std::string> texts_of(const JsonNode& list) {
  std::vector<std::string> texts;
  texts.reserve(list.array().size());
  for (std::size_t i = 0; i < list.array().size(); ++i) texts.push_back(list.at(i).text());
  return texts;
}

std::vector<VariableMode> modes_of(const JsonNode& list) {
  std::vector<VariableMode> modes;
  modes.reserve(list.array().size());
  for (std::size_t i = 0; i < list.array().size(); ++i) {
    JsonNode mode = list.at(i);
    modes.push_back({.id = mode.text("modeId"),
                     .name = mode.text("name"),
                     .parent_id = mode.optional_text("parentModeId")});
  }
  return modes;
}

void check_id(const JsonNode& item, std::string_view id) {
  JsonNode own = item.at("id");
  if (own.text() != id) own.refuse("is not the key of its object");
}

Variable variable_of(const JsonNode& item, std::string_view id) {
  check_id(item, id);
  Variable variable;
  variable.name = item.text("name");
  variable.key = item.optional_text("key");
  variable.collection_id = item.text("variableCollectionId");
  variable.description = item.optional_text("description");
  variable.type = type_of(item.text("resolvedType"));
  variable.values = values_of(item.at("valuesByMode"));
  if (auto scopes = item.find("scopes")) variable.scopes = texts_of(*scopes);
  if (auto syntax = item.find("codeSyntax")) {
    for (const auto& field : syntax->object()) {
      variable.code_syntax.emplace(field.key(), syntax->text(field.key()));
    }
  }
  variable.remote = item.flag_or("remote", false);
  variable.hidden_from_publishing = item.flag_or("hiddenFromPublishing", false);
  variable.deleted_but_referenced = item.flag_or("deletedButReferenced", false);
  return variable;
}

VariableCollection collection_of(const JsonNode& item, std::string_view id) {
  check_id(item, id);
  VariableCollection collection;
  collection.name = item.text("name");
  collection.key = item.optional_text("key");
  collection.modes = modes_of(item.at("modes"));
  collection.default_mode_id = item.text("defaultModeId");
  collection.variable_ids = texts_of(item.at("variableIds"));
  collection.remote = item.flag_or("remote", false);
  collection.hidden_from_publishing = item.flag_or("hiddenFromPublishing", false);
  collection.parent_id = item.optional_text("parentVariableCollectionId");
  if (auto overrides = item.find("variableOverrides")) {
    for (const auto& field : overrides->object()) {
      collection.overrides.emplace(field.key(), values_of(overrides->at(field.key())));
    }
  }
  return collection;
}

}  // namespace

Variables parse_variables(std::string_view body) {
  Variables result;
  std::array<Listing, 2> lists;
  lists[0] = {.key = "variableCollections",
              .kind = Listing::Kind::kObject,
              .wanted = wanted_of_collection(),
              .take =
                  [&](const JsonNode& item, std::string_view id) {
                    result.collections[std::string(id)] = collection_of(item, id);
                  },
              .restart = [&] { result.collections.clear(); }};
  lists[1] = {.key = "variables",
              .kind = Listing::Kind::kObject,
              .wanted = wanted_of_variable(),
              .take =
                  [&](const JsonNode& item, std::string_view id) {
                    result.variables[std::string(id)] = variable_of(item, id);
                  },
              .restart = [&] { result.variables.clear(); }};
  read_items(body, "meta", lists);
  return result;
}

}  // namespace gantry::figma
