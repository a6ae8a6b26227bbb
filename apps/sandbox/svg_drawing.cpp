#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "apps/sandbox/drawing.hpp"
#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {
namespace {

constexpr std::array kLightInk = {"#1F2937", "#0F766E", "#1D4ED8", "#7C3AED", "#BE123C", "#B45309"};
constexpr std::array kDarkInk = {"#F9FAFB", "#5EEAD4", "#93C5FD", "#C4B5FD", "#FDA4AF", "#FCD34D"};

// Most icons are of one ink; some have a colour of their own.
std::size_t ink_of(const Drawing& drawing) {
  Random random(mix(drawing.seed) ^ 0x1a2b);
  return random.below(4) == 0 ? static_cast<std::size_t>(random.between(1, 5)) : 0;
}

std::string stroke(std::string_view color, int width = 2) {
  return fmt::format(
      R"(stroke="{}" stroke-width="{}" stroke-linecap="round" stroke-linejoin="round")", color,
      width == 2 ? "1.5" : "2");
}

std::string circle(Random& random, std::string_view paint) {
  const int radius = random.between(3, 9);
  if (random.below(2) == 0) {
    return fmt::format(R"(<circle cx="12" cy="12" r="{}" {}/>)", radius, stroke(paint));
  }
  return fmt::format(R"(<circle cx="{}" cy="{}" r="{}" fill="{}"/>)", random.between(8, 16),
                     random.between(8, 16), std::min(radius, 5), paint);
}

std::string rectangle(Random& random, std::string_view paint) {
  const int width = random.between(6, 16);
  const int height = random.between(6, 16);
  return fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" rx="{}" {}/>)", (24 - width) / 2,
                     (24 - height) / 2, width, height, random.between(0, 3), stroke(paint));
}

std::string line(Random& random, std::string_view paint) {
  const int reach = random.between(4, 9);
  switch (random.below(4)) {
    case 0:
      return fmt::format(R"(<path d="M{} 12H{}" {}/>)", 12 - reach, 12 + reach, stroke(paint));
    case 1:
      return fmt::format(R"(<path d="M12 {}V{}" {}/>)", 12 - reach, 12 + reach, stroke(paint));
    case 2:
      return fmt::format(R"(<path d="M{0} {0}L{1} {1}" {2}/>)", 12 - reach, 12 + reach,
                         stroke(paint));
    default:
      return fmt::format(R"(<path d="M{0} {1}L{1} {0}" {2}/>)", 12 - reach, 12 + reach,
                         stroke(paint));
  }
}

std::string chevron(Random& random, std::string_view paint) {
  const int reach = random.between(3, 6);
  const int turn = random.below(4) * 90;
  return fmt::format(
      R"svg(<path d="M{0} {1}L12 {2}L{3} {1}" transform="rotate({4} 12 12)" {5}/>)svg", 12 - reach,
      12 + reach / 2, 12 - reach / 2 - 1, 12 + reach, turn, stroke(paint, 3));
}

std::string wave(Random& random, std::string_view paint) {
  const int height = random.between(2, 6);
  const int y = random.between(8, 16);
  return fmt::format(R"(<path d="M3 {0}C6 {1} 9 {1} 12 {0}C15 {2} 18 {2} 21 {0}" {3}/>)", y,
                     y - height, y + height, stroke(paint));
}

std::string blob(Random& random, std::string_view paint) {
  const int corner = random.between(2, 5);
  return fmt::format(
      R"(<path fill-rule="evenodd" clip-rule="evenodd" d="M12 {0}C{1}.5 {0} 21 7.{2} 21 12C21 )"
      R"({3}.25 17 21 12 21C7 21 3 {3}.5 3 12C3 7.{2} 6.75 {0} 12 {0}ZM12 {4}L{5} 12L12 {6}L)"
      R"({4} 12Z" fill="{7}"/>)",
      corner, 15 + corner % 3, random.between(1, 9), 14 + corner, 12 - corner, 12 + corner,
      12 + corner, paint);
}

std::string dots(Random& random, std::string_view paint) {
  std::string text;
  const int count = random.between(3, 7);
  for (int i = 0; i < count; ++i) {
    text +=
        fmt::format(R"(<circle cx="{}.{}" cy="{}.5" r="1.{}" fill="{}"/>)", random.between(4, 20),
                    random.below(10), random.between(4, 19), random.between(0, 9), paint);
  }
  return text;
}

std::string arc(Random& random, std::string_view paint) {
  const int radius = random.between(4, 9);
  return fmt::format(R"(<path d="M{0} 12A{1} {1} 0 {2} 1 12 {3}" {4}/>)", 12 - radius, radius,
                     random.below(2), 12 + radius, stroke(paint));
}

std::string shapes(Random& random, std::string_view ink, std::string_view accent) {
  constexpr std::array kMotifs = {circle, rectangle, line, chevron, wave, blob, dots, arc};
  std::string text;
  const int count = random.between(2, 4);
  for (int i = 0; i < count; ++i) {
    const auto motif = kMotifs[static_cast<std::size_t>(random.below(kMotifs.size()))];
    text += motif(random, i == 0 ? accent : ink) + "\n";
  }
  return text;
}

}  // namespace

std::string main_color(const Drawing& drawing) {
  const auto ink = ink_of(drawing);
  return drawing.palette == Palette::kLight ? kLightInk.at(ink) : kDarkInk.at(ink);
}

std::string draw_svg(const Drawing& drawing, std::string_view node_id) {
  Random random(drawing.seed);
  const bool has_clip = random.below(5) == 0;
  const bool has_gradient = random.below(8) == 0;
  std::string suffix(node_id);
  std::replace_if(
      suffix.begin(), suffix.end(), [](char c) { return c == ':' || c == ';'; }, '_');
  const auto ink = main_color(drawing);
  const auto accent = has_gradient ? fmt::format("url(#paint0_linear_{})", suffix) : ink;

  std::string body = shapes(random, ink, accent);
  std::string definitions;
  if (has_gradient) {
    definitions += fmt::format(
        "<linearGradient id=\"paint0_linear_{}\" x1=\"{}\" y1=\"3\" x2=\"12\" y2=\"21\" "
        "gradientUnits=\"userSpaceOnUse\">\n<stop stop-color=\"{}\"/>\n<stop offset=\"1\" "
        "stop-color=\"{}\" stop-opacity=\"0.{}\"/>\n</linearGradient>\n",
        suffix, random.between(3, 12), ink, ink, random.between(3, 8));
  }
  if (has_clip) {
    body = fmt::format("<g clip-path=\"url(#clip0_{})\">\n{}</g>\n", suffix, body);
    definitions += fmt::format(
        "<clipPath id=\"clip0_{}\">\n<rect width=\"24\" height=\"24\" fill=\"white\"/>\n"
        "</clipPath>\n",
        suffix);
  }
  if (!definitions.empty()) definitions = fmt::format("<defs>\n{}</defs>\n", definitions);
  return fmt::format(
      "<svg width=\"{0}\" height=\"{0}\" viewBox=\"0 0 24 24\" fill=\"none\" "
      "xmlns=\"http://www.w3.org/2000/svg\">\n{1}{2}</svg>\n",
      drawing.size, body, definitions);
}

}  // namespace gantry::sandbox
