// A path below an output root that is safe by construction: it can be made only from segments that
// stay below the root on every system.
#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

// Why `segment` cannot be one file or folder name, or nothing if it can: empty, "." or "..",
// separators, control characters, characters and names that Windows reserves, a trailing dot or
// space, more than 255 bytes, not UTF-8.
std::optional<std::string> unsafe_segment(std::string_view segment);

// CON, PRN, AUX, NUL, COM1 to 9, LPT1 to 9 (also with a superscript 1, 2 or 3), with any extension
// and in any case.
bool is_reserved_on_windows(std::string_view segment);

// What two names or paths share that are one file on a system that ignores case and Unicode form:
// NFC, case-folded.
std::string collision_key(std::string_view text);

class RelativePath {
 public:
  // `text` uses '/' between segments. kUnsafe with the reason.
  explicit RelativePath(std::string_view text);

  const std::string& text() const { return text_; }
  std::string collision_key() const { return gantry::collision_key(text_); }
  auto operator<=>(const RelativePath&) const = default;

 private:
  std::string text_;
};

// A path that a configuration gives for output, relative to the working directory or absolute:
// lexically normal, without a trailing slash. It may lead anywhere, for it is the user's own.
std::filesystem::path output_root(std::string_view configured);

}  // namespace gantry
