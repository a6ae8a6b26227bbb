#include "gantry/base/text_case.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace gantry {
namespace {

constexpr std::array<std::pair<std::string_view, NameStyle>, 5> kStyles = {{
    {"camelCase", NameStyle::kCamelCase},
    {"snake_case", NameStyle::kSnakeCase},
    {"PascalCase", NameStyle::kPascalCase},
    {"kebab-case", NameStyle::kKebabCase},
    {"SCREAMING_SNAKE_CASE", NameStyle::kScreamingSnakeCase},
}};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_lower(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z';
  return u_isULowercase(static_cast<UChar32>(c)) != 0;
}

bool is_upper(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  return u_isUUppercase(static_cast<UChar32>(c)) != 0;
}

bool is_digit(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return u_isdigit(static_cast<UChar32>(c)) != 0;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return is_lower(c) || is_upper(c);
  return u_isUAlphabetic(static_cast<UChar32>(c)) != 0;
}

// An accent or vowel sign that belongs to the letter before it.
bool is_mark(char32_t c) {
  return c >= 0x80 && (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_M_MASK) != 0;
}

char32_t lower(char32_t c) {
  if (c < 0x80) return is_upper(c) ? c + ('a' - 'A') : c;
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

char32_t upper(char32_t c) {
  if (c < 0x80) return is_lower(c) ? c - ('a' - 'A') : c;
  return static_cast<char32_t>(u_toupper(static_cast<UChar32>(c)));
}

std::string nfc(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* normalizer = icu::Normalizer2::getNFCInstance(status);
  auto piece = icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size()));
  icu::UnicodeString wide = icu::UnicodeString::fromUTF8(piece);
  if (U_SUCCESS(status)) wide = normalizer->normalize(wide, status);
  std::string result;
  wide.toUTF8String(result);
  return result;
}

std::u32string decode(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t offset = 0; offset < length;) {
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(text.data(), offset, length, point);
    points.push_back(static_cast<char32_t>(point));
  }
  return points;
}

std::string encode(std::u32string_view points) {
  std::string text;
  text.reserve(points.size());
  for (char32_t c : points) {
    if (c < 0x80) {
      text.push_back(static_cast<char>(c));
    } else {
      icu::UnicodeString(static_cast<UChar32>(c)).toUTF8String(text);
    }
  }
  return text;
}

std::vector<std::u32string> tokens_of(std::u32string_view text) {
  std::vector<std::u32string> tokens;
  char32_t previous = ' ';
  for (char32_t c : text) {
    bool joins_word = (is_letter(previous) || is_digit(previous)) && is_lower(c);
    bool joins_run = (is_digit(previous) && is_digit(c)) || (is_upper(previous) && is_upper(c));
    if (is_mark(c) && !tokens.empty() && (is_letter(previous) || is_digit(previous))) {
      tokens.back().push_back(c);
      continue;
    }
    if (!tokens.empty() && (joins_word || joins_run)) {
      tokens.back().push_back(c);
    } else if (is_letter(c) || is_digit(c)) {
      tokens.emplace_back(1, c);
    }
    previous = c;
  }
  return tokens;
}

// A capital at the start of every run of letters: "24px" becomes "24Px".
void capitalise(std::u32string& token) {
  bool inside = false;
  for (char32_t& c : token) {
    bool cased = is_lower(c) || is_upper(c);
    if (cased) c = inside ? lower(c) : upper(c);
    inside = cased;
  }
}

void lower_all(std::u32string& token) {
  std::transform(token.begin(), token.end(), token.begin(), lower);
}
void upper_all(std::u32string& token) {
  std::transform(token.begin(), token.end(), token.begin(), upper);
}

std::u32string join(const std::vector<std::u32string>& tokens, std::u32string_view separator) {
  std::u32string result;
  for (const std::u32string& token : tokens) {
    if (!result.empty()) result += separator;
    result += token;
  }
  return result;
}

bool is_lower_but_for(std::u32string_view text, char32_t separator) {
  return std::all_of(text.begin(), text.end(), [separator](char32_t c) {
    return c == separator || is_lower(c) || is_digit(c);
  });
}

// The words between spaces, joined by '_'.
std::u32string join_words(std::u32string_view text) {
  std::u32string result;
  bool gap = false;
  for (char32_t c : text) {
    if (c == ' ') {
      gap = true;
      continue;
    }
    if (gap && !result.empty()) result.push_back('_');
    gap = false;
    result.push_back(c);
  }
  return result;
}

std::u32string replaced(std::u32string_view text, char32_t from, char32_t to) {
  std::u32string result(text);
  std::replace(result.begin(), result.end(), from, to);
  return result;
}

std::u32string lower_tokens(std::u32string_view text, std::u32string_view separator) {
  std::vector<std::u32string> tokens = tokens_of(text);
  std::for_each(tokens.begin(), tokens.end(), lower_all);
  return join(tokens, separator);
}

std::u32string snake(std::u32string_view text) {
  if (is_lower_but_for(text, '_')) return std::u32string(text);
  for (const std::u32string& attempt : {replaced(text, '-', '_'), join_words(text)}) {
    if (is_lower_but_for(attempt, '_')) return attempt;
  }
  return lower_tokens(text, U"_");
}

std::u32string kebab(std::u32string_view text) {
  if (is_lower_but_for(text, '-')) return std::u32string(text);
  std::u32string attempt = replaced(text, '_', '-');
  if (is_lower_but_for(attempt, '-')) return attempt;
  return lower_tokens(text, U"-");
}

std::u32string camel(std::u32string_view text) {
  if (!text.empty() && is_lower(text.front()) && std::all_of(text.begin(), text.end(), is_letter)) {
    return std::u32string(text);
  }
  std::vector<std::u32string> tokens = tokens_of(text);
  std::for_each(tokens.begin(), tokens.end(), capitalise);
  if (!tokens.empty()) lower_all(tokens.front());
  return join(tokens, U"");
}

std::u32string pascal(std::u32string_view text) {
  std::vector<std::u32string> tokens = tokens_of(text);
  std::for_each(tokens.begin(), tokens.end(), capitalise);
  return join(tokens, U"");
}

std::u32string screaming(std::u32string_view text) {
  std::vector<std::u32string> tokens = tokens_of(text);
  std::for_each(tokens.begin(), tokens.end(), upper_all);
  return join(tokens, U"_");
}

}  // namespace

std::optional<NameStyle> parse_name_style(std::string_view word) {
  for (const auto& [name, style] : kStyles) {
    if (name == word) return style;
  }
  return std::nullopt;
}

std::string_view to_string(NameStyle style) {
  for (const auto& [name, candidate] : kStyles) {
    if (candidate == style) return name;
  }
  return "";
}

std::string to_style(std::string_view text, NameStyle style) {
  std::u32string points = is_ascii(text) ? decode(text) : decode(nfc(text));
  switch (style) {
    case NameStyle::kCamelCase:
      return encode(camel(points));
    case NameStyle::kSnakeCase:
      return encode(snake(points));
    case NameStyle::kPascalCase:
      return encode(pascal(points));
    case NameStyle::kKebabCase:
      return encode(kebab(points));
    case NameStyle::kScreamingSnakeCase:
      return encode(screaming(points));
  }
  return "";
}

}  // namespace gantry
