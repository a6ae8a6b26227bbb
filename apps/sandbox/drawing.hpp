// The pictures of the simulated design: drawn from a seed, the same on every run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::sandbox {

enum class Palette { kLight, kDark };

// What one component shows. Equal drawings of one node are equal bytes.
struct Drawing {
  std::uint64_t seed = 0;
  Palette palette = Palette::kLight;
  int size = 24;  // of the square, in pixels at scale 1
};

// An SVG as Figma writes them: definitions carry the id of their node, as in "clip0_12_34".
std::string draw_svg(const Drawing& drawing, std::string_view node_id);

// A real picture of size times scale pixels.
std::string draw_png(const Drawing& drawing, double scale);
// A grey JPEG with the node id in its comment.
std::string draw_jpg(const Drawing& drawing, std::string_view node_id, double scale);
// A page with one disc in the colour of the drawing.
std::string draw_pdf(const Drawing& drawing, std::string_view node_id);

// The main colour of a drawing: "#1F2937".
std::string main_color(const Drawing& drawing);

}  // namespace gantry::sandbox
