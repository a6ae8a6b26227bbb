// How a node is drawn, as GET /v1/images is asked for it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gantry::figma {

enum class ImageFormat { kSvg, kPng, kJpg, kPdf };
std::string_view to_string(ImageFormat format);

// The scale counts for PNG and JPEG only.
struct RenderOptions {
  ImageFormat format = ImageFormat::kSvg;
  double scale = 1;

  // The query without its ids; also part of what names a drawing.
  std::string query() const;
};

}  // namespace gantry::figma
