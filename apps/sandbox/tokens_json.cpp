#include "apps/sandbox/tokens_json.hpp"

#include <utility>

#include <fmt/format.h>

#include "apps/sandbox/figma_json.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr double kHundred = 100;

// Figma holds channels in 32 bits: 196 of 255 is written 0.7686274647712708.
double channel(std::uint8_t value) {
  return static_cast<double>(static_cast<float>(value) / 255.0F);
}

json::object rgba(const Rgba& color, double alpha) {
  return {{"r", channel(color.red)},
          {"g", channel(color.green)},
          {"b", channel(color.blue)},
          {"a", alpha}};
}

json::object solid(const Rgba& color) {
  json::object paint{{"blendMode", "NORMAL"}, {"type", "SOLID"}, {"color", rgba(color, 1)}};
  if (color.percent < 100) paint["opacity"] = color.percent / kHundred;
  return paint;
}

json::object linear(const Gradient& gradient) {
  const auto point = [](double x, double y) { return json::object{{"x", x}, {"y", y}}; };
  return {{"blendMode", "NORMAL"},
          {"type", "GRADIENT_LINEAR"},
          {"gradientHandlePositions", {point(0.5, 0), point(0.5, 1), point(0, 0)}},
          {"gradientStops",
           {json::object{{"position", 0}, {"color", rgba(gradient.from, 1)}},
            json::object{{"position", 1}, {"color", rgba(gradient.to, 1)}}}}};
}

json::object node_of(const Style& style, std::string_view type) {
  const json::object box{{"x", 0}, {"y", 0}, {"width", 80}, {"height", 80}};
  return {{"id", style.node_id},
          {"name", style.name},
          {"type", type},
          {"scrollBehavior", "SCROLLS"},
          {"blendMode", "PASS_THROUGH"},
          {"fills", json::array()},
          {"strokes", json::array()},
          {"strokeWeight", 1},
          {"strokeAlign", "INSIDE"},
          {"absoluteBoundingBox", box},
          {"absoluteRenderBounds", nullptr},
          {"effects", json::array()}};
}

json::object type_style(const Font& font) {
  json::object style{{"fontFamily", font.family},
                     {"fontPostScriptName", nullptr},
                     {"fontWeight", font.weight},
                     {"fontSize", font.size},
                     {"textAlignHorizontal", "LEFT"},
                     {"textAlignVertical", "TOP"},
                     {"letterSpacing", font.letter_spacing},
                     {"lineHeightPx", font.line_height},
                     {"lineHeightPercent", 100},
                     {"lineHeightUnit", font.line_height_unit}};
  if (!font.postscript_name.empty()) style["fontPostScriptName"] = font.postscript_name;
  if (font.line_height_unit == "FONT_SIZE_%") {
    style["lineHeightPercentFontSize"] = kHundred * font.line_height / font.size;
  }
  if (!font.text_case.empty()) style["textCase"] = font.text_case;
  return style;
}

json::object node_with(const Style& style, const Rgba& color) {
  auto node = node_of(style, "RECTANGLE");
  node["fills"] = json::array{solid(color)};
  return node;
}

json::object node_with(const Style& style, const Gradient& gradient) {
  auto node = node_of(style, "RECTANGLE");
  node["fills"] = json::array{linear(gradient)};
  return node;
}

json::object node_with(const Style& style, const Font& font) {
  auto node = node_of(style, "TEXT");
  node["fills"] = json::array{solid({})};
  node["characters"] = "Ag";
  node["style"] = type_style(font);
  node["characterStyleOverrides"] = json::array();
  node["styleOverrideTable"] = json::object();
  node["lineTypes"] = json::array{"NONE"};
  node["lineIndentations"] = json::array{0};
  node["layoutVersion"] = 4;
  return node;
}

json::object node_with(const Style& style, const Shadow&) {
  auto node = node_of(style, "RECTANGLE");
  node["effects"] = json::array{json::object{{"type", "DROP_SHADOW"},
                                             {"visible", true},
                                             {"color", rgba({}, 0.25)},
                                             {"blendMode", "NORMAL"},
                                             {"offset", {{"x", 0}, {"y", 4}}},
                                             {"radius", 4},
                                             {"showShadowBehindNode", false}}};
  return node;
}

