#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <png.h>

#include "gantry/base/error.hpp"

#include "apps/sandbox/drawing.hpp"

namespace gantry::sandbox {
namespace {

// A picture has at most this many pixels a side, so that no request can ask for gigabytes.
constexpr int kMaxSide = 4096;

int side_of(const Drawing& drawing, double scale) {
  return std::clamp(static_cast<int>(std::lround(drawing.size * scale)), 1, kMaxSide);
}

struct Color {
  unsigned red, green, blue;
};

Color color_of(const Drawing& drawing) {
  const auto value = std::stoul(main_color(drawing).substr(1), nullptr, 16);
  return {static_cast<unsigned>(value >> 16) & 255U, static_cast<unsigned>(value >> 8) & 255U,
          static_cast<unsigned>(value) & 255U};
}

void append_segment(std::string& out, unsigned char marker, std::string_view payload) {
  const auto length = payload.size() + 2;
  out += '\xff';
  out += static_cast<char>(marker);
  out += static_cast<char>(length >> 8);
  out += static_cast<char>(length & 255);
  out += payload;
}

// A Huffman table with the one code "0" for the one symbol 0.
std::string one_code_table(char class_and_id) {
  std::string table(18, '\0');
  table[0] = class_and_id;
  table[1] = 1;
  return table;
}

}  // namespace

std::string draw_png(const Drawing& drawing, double scale) {
  const int side = side_of(drawing, scale);
  const auto color = color_of(drawing);
  const double radius = side * (0.25 + static_cast<double>(drawing.seed % 16) / 64.0);
  std::vector<png_byte> pixels;
  pixels.reserve(static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 4);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const bool inside = std::hypot(x + 0.5 - side / 2.0, y + 0.5 - side / 2.0) < radius;
      for (const auto part : {color.red, color.green, color.blue, 255U}) {
        pixels.push_back(inside ? static_cast<png_byte>(part) : png_byte{0});
      }
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(side);
  image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_RGBA;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr)) {
    throw Error(ErrorCode::kInternal, fmt::format("cannot encode a PNG: {}", image.message));
  }
  bytes.resize(size);
  return bytes;
}

// Every 8 by 8 block is two bits: no difference to the block before, nothing else.
std::string draw_jpg(const Drawing& drawing, std::string_view node_id, double scale) {
  const int side = side_of(drawing, scale);
  const auto low = static_cast<char>(side & 255);
  const auto high = static_cast<char>(side >> 8);
  std::string bytes = "\xff\xd8";
  append_segment(bytes, 0xe0, std::string_view("JFIF\0\1\1\0\0\1\0\1\0\0", 14));
  append_segment(bytes, 0xfe, node_id);
  append_segment(bytes, 0xdb, std::string(1, '\0') + std::string(64, '\1'));
  append_segment(bytes, 0xc0, std::string{8, high, low, high, low, 1, 1, 0x11, 0});
  append_segment(bytes, 0xc4, one_code_table(0x00));
  append_segment(bytes, 0xc4, one_code_table(0x10));
  append_segment(bytes, 0xda, std::string_view("\1\1\0\0\x3f\0", 6));
  const int blocks = (side + 7) / 8;
  const int bits = blocks * blocks * 2;
  bytes.append(static_cast<std::size_t>(bits / 8), '\0');
  if (bits % 8 != 0) bytes += static_cast<char>(255 >> (bits % 8));
  return bytes + "\xff\xd9";
}

std::string draw_pdf(const Drawing& drawing, std::string_view node_id) {
  const auto color = color_of(drawing);
  const auto content =
      fmt::format("{:.3f} {:.3f} {:.3f} rg\n6 6 {} {} re f\n", color.red / 255.0,
                  color.green / 255.0, color.blue / 255.0, drawing.size - 12, drawing.size - 12);
  const std::vector<std::string> objects = {
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {0} {0}] /Contents 4 0 R "
                  "/Resources << >> >>",
                  drawing.size),
      fmt::format("<< /Length {} >>\nstream\n{}endstream", content.size(), content)};
  std::string bytes = fmt::format("%PDF-1.4\n% node {}\n", node_id);
  std::string table = fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", bytes.size());
    bytes += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  const auto start = bytes.size();
  return bytes + table +
         fmt::format("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n",
                     objects.size() + 1, start);
}

}  // namespace gantry::sandbox
