#include "gantry/figma/model/nodes.hpp"

#include <utility>

#include "gantry/figma/model/item_reader.hpp"

namespace gantry::figma {
namespace {

using Unit = TextProperties::LineHeightUnit;
using Case = TextProperties::Case;

const std::vector<Wanted>& wanted_of_node() {
  static const std::vector<Wanted> wanted = {{"document",
                                              {{"name"},
                                               {"type"},
                                               {"fills",
                                                {{"type"},
                                                 {"visible"},
                                                 {"opacity"},
                                                 {"color"},
                                                 {"gradientStops", {{"position"}, {"color"}}}}},
                                               {"style",
                                                {{"fontFamily"},
                                                 {"fontPostScriptName"},
                                                 {"fontWeight"},
                                                 {"fontSize"},
                                                 {"lineHeightPx"},
                                                 {"lineHeightUnit"},
                                                 {"letterSpacing"},
                                                 {"textCase"}}}}}};
  return wanted;
}

Paint::Kind kind_of(std::string_view word) {
  if (word == "SOLID") return Paint::Kind::kSolid;
  if (word == "GRADIENT_LINEAR") return Paint::Kind::kLinearGradient;
  if (word == "GRADIENT_RADIAL") return Paint::Kind::kRadialGradient;
  if (word == "GRADIENT_ANGULAR") return Paint::Kind::kAngularGradient;
  if (word == "GRADIENT_DIAMOND") return Paint::Kind::kDiamondGradient;
  return Paint::Kind::kOther;
}

GradientStop stop_of(const JsonNode& stop) {
  return {.position = stop.number("position"), .color = stop.at("color").color()};
}

Paint paint_of(const JsonNode& item) {
  Paint paint;
  paint.kind = kind_of(item.text("type"));
  paint.visible = item.flag_or("visible", true);
  if (item.find("opacity")) paint.opacity = item.share("opacity");
  if (paint.kind == Paint::Kind::kOther) return paint;
  if (paint.kind == Paint::Kind::kSolid) {
    paint.color = item.at("color").color();
    return paint;
  }
  JsonNode stops = item.at("gradientStops");
  paint.stops.reserve(stops.array().size());
  for (std::size_t i = 0; i < stops.array().size(); ++i)
    paint.stops.push_back(stop_of(stops.at(i)));
  return paint;
}

// Figma tells the height in pixels whatever the unit, so a unit that it adds needs no other.
Unit unit_of(std::string_view word) {
  if (word == "INTRINSIC_%") return Unit::kIntrinsic;
  if (word == "FONT_SIZE_%") return Unit::kFontSizePercent;
  return Unit::kPixels;
}

Case case_of(std::string_view word) {
  if (word == "UPPER") return Case::kUpper;
  if (word == "LOWER") return Case::kLower;
  if (word == "TITLE") return Case::kTitle;
  if (word == "SMALL_CAPS") return Case::kSmallCaps;
  if (word == "SMALL_CAPS_FORCED") return Case::kSmallCapsForced;
  return Case::kOriginal;
}

TextProperties text_of(const JsonNode& style) {
  TextProperties text;
  text.family = style.optional_text("fontFamily");
  text.postscript_name = style.optional_text("fontPostScriptName");
  text.weight = style.number_or("fontWeight", text.weight);
  text.size = style.number("fontSize");
  text.letter_spacing = style.number_or("letterSpacing", 0);
  text.text_case = case_of(style.optional_text("textCase"));
  if (auto height = style.find("lineHeightPx")) {
    text.line_height = height->number();
    text.line_height_unit = unit_of(style.optional_text("lineHeightUnit"));
  }
  return text;
}

Node node_of(const JsonNode& document) {
  Node node{.name = document.text("name"), .type = document.optional_text("type")};
  if (auto fills = document.find("fills")) {
    node.fills.reserve(fills->array().size());
    for (std::size_t i = 0; i < fills->array().size(); ++i) {
      node.fills.push_back(paint_of(fills->at(i)));
    }
  }
  // Other nodes than texts have none, or one without a font.
  if (auto style = document.find("style"); style && node.type == "TEXT") {
    node.text = text_of(*style);
  }
  return node;
}

}  // namespace

Nodes parse_nodes(std::string_view body) {
  Nodes nodes;
  Listing list{.key = "nodes",
               .kind = Listing::Kind::kObject,
               .wanted = wanted_of_node(),
               .take =
                   [&](const JsonNode& item, std::string_view id) {
                     auto& node = nodes[std::string(id)];
                     node.reset();
                     if (!item.value().is_null()) node = node_of(item.at("document"));
                   },
               .restart = [&] { nodes.clear(); }};
  read_items(body, "", {&list, 1});
  return nodes;
}

}  // namespace gantry::figma
