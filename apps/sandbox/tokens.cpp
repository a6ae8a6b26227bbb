#include "apps/sandbox/tokens.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

constexpr std::array kHues = {"red",    "coral",  "orange", "amber", "yellow", "lime",   "green",
                              "mint",   "teal",   "cyan",   "sky",   "blue",   "indigo", "violet",
                              "purple", "orchid", "pink",   "rose",  "sand",   "gray"};
constexpr std::array kShades = {50, 100, 200, 300, 400, 500, 600, 700, 800, 900};
constexpr std::array kGroups = {"background", "text",   "border", "icon",
                                "surface",    "accent", "chart",  "brand"};
constexpr std::array kWords = {"primary",  "secondary", "tertiary", "muted",   "inverse",
                               "positive", "negative",  "warning",  "overlay", "link"};
constexpr std::array kForms = {"", "_hover", "_pressed"};
constexpr std::array kRoles = {"display", "heading", "body", "label", "code"};
constexpr std::array kSizes = {"large", "medium", "small", "tiny"};
constexpr std::array kUnits = {"PIXELS", "FONT_SIZE_%", "INTRINSIC_%"};
constexpr std::string_view kOverlay = "overlay";
constexpr std::string_view kRemoteVariable =
    "VariableID:6f1c2d3e4a5b60718293a4b5c6d7e8f901234567/4:1";

template <class List>
auto of_list(const List& list, std::size_t index) {
  return list.at(index % list.size());
}

std::string numbered(std::string name, std::size_t round) {
  if (round > 0) name += fmt::format("_{}", round + 1);
  return name;
}

std::string color_name(std::size_t index) {
  const auto words = index / kGroups.size();
  const auto forms = words / kWords.size();
  return numbered(fmt::format("{}/{}{}", of_list(kGroups, index), of_list(kWords, words),
                              of_list(kForms, forms)),
                  forms / kForms.size());
}

std::uint8_t mixed(std::uint8_t from, std::uint8_t to, std::size_t tenths) {
  return static_cast<std::uint8_t>((from * (10 - tenths) + to * tenths) / 10);
}

// A colour of the palette that all others refer to.
struct Primitive {
  std::size_t hue = 0;
  std::size_t shade = 0;

  std::string id() const {
    return fmt::format("VariableID:1:{}", 10 + hue * kShades.size() + shade);
  }
  // From nearly white to nearly black.
  Rgba value(std::uint64_t seed) const {
    Random random(hash_text(kHues.at(hue), seed));
    const auto channel = [&] {
      const auto middle = static_cast<std::uint8_t>(random.between(40, 215));
      return shade < 5 ? mixed(middle, 255, 9 - 2 * shade) : mixed(middle, 0, 2 * shade - 10);
    };
    const auto red = channel();
    const auto green = channel();
    return {red, green, channel()};
  }
};

// One colour of the design in both palettes.
struct ColorToken {
  std::string name;
  Primitive light;
  Primitive dark;
  int percent = 100;

  Rgba value(Palette palette, std::uint64_t seed) const {
    auto color = (palette == Palette::kLight ? light : dark).value(seed);
    color.percent = percent;
    return color;
  }
};

ColorToken color_token(const TokenOptions& options, std::size_t index, std::uint64_t seed) {
  ColorToken token{.name = color_name(index), .light = {}, .dark = {}};
  const bool is_changed = index < static_cast<std::size_t>(options.changed);
  Random random(hash_text(token.name, seed + (is_changed ? 1 : 0)));
  const auto hue = static_cast<std::size_t>(random.below(static_cast<int>(kHues.size())));
  const auto shade = static_cast<std::size_t>(random.below(static_cast<int>(kShades.size())));
  token.light = {hue, shade};
  token.dark = {hue, kShades.size() - 1 - shade};
  if (token.name.find(kOverlay) != std::string::npos) token.percent = random.between(1, 9) * 10;
  return token;
}

std::string color_description(std::size_t index) {
  if (index % 40 == 7) return "ios";
  if (index % 40 == 8) return "android";
  return "";
}

Font font_of(std::size_t index) {
  const auto role = index % kRoles.size();
  const auto step = static_cast<int>(kSizes.size() - index / kRoles.size() % kSizes.size());
  const bool is_code = role == kRoles.size() - 1;
  Font font;
  font.family = is_code ? "Roboto Mono" : "Inter";
  font.weight = role < 2 ? 700 : 400;
  if (!is_code) font.postscript_name = role < 2 ? "Inter-Bold" : "Inter-Regular";
  font.size = (role == 0 ? 24 : 8) + 4 * step;
  font.line_height = font.size + 8;
  font.line_height_unit = of_list(kUnits, index);
  font.letter_spacing = role == 0 ? -0.5 : 0;
  if (role == 3) font.text_case = "UPPER";
  return font;
}

Style text_style(std::size_t index) {
  const auto sizes = index / kRoles.size();
  auto name = numbered(fmt::format("{}/{}", of_list(kRoles, index), of_list(kSizes, sizes)),
                       sizes / kSizes.size());
  return {.node_id = fmt::format("5:{}", 100 + index),
          .name = std::move(name),
          .description = index == 1 ? "Title 1" : "",
          .look = font_of(index)};
}

