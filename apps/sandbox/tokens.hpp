// The styles and variables of the simulated design: colours for light and dark, text styles. The
// style of a colour and the variable of the same name have the same value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "apps/sandbox/drawing.hpp"

namespace gantry::sandbox {

struct Rgba {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  int percent = 100;  // of opacity

  bool operator==(const Rgba&) const = default;
};

struct Font {
  std::string family;
  std::string postscript_name;  // empty: Figma knows none
  int weight = 400;
  int size = 16;
  int line_height = 24;  // in pixels
  std::string_view line_height_unit;
  double letter_spacing = 0;
  std::string_view text_case;  // empty: as it was written
};

// What a style is made of decides its type: FILL, TEXT, EFFECT or GRID.
struct Gradient {
  Rgba from;
  Rgba to;
};
struct Shadow {};
struct Columns {};

struct Style {
  std::string node_id;
  std::string name;
  std::string description;
  std::variant<Rgba, Gradient, Font, Shadow, Columns> look;
};

// "FILL", "TEXT", "EFFECT" or "GRID".
std::string_view type_of(const Style& style);

struct Alias {
  std::string id;
};

struct Variable {
  std::string id;
  std::string name;
  std::vector<std::variant<bool, double, std::string, Rgba, Alias>> values;  // one a mode
  std::string description;
  bool is_deleted = false;  // but referenced
};

struct Collection {
  std::string id;
  std::string name;
  std::vector<std::string> modes;  // their names; the first is the default
  std::vector<Variable> variables;
  bool is_remote = false;
  bool is_hidden = false;

  // "2:0" for the first mode of "VariableCollectionId:2:9".
  std::string mode_id(std::size_t mode) const;
};

struct Tokens {
  std::vector<Style> styles;
  std::vector<Collection> collections;

  const Style* find_style(std::string_view node_id) const;
};

struct TokenOptions {
  int colors = 240;
  int text_styles = 20;
  int changed = 0;  // the first colours have another value
};

// The styles show the colours of the palette; the variables have both.
Tokens make_tokens(const TokenOptions& options, std::uint64_t seed, Palette palette);

}  // namespace gantry::sandbox
