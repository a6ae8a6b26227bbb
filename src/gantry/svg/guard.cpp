#include "gantry/svg/guard.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <unicode/utf8.h>

#include "gantry/base/error.hpp"
#include "gantry/svg/css.hpp"

namespace gantry::svg {
namespace {

constexpr std::size_t kLargest = std::size_t{8} * 1024 * 1024;
constexpr int kDeepest = 256;
constexpr std::size_t kMostAttributes = 256;

// Lower case; local names. They run code or load and show other documents.
constexpr std::array<std::string_view, 32> kRefusedElements = {
    "applet",        "audio",     "base",   "body",     "button",  "canvas", "embed",
    "foreignobject", "form",      "frame",  "frameset", "handler", "head",   "html",
    "iframe",        "input",     "link",   "listener", "math",    "meta",   "noscript",
    "object",        "plaintext", "portal", "script",   "select",  "source", "template",
    "textarea",      "track",     "video",  "xmp"};

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string result(text.substr(0, kLongest));
  for (char& c : result) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) c = '?';
  }
  return text.size() > kLongest ? result + "..." : result;
}

std::string at_line(std::string_view text, std::size_t offset) {
  auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return "line " + std::to_string(1 + std::count(text.begin(), end, '\n'));
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

bool is_xml_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The cursor of check_text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void scan() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) {
      if (text_[at_] != '<') {
        scan_text();
      } else if (rest().starts_with("<!--")) {
        skip_past("-->", "a comment");
      } else if (rest().starts_with("<![CDATA[") && depth_ > 0) {
        skip_past("]]>", "a CDATA section");
      } else if (rest().starts_with("<!")) {
        refuse_declaration();
      } else if (rest().starts_with("<?")) {
        scan_instruction();
      } else {
        scan_tag();
      }
    }
    if (!seen_root_) fail("is not an SVG: it has no elements");
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kBadResponse) const {
    throw Error(code, what + " (" + at_line(text_, at_) + ")");
  }

  void skip_past(std::string_view end, const std::string& what) {
    std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) fail("not a well-formed SVG: " + what + " does not end");
    at_ = found + end.size();
  }

  void scan_text() {
    std::size_t end = std::min(text_.find('<', at_), text_.size());
    if (depth_ == 0 &&
        !std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                     text_.begin() + static_cast<std::ptrdiff_t>(end), is_xml_space)) {
      fail("not an SVG: it has text outside of the root element");
    }
    at_ = end;
  }

  [[noreturn]] void refuse_declaration() const {
    std::string head = lower(rest().substr(0, 32));
    if (head.starts_with("<!doctype") && head.find("html") < 16) {
      fail("not an SVG: it is an HTML page");
    }
    fail("the SVG has a DOCTYPE, ENTITY or other declaration, which is refused",
         ErrorCode::kUnsafe);
  }

  void scan_instruction() {
    if (!rest().starts_with("<?xml ")) {
      fail("the SVG has a processing instruction, which is refused", ErrorCode::kUnsafe);
    }
    skip_past("?>", "the XML declaration");
  }

  void scan_tag() {
    bool closing = rest().starts_with("</");
    std::size_t end = at_ + 1;
    char quote = 0;
    for (; end < text_.size(); ++end) {
      char c = text_[end];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        break;
      }
    }
    if (end >= text_.size()) fail("not a well-formed SVG: a tag does not end");
    if (closing) {
      --depth_;
    } else if (text_[end - 1] != '/' && ++depth_ > kDeepest) {
      fail("the SVG nests elements deeper than " + std::to_string(kDeepest) + " levels",
           ErrorCode::kTooLarge);
    }
    seen_root_ = true;
    at_ = end + 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool seen_root_ = false;
};

void check_encoding(std::string_view text) {
  auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t offset = 0; offset < length;) {
    std::int32_t start = offset;
    UChar32 point = 0;
    U8_NEXT(text.data(), offset, length, point);
    if (point < 0 || (point < 0x20 && !is_xml_space(static_cast<char>(point)))) {
      throw Error(ErrorCode::kBadResponse, "not an SVG: it is not UTF-8 text (" +
                                               at_line(text, static_cast<std::size_t>(start)) +
                                               ")");
    }
  }
}

class ContentCheck {
 public:
  explicit ContentCheck(const Document::State& state) : state_(state) {}

  void check(pugi::xml_node node) const {
    if (node.type() != pugi::node_element) return;
    std::string name = lower(local_name(node.name()));
    if (std::binary_search(kRefusedElements.begin(), kRefusedElements.end(), name)) {
      refuse(node, "", "is refused: it can run code or load other documents");
    }
    if (name == "style") {
      for (pugi::xml_node text : node.children()) check_css(node, "", text.value());
    }
    check_names(node);
    for (pugi::xml_attribute attribute : node.attributes()) {
      check_attribute(node, attribute);
    }
  }

