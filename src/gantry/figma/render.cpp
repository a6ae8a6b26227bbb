#include "gantry/figma/render.hpp"

#include <fmt/format.h>

namespace gantry::figma {

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kSvg:
      return "svg";
    case ImageFormat::kPng:
      return "png";
    case ImageFormat::kJpg:
      return "jpg";
    case ImageFormat::kPdf:
      return "pdf";
  }
  return "svg";
}

std::string RenderOptions::query() const {
  std::string text = fmt::format("format={}&use_absolute_bounds=true", to_string(format));
  if (format == ImageFormat::kSvg) text += "&svg_include_id=false&svg_simplify_stroke=false";
  if (format == ImageFormat::kPng || format == ImageFormat::kJpg) {
    text += fmt::format("&scale={}", scale);
  }
  return text;
}

}  // namespace gantry::figma
