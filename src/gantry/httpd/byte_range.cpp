#include "gantry/httpd/byte_range.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace gantry::httpd {
namespace {

// Digits only; a number beyond 64 bits is the largest.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return number;
}

RangeChoice last_bytes(std::uint64_t count, std::uint64_t size) {
  if (count == 0 || size == 0) return UnsatisfiableRange{};
  return ByteRange{size - std::min(count, size), size - 1};
}

}  // namespace

RangeChoice choose_range(const Request& request, std::uint64_t size, std::string_view etag) {
  const auto header = request.header("range");
  constexpr std::string_view kUnit = "bytes=";
  if (!header || !header->starts_with(kUnit)) return WholeBody{};
  if (const auto known = request.header("if-range"); known && *known != etag) return WholeBody{};
  const auto wanted = header->substr(kUnit.size());
  const auto dash = wanted.find('-');
  if (dash == wanted.npos) return WholeBody{};
  const auto first = parse_number(wanted.substr(0, dash));
  const auto last = parse_number(wanted.substr(dash + 1));
  if (dash == 0) return last ? last_bytes(*last, size) : RangeChoice(WholeBody{});
  const bool is_open = dash + 1 == wanted.size();
  if (!first || (!last && !is_open) || (last && *last < *first)) return WholeBody{};
  if (*first >= size) return UnsatisfiableRange{};
  return ByteRange{*first, std::min(last.value_or(size - 1), size - 1)};
}

}  // namespace gantry::httpd