 private:
  std::string what(pugi::xml_node node, std::string_view attribute) const {
    std::string result = line_of(state_, node) + ": ";
    if (!attribute.empty()) result += "attribute '" + shown(attribute) + "' of ";
    return result + "<" + shown(node.name()) + ">";
  }

  [[noreturn]] void refuse(pugi::xml_node node, std::string_view attribute,
                           const std::string& why) const {
    throw Error(ErrorCode::kUnsafe, what(node, attribute) + " " + why);
  }

  // pugixml lets an attribute stand twice, of which readers would see different ones.
  void check_names(pugi::xml_node node) const {
    std::vector<std::string_view> names;
    for (pugi::xml_attribute attribute : node.attributes()) {
      names.emplace_back(attribute.name());
      if (names.size() <= kMostAttributes) continue;
      throw Error(ErrorCode::kTooLarge, what(node, "") + " has more than " +
                                            std::to_string(kMostAttributes) + " attributes");
    }
    std::sort(names.begin(), names.end());
    auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return;
    throw Error(ErrorCode::kBadResponse,
                "not a well-formed SVG: " + what(node, *twice) + " is there twice");
  }

  void check_attribute(pugi::xml_node node, pugi::xml_attribute attribute) const {
    std::string_view full = attribute.name();
    std::string_view value = attribute.value();
    if (full == "xmlns" || full.starts_with("xmlns:")) return;
    std::string name = lower(local_name(full));
    if (name.starts_with("on")) refuse(node, full, "is refused: it is an event handler");
    if (lower(full) == "xml:base") refuse(node, full, "is refused: it changes what '#id' means");
    if (name == "href" || name == "src" || name == "srcset" || name == "srcdoc") {
      check_reference(node, full, value);
    }
    if (name == "attributename") {
      std::string target = lower(local_name(value));
      if (target == "href" || target.starts_with("on")) {
        refuse(node, full, "is refused: it animates '" + shown(value) + "'");
      }
    }
    if (!name.starts_with("aria-") && !name.starts_with("data-")) check_css(node, full, value);
  }

  void check_reference(pugi::xml_node node, std::string_view attribute,
                       std::string_view value) const {
    while (!value.empty() && is_xml_space(value.front())) value.remove_prefix(1);
    if (value.empty() || value.front() == '#') return;
    std::string head = lower(value.substr(0, 16));
    if (head.starts_with("data:image/") && !head.starts_with("data:image/svg")) return;
    refuse(node, attribute, "refers to '" + shown(value) + "' outside of the file");
  }

  void check_css(pugi::xml_node node, std::string_view attribute, std::string_view value) const {
    if (value.find_first_of(":(@\\") == std::string_view::npos) return;
    // As it is, too: an escaped parenthesis does not end a reference.
    for (const UrlReference& url : urls_of(value)) check_reference(node, attribute, url.target);
    std::string text = lower(unescaped_css(value));
    for (const UrlReference& url : urls_of(text)) check_reference(node, attribute, url.target);
    text.erase(std::remove_if(text.begin(), text.end(),
                              [](char c) { return static_cast<unsigned char>(c) <= 0x20; }),
               text.end());
    for (std::string_view word : {"javascript:", "vbscript:", "@import", "expression(",
                                  "-moz-binding", "image-set(", "src("}) {
      if (text.find(word) == std::string::npos) continue;
      refuse(node, attribute, "has '" + std::string(word) + "', which is refused");
    }
  }

  const Document::State& state_;
};

}  // namespace

void check_text(std::string_view text) {
  if (text.size() > kLargest) {
    throw Error(ErrorCode::kTooLarge, "the SVG is larger than 8 MiB");
  }
  check_encoding(text);
  Scanner(text).scan();
}

std::string line_of(const Document::State& state, pugi::xml_node node) {
  std::ptrdiff_t offset = std::max<std::ptrdiff_t>(node.offset_debug(), 0);
  return at_line(state.original, static_cast<std::size_t>(offset));
}

void check_content(const Document::State& state) {
  if (local_name(state.root().name()) != "svg") {
    throw Error(ErrorCode::kBadResponse,
                "not an SVG: its root element is <" + shown(state.root().name()) + ">");
  }
  if (state.root().next_sibling() && state.root().next_sibling().type() == pugi::node_element) {
    throw Error(ErrorCode::kBadResponse, "not a well-formed SVG: it has two root elements");
  }
  static_assert(std::is_sorted(kRefusedElements.begin(), kRefusedElements.end()));
  ContentCheck check(state);
  for (pugi::xml_node node = state.root(); node; node = next_node(node, state.root())) {
    check.check(node);
  }
}

}  // namespace gantry::svg
