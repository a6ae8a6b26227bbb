#include "gantry/zip/member_names.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace gantry::zip {
namespace {

constexpr std::size_t kLongestPart = 255;
constexpr std::size_t kLongestPath = 4'096;
// An extension is kept when a name is cut or numbered; what is longer is none.
constexpr std::size_t kLongestExtension = 16;

bool is_forbidden(UChar32 point) {
  if (point < 0) return true;  // not UTF-8
  if (point < 0x80) {
    return point < 0x20 || point == 0x7f ||
           std::string_view("/\\:*?\"<>|").find(static_cast<char>(point)) != std::string_view::npos;
  }
  auto type = u_charType(point);
  return type == U_CONTROL_CHAR || type == U_LINE_SEPARATOR || type == U_PARAGRAPH_SEPARATOR ||
         u_hasBinaryProperty(point, UCHAR_BIDI_CONTROL) != 0;
}

std::string composed(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return text;
  icu::UnicodeString normal = nfc->normalize(icu::UnicodeString::fromUTF8(text), status);
  std::string result;
  normal.toUTF8String(result);
  return U_FAILURE(status) ? text : result;
}

void mend_end(std::string& part) {
  if (part.back() == '.' || part.back() == ' ') part.back() = '_';
}

// The part with `suffix` before its extension, cut to what a file system takes.
std::string with_suffix(std::string_view part, std::string_view suffix) {
  std::size_t dot = part.rfind('.');
  bool has_extension =
      dot != std::string_view::npos && dot > 0 && part.size() - dot <= kLongestExtension;
  std::string_view extension = has_extension ? part.substr(dot) : "";
  std::string_view stem = part.substr(0, part.size() - extension.size());
  std::size_t room = kLongestPart - suffix.size() - extension.size();
  if (stem.size() > room) {
    while ((static_cast<unsigned char>(stem[room]) & 0xc0) == 0x80) --room;  // within a character
    stem = stem.substr(0, room);
  }
  std::string result(stem);
  result.append(suffix).append(extension);
  mend_end(result);
  return result;
}

std::string safe_part(std::string_view wanted) {
  std::string part;
  bool is_ascii = true;
  auto length = static_cast<std::int32_t>(wanted.size());
  for (std::int32_t begin = 0, end = 0; end < length; begin = end) {
    UChar32 point = 0;
    U8_NEXT(wanted.data(), end, length, point);
    is_ascii = is_ascii && point >= 0 && point < 0x80;
    if (is_forbidden(point)) {
      part += '_';
    } else {
      part += wanted.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    }
  }
  if (!is_ascii) part = composed(part);
  if (is_reserved_on_windows(part)) part.insert(0, "_");
  return with_suffix(part, "");
}

// From the outermost folder to the file.
std::vector<std::string> safe_parts(std::string_view wanted) {
  std::vector<std::string> parts;
  std::size_t size = 0;
  // From the end, so that the innermost are kept and the work is bounded.
  while (!wanted.empty() && size < kLongestPath) {
    std::size_t slash = wanted.rfind('/');
    std::string_view part = slash == std::string_view::npos ? wanted : wanted.substr(slash + 1);
    wanted = slash == std::string_view::npos ? "" : wanted.substr(0, slash);
    if (part.empty() || part == "." || part == "..") continue;
    // What a file system could not hold by far is not looked at.
    std::string safe = safe_part(part.substr(0, kLongestPath));
    size += safe.size() + 1;
    if (size <= kLongestPath) parts.push_back(std::move(safe));
  }
  if (parts.empty()) parts.emplace_back("unnamed");
  std::reverse(parts.begin(), parts.end());
  return parts;
}

class Names {
 public:
  RelativePath place(const std::vector<std::string>& parts) {
    std::string path;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      bool is_folder = i + 1 < parts.size();
      std::string prefix = path.empty() ? "" : path + "/";
      path = free_path(prefix, parts[i], is_folder);
      (is_folder ? folders_ : files_).insert(collision_key(path));
    }
    return RelativePath(path);
  }

 private:
  bool is_free(const std::string& key, bool is_folder) const {
    return !files_.contains(key) && (is_folder || !folders_.contains(key));
  }

  std::string free_path(const std::string& prefix, const std::string& part, bool is_folder) {
    std::string path = prefix + part;
    std::string key = collision_key(path);
    if (is_free(key, is_folder)) return path;
    std::size_t& number = last_number_.try_emplace(std::move(key), 1).first->second;
    do {
      path = prefix + with_suffix(part, " (" + std::to_string(++number) + ")");
    } while (!is_free(collision_key(path), is_folder));
    return path;
  }

  // By collision key.
  std::unordered_set<std::string> files_;
  std::unordered_set<std::string> folders_;
  std::unordered_map<std::string, std::size_t> last_number_;
};

}  // namespace

std::vector<RelativePath> archive_names(std::span<const std::string> wanted) {
  Names names;
  std::vector<RelativePath> result;
  result.reserve(wanted.size());
  for (const std::string& name : wanted) result.push_back(names.place(safe_parts(name)));
  return result;
}

}  // namespace gantry::zip
