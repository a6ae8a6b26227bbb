#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/svg/css.hpp"
#include "gantry/svg/document.hpp"
#include "gantry/svg/state.hpp"

namespace gantry::svg {
namespace {

constexpr std::array<std::string_view, 7> kIdLists = {
    "aria-activedescendant", "aria-controls",   "aria-describedby", "aria-details",
    "aria-flowto",           "aria-labelledby", "aria-owns"};

// 0 -> "a", 25 -> "z", 26 -> "aa".
std::string letters(std::size_t ordinal) {
  std::string result;
  for (std::size_t rest = ordinal + 1; rest > 0; rest = (rest - 1) / 26) {
    result.insert(result.begin(), static_cast<char>('a' + (rest - 1) % 26));
  }
  return result;
}

// Such that ids made of it need no escapes in CSS.
std::string safe_prefix(std::string_view prefix) {
  std::string result;
  for (char c : prefix) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                  static_cast<unsigned char>(c) >= 0x80;
    bool later = (c >= '0' && c <= '9') || c == '-';
    if (!letter && (!later || result.empty())) result.push_back('_');
    if (letter || later) result.push_back(c);
  }
  return result.empty() ? "_" : result;
}

// `text` with `change` applied to every piece between characters of `separators`.
template <class Change>
std::string map_pieces(std::string_view text, std::string_view separators, Change change) {
  std::string result;
  while (true) {
    std::size_t end = std::min(text.find_first_of(separators), text.size());
    result += change(text.substr(0, end));
    if (end == text.size()) return result;
    result.push_back(text[end]);
    text.remove_prefix(end + 1);
  }
}

std::string rename_in_list(std::string_view text, const Rename& rename) {
  return map_pieces(text, " \t\n\r",
                    [&](std::string_view id) { return rename(id).value_or(std::string(id)); });
}

// "0s; bell.click; bell.end+1s": ids stand before the first full stop of a condition.
std::string rename_in_timing(std::string_view text, const Rename& rename) {
  return map_pieces(text, "; \t\n\r", [&](std::string_view condition) {
    std::size_t stop = condition.find('.');
    std::string whole(condition);
    if (stop == std::string_view::npos) return whole;
    auto name = rename(condition.substr(0, stop));
    return name ? *name + std::string(condition.substr(stop)) : whole;
  });
}

std::string rename_in_href(std::string_view text, const Rename& rename) {
  if (!text.starts_with('#')) return std::string(text);
  auto name = rename(text.substr(1));
  return name ? "#" + *name : std::string(text);
}

std::string rename_in_attribute(std::string_view name, std::string_view value,
                                const Rename& rename) {
  if (local_name(name) == "href") return rename_in_href(value, rename);
  if (name == "begin" || name == "end") return rename_in_timing(value, rename);
  if (std::binary_search(kIdLists.begin(), kIdLists.end(), name)) {
    return rename_in_list(value, rename);
  }
  if (value.find('(') == std::string_view::npos) return std::string(value);
  return rename_in_urls(value, rename);
}

// Applies `rename` to every reference below `root`.
void rename_references(pugi::xml_node root, const Rename& rename) {
  for (pugi::xml_node node = root; node; node = next_node(node, root)) {
    for (pugi::xml_attribute attribute : node.attributes()) {
      std::string value = rename_in_attribute(attribute.name(), attribute.value(), rename);
      if (value != attribute.value()) attribute.set_value(value.c_str());
    }
    bool is_text = node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
    if (!is_text || local_name(node.parent().name()) != "style") continue;
    std::string value = rename_in_stylesheet(node.value(), rename);
    if (value != node.value()) node.set_value(value.c_str());
  }
}

}  // namespace

void Document::make_ids_unique(std::string_view prefix) {
  pugi::xml_node root = state_->root();
  std::vector<pugi::xml_node> holders;
  for (pugi::xml_node node = root; node; node = next_node(node, root)) {
    if (node.attribute("id")) holders.push_back(node);
  }
  if (holders.empty()) return;
  state_->changed = true;

  std::set<std::string, std::less<>> referenced;
  rename_references(root, [&](std::string_view id) -> std::optional<std::string> {
    referenced.emplace(id);
    return std::nullopt;
  });

  std::string start = safe_prefix(prefix) + "-";
  std::map<std::string, std::string, std::less<>> names;
  for (pugi::xml_node node : holders) {
    pugi::xml_attribute attribute = node.attribute("id");
    std::string id = attribute.value();
    // Of several elements with one id, references mean the first.
    if (!referenced.contains(id) || names.contains(id)) {
      node.remove_attribute(attribute);
      continue;
    }
    std::string name = start + letters(names.size());
    attribute.set_value(name.c_str());
    names.emplace(std::move(id), std::move(name));
  }
  rename_references(root, [&](std::string_view id) -> std::optional<std::string> {
    auto found = names.find(id);
    if (found == names.end()) return std::nullopt;
    return found->second;
  });
}

}  // namespace gantry::svg