json::object node_with(const Style& style, const Columns&) {
  auto node = node_of(style, "FRAME");
  node["children"] = json::array();
  node["clipsContent"] = true;
  node["layoutGrids"] = json::array{json::object{{"pattern", "COLUMNS"},
                                                 {"sectionSize", 10},
                                                 {"visible", true},
                                                 {"color", rgba({255, 0, 0}, 0.1)},
                                                 {"alignment", "STRETCH"},
                                                 {"gutterSize", 16},
                                                 {"offset", 0},
                                                 {"count", 12}}};
  return node;
}

json::value value_json(bool value) { return value; }
json::value value_json(double value) { return value; }
json::value value_json(const std::string& value) { return json::string(value); }
json::value value_json(const Rgba& value) { return rgba(value, value.percent / kHundred); }
json::value value_json(const Alias& value) {
  return json::object{{"type", "VARIABLE_ALIAS"}, {"id", value.id}};
}

// Aliases are of colours only.
std::string_view type_of(const Variable& variable) {
  const auto& value = variable.values.front();
  if (std::holds_alternative<bool>(value)) return "BOOLEAN";
  if (std::holds_alternative<double>(value)) return "FLOAT";
  return std::holds_alternative<std::string>(value) ? "STRING" : "COLOR";
}

json::object variable_json(const File& file, const Collection& collection,
                           const Variable& variable) {
  json::object values;
  for (std::size_t i = 0; i < variable.values.size(); ++i) {
    values[collection.mode_id(i)] =
        std::visit([](const auto& value) { return value_json(value); }, variable.values[i]);
  }
  json::object item{{"id", variable.id},
                    {"name", variable.name},
                    {"remote", collection.is_remote},
                    {"key", component_key(file.key, variable.id)},
                    {"variableCollectionId", collection.id},
                    {"resolvedType", type_of(variable)},
                    {"description", variable.description},
                    {"hiddenFromPublishing", collection.is_hidden},
                    {"valuesByMode", std::move(values)},
                    {"scopes", json::array{"ALL_SCOPES"}},
                    {"codeSyntax", json::object()}};
  if (variable.is_deleted) item["deletedButReferenced"] = true;
  return item;
}

json::object collection_json(const File& file, const Collection& collection) {
  json::array modes;
  for (std::size_t i = 0; i < collection.modes.size(); ++i) {
    modes.push_back(json::object{{"modeId", collection.mode_id(i)}, {"name", collection.modes[i]}});
  }
  json::array ids;
  for (const auto& variable : collection.variables) ids.emplace_back(variable.id);
  return {{"id", collection.id},
          {"name", collection.name},
          {"key", component_key(file.key, collection.id)},
          {"defaultModeId", collection.mode_id(0)},
          {"modes", std::move(modes)},
          {"remote", collection.is_remote},
          {"hiddenFromPublishing", collection.is_hidden},
          {"isExtension", false},
          {"variableIds", std::move(ids)}};
}

}  // namespace

json::array published_styles(const File& file) {
  json::array items;
  if (!file.tokens) return items;
  for (const auto& style : file.tokens->styles) {
    auto item = published_item(file, component_key(file.key, style.node_id), style.node_id,
                               style.name, style.description);
    item["style_type"] = type_of(style);
    item["sort_position"] = fmt::format("{:06}", items.size());
    items.push_back(std::move(item));
  }
  return items;
}

json::object variables_json(const File& file) {
  json::object variables;
  json::object collections;
  if (file.tokens) {
    for (const auto& collection : file.tokens->collections) {
      collections[collection.id] = collection_json(file, collection);
      for (const auto& variable : collection.variables) {
        variables[variable.id] = variable_json(file, collection, variable);
      }
    }
  }
  return {{"variableCollections", std::move(collections)}, {"variables", std::move(variables)}};
}

json::object styles_by_node(const File& file) {
  json::object styles;
  if (!file.tokens) return styles;
  for (const auto& style : file.tokens->styles) {
    styles[style.node_id] = json::object{{"key", component_key(file.key, style.node_id)},
                                         {"name", style.name},
                                         {"styleType", type_of(style)},
                                         {"remote", false},
                                         {"description", style.description}};
  }
  return styles;
}

json::object style_node_json(const Style& style) {
  return std::visit([&](const auto& look) { return node_with(style, look); }, style.look);
}

}  // namespace gantry::sandbox