std::vector<Style> make_styles(const TokenOptions& options, std::uint64_t seed, Palette palette) {
  std::vector<Style> styles;
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.colors); ++i) {
    const auto token = color_token(options, i, seed);
    styles.push_back({.node_id = fmt::format("4:{}", 100 + i),
                      .name = token.name,
                      .description = color_description(i),
                      .look = token.value(palette, seed)});
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.text_styles); ++i) {
    styles.push_back(text_style(i));
  }
  const Gradient gradient{Primitive{0, 3}.value(seed), Primitive{11, 6}.value(seed)};
  styles.push_back(
      {.node_id = "6:1", .name = "gradient/sunset", .description = "", .look = gradient});
  styles.push_back({.node_id = "6:2", .name = "shadow/card", .description = "", .look = Shadow{}});
  styles.push_back({.node_id = "6:3", .name = "grid/page", .description = "", .look = Columns{}});
  return styles;
}

Collection primitives(std::uint64_t seed) {
  Collection collection{.id = "VariableCollectionId:1:9", .name = "Primitives", .modes = {"Value"}};
  collection.is_hidden = true;
  for (std::size_t hue = 0; hue < kHues.size(); ++hue) {
    for (std::size_t shade = 0; shade < kShades.size(); ++shade) {
      const Primitive primitive{hue, shade};
      collection.variables.push_back(
          {.id = primitive.id(),
           .name = fmt::format("{}/{}", kHues.at(hue), kShades.at(shade)),
           .values = {primitive.value(seed)},
           .description = ""});
    }
  }
  return collection;
}

// Opaque colours are aliases of primitives. Two more are no styles: one refers to another file, one
// has been deleted.
Collection colors(const TokenOptions& options, std::uint64_t seed) {
  Collection collection{
      .id = "VariableCollectionId:2:9", .name = "Colors", .modes = {"Light", "Dark"}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(options.colors); ++i) {
    const auto token = color_token(options, i, seed);
    Variable variable{.id = fmt::format("VariableID:2:{}", 10 + i),
                      .name = token.name,
                      .values = {Alias{token.light.id()}, Alias{token.dark.id()}},
                      .description = color_description(i)};
    if (token.percent < 100) {
      variable.values = {token.value(Palette::kLight, seed), token.value(Palette::kDark, seed)};
    }
    collection.variables.push_back(std::move(variable));
  }
  const Alias remote{std::string(kRemoteVariable)};
  const Alias first{Primitive{}.id()};
  collection.variables.push_back({.id = "VariableID:2:2",
                                  .name = "partner/primary",
                                  .values = {remote, remote},
                                  .description = ""});
  collection.variables.push_back({.id = "VariableID:2:3",
                                  .name = "legacy/primary",
                                  .values = {first, first},
                                  .description = "",
                                  .is_deleted = true});
  return collection;
}

Collection sizes() {
  Collection collection{
      .id = "VariableCollectionId:3:9", .name = "Sizes", .modes = {"Compact", "Regular"}};
  const auto add = [&](std::string name, auto compact, auto regular) {
    collection.variables.push_back(
        {.id = fmt::format("VariableID:3:{}", 10 + collection.variables.size()),
         .name = std::move(name),
         .values = {std::move(compact), std::move(regular)},
         .description = ""});
  };
  for (int step = 1; step <= 12; ++step) {
    add(fmt::format("spacing/{}", step), step * 3.0, step * 4.0);
  }
  add("radius/card", 7.5, 12.0);
  add("font/family", std::string("Inter"), std::string("Inter"));
  add("layout/has_sidebar", false, true);
  return collection;
}

Collection remote_colors(std::uint64_t seed) {
  Collection collection{.id = "VariableCollectionId:0a1b2c3d4e5f60718293a4b5c6d7e8f901234567/4:0",
                        .name = "Partner",
                        .modes = {"Value"}};
  collection.is_remote = true;
  collection.variables.push_back({.id = std::string(kRemoteVariable),
                                  .name = "primary",
                                  .values = {Primitive{4, 4}.value(seed)},
                                  .description = ""});
  return collection;
}

}  // namespace

std::string_view type_of(const Style& style) {
  constexpr std::array<std::string_view, 5> kTypes = {"FILL", "FILL", "TEXT", "EFFECT", "GRID"};
  return kTypes.at(style.look.index());
}

std::string Collection::mode_id(std::size_t mode) const {
  const auto last = id.rfind(':');
  const auto start = id.find_last_of(":/", last - 1) + 1;
  return fmt::format("{}:{}", id.substr(start, last - start), mode);
}

const Style* Tokens::find_style(std::string_view node_id) const {
  const auto found = std::find_if(styles.begin(), styles.end(),
                                  [&](const Style& style) { return style.node_id == node_id; });
  return found == styles.end() ? nullptr : &*found;
}

Tokens make_tokens(const TokenOptions& options, std::uint64_t seed, Palette palette) {
  return {.styles = make_styles(options, seed, palette),
          .collections = {primitives(seed), colors(options, seed), sizes(), remote_colors(seed)}};
}

}  // namespace gantry::sandbox
