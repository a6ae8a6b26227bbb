#include "gantry/figma/model/styles.hpp"

#include <unordered_set>
#include <utility>

#include "gantry/figma/model/item_reader.hpp"

namespace gantry::figma {
namespace {

const std::vector<Wanted>& wanted_of_style() {
  static const std::vector<Wanted> wanted = {{"key"},         {"node_id"},    {"name"},
                                             {"description"}, {"updated_at"}, {"style_type"}};
  return wanted;
}

StyleType type_of(std::string_view word) {
  if (word == "FILL") return StyleType::kFill;
  if (word == "TEXT") return StyleType::kText;
  if (word == "EFFECT") return StyleType::kEffect;
  if (word == "GRID") return StyleType::kGrid;
  return StyleType::kOther;
}

Style style_of(const JsonNode& item) {
  Style style{.key = item.optional_text("key"),
              .node_id = item.text("node_id"),
              .name = item.text("name"),
              .description = item.optional_text("description"),
              .updated_at = item.optional_text("updated_at"),
              .type = type_of(item.text("style_type"))};
  if (style.node_id.empty()) item.at("node_id").refuse("is empty");
  return style;
}

}  // namespace

std::vector<Style> parse_styles(std::string_view body) {
  std::vector<Style> styles;
  std::unordered_set<std::string> ids;
  Listing list{.key = "styles",
               .kind = Listing::Kind::kArray,
               .wanted = wanted_of_style(),
               .take =
                   [&](const JsonNode& item, std::string_view) {
                     Style style = style_of(item);
                     if (ids.insert(style.node_id).second) styles.push_back(std::move(style));
                   },
               .restart =
                   [&] {
                     styles.clear();
                     ids.clear();
                   }};
  read_items(body, "meta", {&list, 1});
  return styles;
}

}  // namespace gantry::figma
