#include "gantry/svg/css.hpp"

#include <algorithm>
#include <utility>

#include <unicode/utf8.h>

namespace gantry::svg {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void append_utf8(std::string& target, UChar32 point) {
  if (point <= 0 || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) point = 0xFFFD;
  char bytes[U8_MAX_LENGTH];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, point);
  target.append(bytes, static_cast<std::size_t>(length));
}

// The end of the escape that begins at `at`, whose meaning is appended to `target`.
std::size_t take_escape(std::string_view text, std::size_t at, std::string& target) {
  std::size_t next = at + 1;
  UChar32 point = 0;
  while (next < text.size() && next < at + 7 && hex_value(text[next]) >= 0) {
    point = point * 16 + hex_value(text[next++]);
  }
  if (next > at + 1) {
    append_utf8(target, point);
    return next < text.size() && is_space(text[next]) ? next + 1 : next;
  }
  if (next < text.size()) target.push_back(text[next++]);
  return next;
}

bool starts_url(std::string_view text, std::size_t at) {
  constexpr std::string_view kLower = "url(";
  constexpr std::string_view kUpper = "URL(";
  if (text.size() - at < kLower.size()) return false;
  for (std::size_t i = 0; i < kLower.size(); ++i) {
    if (text[at + i] != kLower[i] && text[at + i] != kUpper[i]) return false;
  }
  return true;
}

UrlReference url_at(std::string_view text, std::size_t begin) {
  std::size_t at = begin + 4;
  while (at < text.size() && is_space(text[at])) ++at;
  char quote = at < text.size() && (text[at] == '"' || text[at] == '\'') ? text[at] : '\0';
  std::size_t start = quote != '\0' ? at + 1 : at;
  std::size_t stop = std::min(text.find(quote != '\0' ? quote : ')', start), text.size());
  std::size_t close = std::min(text.find(')', stop), text.size());
  return {.begin = begin,
          .end = std::min(close + 1, text.size()),
          .target = std::string(trim(text.substr(start, stop - start)))};
}

// "url(#id)" with its id renamed, or as it was.
void append_url(std::string& target, std::string_view text, const UrlReference& url,
                const Rename& rename) {
  if (url.target.starts_with('#')) {
    if (auto name = rename(unescaped_css(std::string_view(url.target).substr(1)))) {
      target += "url(#" + *name + ")";
      return;
    }
  }
  target += text.substr(url.begin, url.end - url.begin);
}

// Walks through a style sheet; see rename_in_stylesheet.
class Stylesheet {
 public:
  Stylesheet(std::string_view text, const Rename& rename) : text_(text), rename_(rename) {}

  std::string renamed() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (text_.substr(at_).starts_with("/*")) {
        copy_past("*/", at_ + 2);
      } else if (c == '"' || c == '\'') {
        copy_past(text_.substr(at_, 1), at_ + 1);
      } else if (starts_url(text_, at_)) {
        UrlReference url = url_at(text_, at_);
        append_url(result_, text_, url, rename_);
        at_ = url.end;
      } else if (c == '#' && in_selector()) {
        take_id();
      } else {
        result_.push_back(c);
        ++at_;
      }
    }
    return std::move(result_);
  }

 private:
  void copy_past(std::string_view end, std::size_t from) {
    std::size_t found = text_.find(end, from);
    std::size_t stop = found == std::string_view::npos ? text_.size() : found + end.size();
    result_ += text_.substr(at_, stop - at_);
    at_ = stop;
  }

  // A '#' stands in a selector if a block opens before anything ends.
  bool in_selector() {
    if (bound_ <= at_) bound_ = std::min(text_.find_first_of("{};", at_), text_.size());
    return bound_ < text_.size() && text_[bound_] == '{';
  }

  void take_id() {
    std::string id;
    std::size_t end = at_ + 1;
    while (end < text_.size() && (is_identifier(text_[end]) || text_[end] == '\\')) {
      if (text_[end] == '\\') {
        end = take_escape(text_, end, id);
      } else {
        id.push_back(text_[end++]);
      }
    }
    auto name = rename_(id);
    result_ += name ? "#" + *name : std::string(text_.substr(at_, end - at_));
    at_ = end;
  }

  std::string_view text_;
  const Rename& rename_;
  std::string result_;
  std::size_t at_ = 0;
  std::size_t bound_ = 0;
};

}  // namespace

std::vector<UrlReference> urls_of(std::string_view text) {
  std::vector<UrlReference> urls;
  for (std::size_t at = 0; at < text.size();) {
    if (!starts_url(text, at)) {
      ++at;
      continue;
    }
    urls.push_back(url_at(text, at));
    at = urls.back().end;
  }
  return urls;
}

std::string unescaped_css(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      at = take_escape(text, at, result);
    } else {
      result.push_back(text[at++]);
    }
  }
  return result;
}

std::string rename_in_urls(std::string_view text, const Rename& rename) {
  std::string result;
  std::size_t done = 0;
  for (const UrlReference& url : urls_of(text)) {
    result += text.substr(done, url.begin - done);
    append_url(result, text, url, rename);
    done = url.end;
  }
  return result.append(text.substr(done));
}

std::string rename_in_stylesheet(std::string_view text, const Rename& rename) {
  return Stylesheet(text, rename).renamed();
}

std::vector<std::pair<std::string, std::string>> declarations_of(std::string_view style) {
  std::vector<std::pair<std::string, std::string>> declarations;
  std::size_t start = 0;
  std::size_t depth = 0;
  char quote = '\0';
  for (std::size_t at = 0; at <= style.size(); ++at) {
    char c = at < style.size() ? style[at] : ';';
    bool last = at == style.size();
    if (quote != '\0' && !last) {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (c == ';' && (depth == 0 || last)) {
      std::string_view part = style.substr(start, at - start);
      start = at + 1;
      std::size_t colon = part.find(':');
      if (colon == std::string_view::npos) continue;
      declarations.emplace_back(trim(part.substr(0, colon)), trim(part.substr(colon + 1)));
    }
  }
  return declarations;
}

}  // namespace gantry::svg
