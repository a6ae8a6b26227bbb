#include "gantry/cli/display_text.hpp"

#include <cstdint>

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace gantry::cli {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The code point at `at`, which moves behind it; negative: not UTF-8.
UChar32 next(std::string_view text, std::size_t& at) {
  const char* bytes = text.data();
  auto length = static_cast<std::int64_t>(text.size());
  auto index = static_cast<std::int64_t>(at);
  UChar32 c = 0;
  U8_NEXT(bytes, index, length, c);
  at = static_cast<std::size_t>(index);
  return c;
}

bool is_control(UChar32 c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

bool turns_direction(UChar32 c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
}

std::size_t width_of(UChar32 c) {
  switch (u_charType(c)) {
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_FORMAT_CHAR:
      return 0;
    default:
      break;
  }
  auto width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

std::string shown(std::string_view text, bool keep_lines) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t begin = at;
    UChar32 c = next(text, at);
    if (c < 0) {
      result += kReplacement;
    } else if (c == '\n') {
      result += keep_lines ? '\n' : ' ';
    } else if (is_control(c)) {
      result += fmt::format("\\x{:02x}", c);
    } else if (!turns_direction(c)) {
      result += text.substr(begin, at - begin);
    }
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return shown(text, true); }

std::string printable_line(std::string_view text) { return shown(text, false); }

std::string valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t begin = at;
    result += next(text, at) < 0 ? kReplacement : text.substr(begin, at - begin);
  }
  return result;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) width += width_of(next(text, at));
  return width;
}

std::string cut(const std::string& text, std::size_t columns) {
  if (width_of(text) <= columns) return text;
  if (columns == 0) return "";
  std::size_t width = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    width += width_of(next(text, at));
    if (width > columns - 1) break;
  }
  return text.substr(0, end) + "…";
}

std::string fitted(const std::string& text, std::size_t columns) {
  std::string result = cut(text, columns);
  return result + std::string(columns - width_of(result), ' ');
}

}  // namespace gantry::cli
