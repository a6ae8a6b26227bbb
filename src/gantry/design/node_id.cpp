#include "gantry/design/node_id.hpp"

namespace gantry::design {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plain(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// Cuts the next number off `text`, without its leading zeros; empty at the end.
std::string_view take_number(std::string_view& text) {
  while (!text.empty() && !is_digit(text.front())) text.remove_prefix(1);
  while (text.size() > 1 && text[0] == '0' && is_digit(text[1])) text.remove_prefix(1);
  std::size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  std::string_view number = text.substr(0, length);
  text.remove_prefix(length);
  return number;
}

void append_escaped(std::string& target, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (char c : text) {
    if (is_plain(c)) {
      target.push_back(c);
    } else if (c == ':') {
      target.push_back('-');
    } else {
      auto byte = static_cast<unsigned char>(c);
      target.push_back('%');
      target.push_back(kDigits[byte >> 4]);
      target.push_back(kDigits[byte & 15]);
    }
  }
}

}  // namespace

bool node_id_less(std::string_view left, std::string_view right) {
  std::string_view left_rest = left;
  std::string_view right_rest = right;
  while (true) {
    std::string_view a = take_number(left_rest);
    std::string_view b = take_number(right_rest);
    if (a.size() != b.size()) return a.size() < b.size();
    if (a != b) return a < b;
    if (a.empty()) return left < right;
  }
}

std::string figma_link(std::string_view file_key, std::string_view node_id) {
  std::string link = "https://www.figma.com/design/";
  append_escaped(link, file_key);
  link += "?node-id=";
  append_escaped(link, node_id);
  return link;
}

}  // namespace gantry::design
