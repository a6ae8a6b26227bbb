#include "gantry/github/literals.hpp"

#include <optional>
#include <string>

#include <boost/json.hpp>

#include "gantry/base/error.hpp"

namespace gantry::github {
namespace {

namespace json = boost::json;

constexpr int kDeepestNesting = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<json::value> read_all() {
    std::vector<json::value> values;
    while (at_ < text_.size()) {
      if (skip_blank()) continue;
      char c = text_[at_];
      if (is_quote(c)) {
        read_text();
        continue;
      }
      ++at_;
      if (c != '=') continue;
      while (skip_blank()) {
      }
      if (peek() == '[' || peek() == '{') values.push_back(*read_value(0));
    }
    return values;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  // One run of white space or one comment.
  bool skip_blank() {
    std::size_t begin = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    if (at_ > begin) return true;
    std::string_view rest = text_.substr(at_, 2);
    if (rest == "//") return skip_past("\n");
    if (rest == "/*") return skip_past("*/");
    return false;
  }

  bool skip_past(std::string_view end) {
    std::size_t found = text_.find(end, at_ + 2);
    at_ = found == std::string_view::npos ? text_.size() : found + end.size();
    return true;
  }

  void skip_blanks() {
    while (skip_blank()) {
    }
  }

  std::string read_text() {
    char quote = text_[at_++];
    std::string text;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      text += text_[at_++];
    }
    if (at_ < text_.size()) ++at_;
    return text;
  }

  // Nothing: no literal. The place is then after it all the same, before ',' or a closing bracket.
  std::optional<json::value> read_value(int depth) {
    if (depth == kDeepestNesting) {
      throw Error(ErrorCode::kTooLarge, "lists and objects are more than 32 levels deep");
    }
    skip_blanks();
    std::optional<json::value> value;
    char c = peek();
    if (c == '[') value = read_list(depth);
    if (c == '{') value = read_object(depth);
    if (is_quote(c)) value = json::value(read_text());
    // At the top what follows is another statement.
    if (depth > 0 && skip_expression()) value.reset();
    return value;
  }

  // Up to the ',' or the bracket that ends the value; whether there was anything but `as` and
  // `satisfies`.
  bool skip_expression() {
    bool is_more = false;
    bool is_type = false;
    int open = 0;
    while (at_ < text_.size()) {
      if (skip_blank()) continue;
      char c = text_[at_];
      if (open == 0 && (c == ',' || c == ']' || c == '}')) break;
      if (is_quote(c)) {
        read_text();
        is_more = true;
        continue;
      }
      if (c == '(' || c == '[' || c == '{') ++open;
      if (c == ')' || c == ']' || c == '}') --open;
      if (open < 0) break;
      if (is_word(c)) {
        std::size_t begin = at_;
        while (is_word(peek())) ++at_;
        std::string_view word = text_.substr(begin, at_ - begin);
        if (!is_more && (word == "as" || word == "satisfies")) is_type = true;
        is_more = true;
        continue;
      }
      is_more = true;
      ++at_;
    }
    return is_more && !is_type;
  }

  json::value read_list(int depth) {
    json::array list;
    ++at_;
    while (at_ < text_.size()) {
      if (skip_blank()) continue;
      char c = text_[at_];
      if (c == ']') break;
      if (c == ',' || c == '}' || c == ')') {
        ++at_;
        continue;
      }
      if (auto value = read_value(depth + 1)) list.push_back(std::move(*value));
    }
    if (at_ < text_.size()) ++at_;
    return list;
  }

  json::value read_object(int depth) {
    json::object object;
    ++at_;
    while (at_ < text_.size()) {
      if (skip_blank()) continue;
      char c = text_[at_];
      if (c == '}') break;
      if (c == ',' || c == ']' || c == ')') {
        ++at_;
        continue;
      }
      std::string key = read_key();
      skip_blanks();
      if (peek() != ':') {
        skip_expression();  // a spread, a method, a name by itself
        continue;
      }
      ++at_;
      auto value = read_value(depth + 1);
      if (!key.empty()) object[key] = value ? std::move(*value) : json::value();
    }
    if (at_ < text_.size()) ++at_;
    return object;
  }

  // Empty if there is none.
  std::string read_key() {
    if (is_quote(peek())) return read_text();
    std::size_t begin = at_;
    while (is_word(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<json::value> read_literals(std::string_view text) { return Reader(text).read_all(); }

}  // namespace gantry::github
