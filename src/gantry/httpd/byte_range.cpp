#include "gantry/httpd/byte_range.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace gantry::httpd {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_bytes_unit(std::string_view unit) {
  constexpr std::string_view kBytes = "bytes";
  return std::equal(unit.begin(), unit.end(), kBytes.begin(), kBytes.end(),
                    [](char c, char lower) { return (c | 0x20) == lower; });
}

// A number of digits only; one that is too large is the largest. Nothing for anything else.
std::optional<std::uint64_t> number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

// First and last byte as they were asked for. An open end is the largest number.
struct Asked {
  std::optional<std::uint64_t> first;  // nothing: the last `last` bytes
  std::uint64_t last = 0;
};

std::optional<Asked> parse(std::string_view range) {
  std::size_t equals = range.find('=');
  if (equals == std::string_view::npos || !is_bytes_unit(range.substr(0, equals))) {
    return std::nullopt;
  }
  std::string_view spec = without_blanks(range.substr(equals + 1));
  std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view end = spec.substr(dash + 1);
  auto first = number(spec.substr(0, dash));
  auto last = number(end);
  if (dash == 0) return last ? std::optional(Asked{std::nullopt, *last}) : std::nullopt;
  if (end.empty()) last = std::numeric_limits<std::uint64_t>::max();
  if (!first || !last || *last < *first) return std::nullopt;
  return Asked{first, *last};
}

}  // namespace

BodyPart choose_part(std::optional<std::string_view> range,
                     std::optional<std::string_view> if_range, std::string_view etag,
                     std::uint64_t size) {
  BodyPart whole{.length = size};
  if (!range || (if_range && without_blanks(*if_range) != etag)) return whole;
  std::optional<Asked> asked = parse(without_blanks(*range));
  if (!asked) return whole;
  std::uint64_t first = asked->first.value_or(size - std::min(size, asked->last));
  std::uint64_t last = asked->first ? asked->last : std::numeric_limits<std::uint64_t>::max();
  if (first >= size) {
    return {.status = 416, .content_range = fmt::format("bytes */{}", size)};
  }
  last = std::min(last, size - 1);
  return {.status = 206,
          .offset = first,
          .length = last - first + 1,
          .content_range = fmt::format("bytes {}-{}/{}", first, last, size)};
}

}  // namespace gantry::httpd
