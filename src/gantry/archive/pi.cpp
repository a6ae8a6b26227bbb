#include "gantry/archive/pi.hpp"

#include <algorithm>

namespace gantry::archive {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr unsigned kBase = 36;

}  // namespace

std::optional<Pi> Pi::parse(std::string_view text) {
  if (text.size() != kLength) return std::nullopt;
  Pi pi;
  for (char character : text) {
    std::size_t digit = kDigits.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    auto carry = static_cast<unsigned>(digit);
    for (auto byte = pi.bytes_.rbegin(); byte != pi.bytes_.rend(); ++byte) {
      carry += *byte * kBase;
      *byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  return pi;
}

std::string Pi::text() const {
  std::string text(kLength, '0');
  auto number = bytes_;
  for (auto character = text.rbegin(); character != text.rend(); ++character) {
    unsigned rest = 0;
    for (std::uint8_t& byte : number) {
      rest = rest << 8 | byte;
      byte = static_cast<std::uint8_t>(rest / kBase);
      rest %= kBase;
    }
    *character = kDigits[rest];
  }
  return text;
}

Pi Pi::from_bytes(const std::array<std::uint8_t, kBytes>& bytes) {
  Pi pi;
  pi.bytes_ = bytes;
  return pi;
}

}  // namespace gantry::archive
