#include "gantry/base/relative_path.hpp"

#include <algorithm>
#include <array>

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace {

constexpr std::size_t kLongestName = 255;

bool is_utf8(std::string_view text) {
  auto length = static_cast<std::int32_t>(text.size());
  std::int32_t offset = 0;
  while (offset < length) {
    UChar32 point = 0;
    U8_NEXT(text.data(), offset, length, point);
    if (point < 0) return false;
  }
  return true;
}

}  // namespace

bool is_reserved_on_windows(std::string_view segment) {
  std::string stem(segment.substr(0, segment.find('.')));
  std::transform(stem.begin(), stem.end(), stem.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  constexpr std::array<std::string_view, 4> kDevices = {"CON", "PRN", "AUX", "NUL"};
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) return true;
  if (!stem.starts_with("COM") && !stem.starts_with("LPT")) return false;
  std::string_view port = std::string_view(stem).substr(3);
  if (port.size() == 1) return port[0] >= '1' && port[0] <= '9';
  return port == "\u00b9" || port == "\u00b2" || port == "\u00b3";
}

std::optional<std::string> unsafe_segment(std::string_view segment) {
  if (segment.empty()) return "it is empty";
  if (segment == "." || segment == "..") return "it leads to another folder";
  if (segment.size() > kLongestName) return "it is longer than 255 bytes";
  if (!is_utf8(segment)) return "it is not UTF-8";
  for (char c : segment) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return "it has a control character";
    if (std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos) {
      return std::string("it has the character ") + c;
    }
  }
  if (segment.back() == '.' || segment.back() == ' ') return "it ends with a dot or a space";
  if (is_reserved_on_windows(segment)) return "it is a device name on Windows";
  return std::nullopt;
}

RelativePath::RelativePath(std::string_view text) : text_(text) {
  std::string_view rest = text;
  while (true) {
    std::size_t slash = rest.find('/');
    if (auto reason = unsafe_segment(rest.substr(0, slash))) {
      throw Error(ErrorCode::kUnsafe, "the path '" + text_ + "' is refused: " + *reason);
    }
    if (slash == std::string_view::npos) return;
    rest.remove_prefix(slash + 1);
  }
}

std::string collision_key(std::string_view text) {
  // Nearly all names are ASCII, which ICU would turn into UTF-16 and back.
  if (std::all_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    std::string key(text);
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return key;
  }
  UErrorCode status = U_ZERO_ERROR;
  const auto* nfc = icu::Normalizer2::getNFCInstance(status);
  icu::UnicodeString folded = icu::UnicodeString::fromUTF8(std::string(text)).foldCase();
  if (U_SUCCESS(status)) folded = nfc->normalize(folded, status);
  std::string key;
  folded.toUTF8String(key);
  return key;
}

std::filesystem::path output_root(std::string_view configured) {
  if (configured.empty()) {
    throw Error(ErrorCode::kInvalidConfig, "an output path is empty");
  }
  std::filesystem::path path = std::filesystem::path(configured).lexically_normal();
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  return path;
}

}  // namespace gantry
