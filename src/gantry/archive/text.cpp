#include "gantry/archive/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <unicode/utf8.h>

namespace gantry::archive {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kCutMark = "\n\n[... truncated ...]";
// So far back is white space looked for.
constexpr std::size_t kNear = 100;

bool is_ascii_text(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte < 0x7F) || c == '\n' || c == '\t' || c == '\r';
}

bool fits_xml(UChar32 c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c != 0xFFFE && c != 0xFFFF;  // U8_NEXT knows no surrogates
}

std::string with_replacements(std::string_view text, bool (*fits)(UChar32),
                              std::uint64_t& replaced) {
  if (std::all_of(text.begin(), text.end(), is_ascii_text)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  const char* bytes = text.data();
  for (std::size_t at = 0; at < text.size();) {
    std::size_t begin = at;
    UChar32 c = 0;
    U8_NEXT(bytes, at, text.size(), c);
    if (c >= 0 && fits(c)) {
      result.append(text, begin, at - begin);
    } else {
      result += kReplacement;
      ++replaced;
    }
  }
  return result;
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

// The bytes of the first characters.
std::size_t bytes_of_first(std::string_view text, std::size_t characters) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80;
    if (begins && seen++ == characters) return i;
  }
  return text.size();
}

// Takes so many digits whose value is in the range.
bool take_number(std::string_view& text, std::size_t digits, int least, int most) {
  if (text.size() < digits) return false;
  int value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + digits, value);
  if (failure != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return value >= least && value <= most;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_of(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays.at(static_cast<std::size_t>(month - 1)) + (month == 2 && is_leap(year) ? 1 : 0);
}

// "T10:00Z", "T10:00:00.5+01:00".
bool is_time(std::string_view text) {
  if (!take(text, 'T') || !take_number(text, 2, 0, 23) || !take(text, ':') ||
      !take_number(text, 2, 0, 59)) {
    return false;
  }
  if (take(text, ':')) {
    if (!take_number(text, 2, 0, 59)) return false;
    if (take(text, '.')) {
      std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
      if (digits == 0) return false;
      text.remove_prefix(digits);
    }
  }
  if (text == "Z") return true;
  if (!take(text, '+') && !take(text, '-')) return false;
  return take_number(text, 2, 0, 14) && take(text, ':') && take_number(text, 2, 0, 59) &&
         text.empty();
}

int number_in(std::string_view text, std::size_t from, std::size_t digits) {
  int value = 0;
  std::from_chars(text.data() + from, text.data() + from + digits, value);
  return value;
}

}  // namespace

std::string readable(std::string_view text, std::uint64_t& replaced) {
  return with_replacements(text, fits_xml, replaced);
}

std::string valid_utf8(std::string_view text, std::uint64_t& replaced) {
  return with_replacements(
      text, [](UChar32) { return true; }, replaced);
}

std::string shortened(std::string_view text, std::size_t most, bool& is_cut) {
  is_cut = character_count(text) > most;
  if (!is_cut) return std::string(text);
  std::string_view kept = text.substr(0, bytes_of_first(text, most - kCutMark.size()));
  std::size_t space = kept.find_last_of(" \n\t");
  if (space != std::string_view::npos && character_count(kept.substr(space)) <= kNear) {
    kept = kept.substr(0, space);
  }
  kept = kept.substr(0, kept.find_last_not_of(" \n\r\t") + 1);
  return std::string(kept) + std::string(kCutMark);
}

bool is_w3c_date(std::string_view text) {
  std::string_view rest = text;
  if (!take_number(rest, 4, 0, 9999)) return false;
  if (rest.empty()) return true;
  if (!take(rest, '-') || !take_number(rest, 2, 1, 12)) return false;
  if (rest.empty()) return true;
  int days = days_of(number_in(text, 0, 4), number_in(text, 5, 2));
  if (!take(rest, '-') || !take_number(rest, 2, 1, days)) return false;
  return rest.empty() || is_time(rest);
}

bool is_web_address(std::string_view text) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string_view rest = text;
  bool is_web = rest.starts_with("https://") || rest.starts_with("http://");
  if (!is_web) return false;
  rest.remove_prefix(rest.find("//") + 2);
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(host.size());
  std::string_view name = host.substr(0, host.find(':'));
  if (name.empty() || name.find_first_not_of(std::string(kLetters) + ".-") != name.npos)
    return false;
  std::string_view port = host.substr(name.size());
  if (!port.empty() && (port.size() < 2 || port.find_first_not_of("0123456789", 1) != port.npos)) {
    return false;
  }
  for (std::size_t i = 0; i < rest.size(); ++i) {
    constexpr std::string_view kHex = "0123456789abcdefABCDEF";
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=:@/?";
    if (rest[i] == '%') {
      std::string_view digits = rest.substr(i + 1, 2);
      if (digits.size() < 2 || digits.find_first_not_of(kHex) != digits.npos) return false;
      continue;
    }
    bool is_fragment = rest[i] == '#' && rest.find('#') == i;
    if (!is_fragment && kLetters.find(rest[i]) == kLetters.npos &&
        kOthers.find(rest[i]) == kOthers.npos) {
      return false;
    }
  }
  return true;
}

std::string page_of(const Pi& pi) { return "https://arke.institute/" + pi.text(); }

std::string entity_address(const Pi& pi) {
  return "https://api.arke.institute/entities/" + pi.text();
}

std::string gateway_address(std::string_view cid) {
  return fmt::format("https://ipfs.arke.institute/ipfs/{}", cid);
}

std::string content_address(std::string_view cid) {
  return fmt::format("https://api.arke.institute/cat/{}", cid);
}

}  // namespace gantry::archive
