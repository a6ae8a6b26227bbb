#include "gantry/svg/jsx.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "gantry/base/error.hpp"
#include "gantry/svg/css.hpp"
#include "gantry/svg/jsx_names.hpp"
#include "gantry/svg/state.hpp"

namespace gantry::svg {
namespace {

bool is_jsx_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_jsx_space); }

// Text between tags, quoted where JSX would take a character or a space for its own.
std::string jsx_text(std::string_view text) {
  bool plain = text.find_first_of("{}<>&\n\r\t\\") == std::string_view::npos &&
               !is_jsx_space(text.front()) && !is_jsx_space(text.back());
  return plain ? std::string(text) : "{" + js_string(text) + "}";
}

// The text of the number at the start of a length in pixels: "24", "24px", "24.5".
std::optional<std::string> pixels(std::string_view length) {
  double value = 0;
  const char* end = length.data() + length.size();
  auto [stop, fault] = std::from_chars(length.data(), end, value);
  if (fault != std::errc() || !(value > 0)) return std::nullopt;
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (!unit.empty() && unit != "px") return std::nullopt;
  return std::string(length.data(), stop);
}

// Four numbers, the last two positive.
bool is_view_box(std::string_view text) {
  std::array<double, 4> numbers{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (double& number : numbers) {
    while (at != end && (is_jsx_space(*at) || *at == ',')) ++at;
    auto [stop, fault] = std::from_chars(at, end, number);
    if (fault != std::errc()) return false;
    at = stop;
  }
  return is_blank(std::string_view(at, static_cast<std::size_t>(end - at))) && numbers[2] > 0 &&
         numbers[3] > 0;
}

std::string view_box_of(pugi::xml_node root) {
  std::string_view given = root.attribute("viewBox").value();
  if (is_view_box(given)) return std::string(given);
  auto width = pixels(root.attribute("width").value());
  auto height = pixels(root.attribute("height").value());
  if (width && height) return "0 0 " + *width + " " + *height;
  throw Error(ErrorCode::kBadResponse,
              "the SVG has no viewBox and no width and height in pixels, which a component needs");
}

// "stroke-width" -> "strokeWidth", "-webkit-x" -> "WebkitX"; custom properties stay.
std::string style_key(std::string_view property) {
  if (property.starts_with("--")) return js_string(property);
  if (property.starts_with("-ms-")) property.remove_prefix(1);
  std::string name = camel_name(property);
  bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  return plain ? name : js_string(name);
}

// A cast to `object` spares the values the check against React's list of words for each property.
std::string style_object(std::string_view style) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (auto& [property, value] : declarations_of(style)) {
    std::size_t important = value.find('!');
    if (important != std::string::npos) value.resize(important);
    while (!value.empty() && is_jsx_space(value.back())) value.pop_back();
    if (value.empty()) continue;
    std::string key = style_key(property);
    // As in CSS, the last one counts.
    std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
    entries.emplace_back(std::move(key), std::move(value));
  }
  if (entries.empty()) return "";
  std::string result = "style={{";
  for (const auto& [key, value] : entries) {
    result += (&key == &entries.front().first ? " " : ", ") + key + ": " + js_string(value);
  }
  return result + " } as object}";
}

std::vector<std::string> attributes_of(pugi::xml_node node,
                                       const std::set<std::string_view>& without = {}) {
  std::vector<std::string> result;
  std::set<std::string> names;
  for (pugi::xml_attribute attribute : node.attributes()) {
    std::string_view name = attribute.name();
    if (without.contains(name)) continue;
    if (name == "style") {
      std::string style = style_object(attribute.value());
      if (!style.empty()) result.push_back(std::move(style));
      continue;
    }
    auto jsx = jsx_name(name, attribute.value());
    if (jsx && names.insert(*jsx).second) result.push_back(jsx_attribute(*jsx, attribute.value()));
  }
  return result;
}

class BodyWriter {
 public:
  void write_children(pugi::xml_node parent, int indent) {
    std::string_view name = local_name(parent.name());
    bool keeps_spaces = name == "text" || name == "tspan" || name == "textPath";
    for (pugi::xml_node child : parent.children()) {
      if (child.type() == pugi::node_element) {
        write_element(child, indent);
      } else if (is_text(child) && (keeps_spaces || !is_blank(child.value()))) {
        write_line(text_of(parent, child), indent);
      }
    }
  }

  std::string take() { return std::move(body_); }

 private:
  static bool is_text(pugi::xml_node node) {
    bool text = node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
    return text && *node.value() != '\0';
  }

  static std::string text_of(pugi::xml_node parent, pugi::xml_node text) {
    bool css = local_name(parent.name()) == "style";
    return css ? "{" + js_string(text.value()) + "}" : jsx_text(text.value());
  }

  void write_line(std::string_view line, int indent) {
    body_.append(static_cast<std::size_t>(indent), ' ').append(line).push_back('\n');
  }

  void write_element(pugi::xml_node node, int indent) {
    std::string name(local_name(node.name()));
    bool foreign = name != node.name() && std::string_view(node.name()) != "svg:" + name;
    if (foreign || !is_jsx_element(name)) return;
    std::string tag = "<" + name;
    for (const std::string& attribute : attributes_of(node)) tag += " " + attribute;
    pugi::xml_node first = node.first_child();
    if (!first) {
      write_line(tag + " />", indent);
    } else if (is_text(first) && !first.next_sibling()) {
      bool blank = is_blank(first.value()) && name != "text" && name != "tspan";
      std::string content = blank ? "" : text_of(node, first);
      write_line(content.empty() ? tag + " />" : tag + ">" + content + "</" + name + ">", indent);
    } else {
      write_line(tag + ">", indent);
      write_children(node, indent + 2);
      write_line("</" + name + ">", indent);
    }
  }

  std::string body_;
};

}  // namespace

Jsx to_jsx(const Document& document, int indent) {
  pugi::xml_node root = document.state().root();
  Jsx jsx;
  jsx.view_box = view_box_of(root);
  jsx.color = root.attribute("color").value();
  jsx.attributes = attributes_of(
      root, {"color", "height", "version", "viewBox", "width", "xml:space", "x", "y"});
  BodyWriter writer;
  writer.write_children(root, indent);
  jsx.body = writer.take();
  return jsx;
}

std::string js_string(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result = "'";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'') {
      result.push_back('\\');
      result.push_back(c);
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += "\\x";
      result.push_back(kDigits[byte >> 4]);
      result.push_back(kDigits[byte & 15]);
    } else {
      result.push_back(c);
    }
  }
  return result + "'";
}

std::string jsx_attribute(std::string_view name, std::string_view value) {
  std::string result(name);
  result += "=\"";
  for (char c : value) {
    if (c == '"') {
      result += "&quot;";
    } else if (c == '&') {
      result += "&amp;";
    } else {
      result.push_back(c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
    }
  }
  return result + "\"";
}

}  // namespace gantry::svg
