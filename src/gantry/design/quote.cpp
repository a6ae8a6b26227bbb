#include "gantry/design/quote.hpp"

namespace gantry::design {
namespace {

constexpr std::size_t kLongest = 100;

}  // namespace

std::string in_quotes(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result = "'";
  std::size_t used = 0;
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    bool starts_character = (byte & 0xC0) != 0x80;
    if (used++ >= kLongest && starts_character) {
      result += "...";
      break;
    }
    if (byte >= 0x20 && byte != 0x7f) {
      result.push_back(c);
      continue;
    }
    result += "\\x";
    result.push_back(kDigits[byte >> 4]);
    result.push_back(kDigits[byte & 15]);
  }
  return result + "'";
}

}  // namespace gantry::design
