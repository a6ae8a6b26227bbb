// Nodes of a file as far as an export reads them: the paints and the text properties of the nodes
// that stand for styles. Pure; the parser is strict like those of model.hpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/figma/model/color.hpp"

namespace gantry::figma {

struct GradientStop {
  double position = 0;
  Color color;

  bool operator==(const GradientStop&) const = default;
};

// A fill. The first of a node lies at the bottom.
struct Paint {
  enum class Kind {
    kSolid,
    kLinearGradient,
    kRadialGradient,
    kAngularGradient,
    kDiamondGradient,
    kOther,  // a picture, a pattern, and what Figma has added since
  };

  Kind kind = Kind::kOther;
  bool visible = true;
  std::optional<double> opacity;    // from 0 to 1, where Figma tells it
  Color color;                      // of a solid paint
  std::vector<GradientStop> stops;  // of a gradient

  bool operator==(const Paint&) const = default;
};

struct TextProperties {
  enum class LineHeightUnit {
    kPixels,
    kFontSizePercent,
    kIntrinsic,  // as the font has it
  };
  enum class Case { kOriginal, kUpper, kLower, kTitle, kSmallCaps, kSmallCapsForced };

  std::string family;           // may be empty
  std::string postscript_name;  // may be empty
  double weight = 400;
  double size = 0;         // in pixels, as are the next two
  double line_height = 0;  // whatever the unit that the designer has chosen
  double letter_spacing = 0;
  LineHeightUnit line_height_unit = LineHeightUnit::kIntrinsic;
  Case text_case = Case::kOriginal;

  bool operator==(const TextProperties&) const = default;
};

struct Node {
  std::string name;
  std::string type;  // "RECTANGLE", "TEXT", ...
  std::vector<Paint> fills;
  std::optional<TextProperties> text;

  bool operator==(const Node&) const = default;
};

// By id: nothing for one that the file does not have.
using Nodes = std::map<std::string, std::optional<Node>>;

// GET /v1/files/:key/nodes. Nothing is held of what lies inside the nodes, however much that is.
Nodes parse_nodes(std::string_view body);

}  // namespace gantry::figma
