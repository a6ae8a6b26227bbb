#include "gantry/design/selection.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "gantry/base/regex.hpp"
#include "gantry/design/node_id.hpp"
#include "gantry/design/quote.hpp"

namespace gantry::design {
namespace {

using Properties = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr std::size_t kFramesNamed = 8;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool is_word_character(char c) {
  char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

template <class Accepts>
bool any_word(std::string_view text, Accepts accepts) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_word_character(text[end])) ++end;
    if (end > i && accepts(text.substr(i, end - i))) return true;
    i = end + 1;
  }
  return false;
}

bool has_word(std::string_view text, std::string_view word) {
  return any_word(text, [word](std::string_view candidate) { return candidate == word; });
}

bool is_for(std::string_view description, Platform platform) {
  bool ios = has_word(description, "ios");
  bool android = has_word(description, "android");
  if (!ios && !android && !has_word(description, "none")) return true;
  return (platform == Platform::kIos && ios) || (platform == Platform::kAndroid && android);
}

std::string_view without_spaces(std::string_view text) {
  std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "Size=16, State=On" as pairs. A part without '=' is a value without a key.
Properties properties_of(std::string_view name) {
  Properties properties;
  while (true) {
    std::size_t comma = name.find(',');
    std::string_view part = without_spaces(name.substr(0, comma));
    std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      properties.emplace_back(std::string_view(), part);
    } else {
      properties.emplace_back(without_spaces(part.substr(0, equals)),
                              without_spaces(part.substr(equals + 1)));
    }
    if (comma == std::string_view::npos) return properties;
    name.remove_prefix(comma + 1);
  }
}

// The RTL property of a variant, or nothing.
std::optional<std::string_view> rtl_property(const figma::Component& component) {
  if (!component.set) return std::nullopt;
  for (const auto& [key, value] : properties_of(component.name)) {
    if (equal_ignoring_case(key, "rtl")) return value;
  }
  return std::nullopt;
}

bool is_wanted(const figma::Component& component, const Selection& selection) {
  if (component.frame.name != selection.frame_name) return false;
  if (selection.page_name && component.frame.page_name != *selection.page_name) return false;
  if (selection.platform && !is_for(component.description, *selection.platform)) return false;
  auto rtl = rtl_property(component);
  return !rtl || !equal_ignoring_case(*rtl, "on");
}

std::string set_key(const figma::ContainingSet& set) {
  return set.node_id.empty() ? "name " + set.name : set.node_id;
}

// For one set: how many variants are wanted, and which values each of their properties takes.
struct Variants {
  std::size_t count = 0;
  std::map<std::string_view, std::map<std::string_view, std::size_t>> values;

  bool distinguishes(std::string_view key) const {
    const auto& counts = values.at(key);
    return counts.size() > 1 || counts.begin()->second < count;
  }
};

std::map<std::string, Variants> variants_by_set(
    const std::vector<const figma::Component*>& wanted) {
  std::map<std::string, Variants> sets;
  for (const figma::Component* component : wanted) {
    if (!component->set) continue;
    Variants& variants = sets[set_key(*component->set)];
    ++variants.count;
    for (const auto& [key, value] : properties_of(component->name)) ++variants.values[key][value];
  }
  return sets;
}

std::string name_of(const figma::Component& component,
                    const std::map<std::string, Variants>& sets) {
  if (!component.set || component.set->name.empty()) return component.name;
  const Variants& variants = sets.at(set_key(*component.set));
  std::string name = component.set->name;
  if (variants.count == 1) return name;
  for (const auto& [key, value] : properties_of(component.name)) {
    if (!value.empty() && variants.distinguishes(key)) name.append("/").append(value);
  }
  return name;
}

bool passes(const figma::Component& component, const std::string& name,
            const Selection& selection) {
  if (!selection.filter) return true;
  std::vector<std::string_view> names = {component.name, name};
  if (component.set) names.push_back(component.set->name);
  return std::any_of(names.begin(), names.end(), [&](std::string_view candidate) {
    if (wildcard_match(*selection.filter, candidate)) return true;
    const std::string& suffix = selection.dark_suffix;
    return !suffix.empty() && candidate.ends_with(suffix) &&
           wildcard_match(*selection.filter, candidate.substr(0, candidate.size() - suffix.size()));
  });
}

bool is_mirrored(const figma::Component& component) {
  return rtl_property(component).has_value() ||
         any_word(component.description,
                  [](std::string_view word) { return equal_ignoring_case(word, "rtl"); });
}

}  // namespace

std::vector<SelectedComponent> select_components(const std::vector<figma::Component>& components,
                                                 const Selection& selection) {
  std::vector<const figma::Component*> wanted;
  for (const figma::Component& component : components) {
    if (is_wanted(component, selection)) wanted.push_back(&component);
  }
  auto sets = variants_by_set(wanted);
  std::vector<SelectedComponent> selected;
  selected.reserve(wanted.size());
  for (const figma::Component* component : wanted) {
    std::string name = name_of(*component, sets);
    if (!passes(*component, name, selection)) continue;
    selected.push_back({.name = std::move(name),
                        .set_name = component->set ? component->set->name : "",
                        .node_id = component->node_id,
                        .page = component->frame.page_name,
                        .frame = component->frame.name,
                        .rtl = is_mirrored(*component)});
  }
  // Pointers are sorted, for selected components are large.
  std::vector<SelectedComponent*> order;
  order.reserve(selected.size());
  for (SelectedComponent& component : selected) order.push_back(&component);
  std::sort(order.begin(), order.end(), [](const auto* left, const auto* right) {
    if (left->name != right->name) return left->name < right->name;
    return node_id_less(left->node_id, right->node_id);
  });
  std::vector<SelectedComponent> sorted;
  sorted.reserve(order.size());
  for (SelectedComponent* component : order) sorted.push_back(std::move(*component));
  return sorted;
}

Error nothing_selected(const std::vector<figma::Component>& components,
                       const Selection& selection) {
  std::string what = "no published component in frame " + in_quotes(selection.frame_name);
  if (selection.page_name) what += " of page " + in_quotes(*selection.page_name);
  if (selection.filter) what += " passes the filter " + in_quotes(*selection.filter);
  if (components.empty()) {
    return {ErrorCode::kNotFound,
            what + "; the file has none at all: publish its library in Figma"};
  }
  std::set<std::string_view> frames;
  for (const figma::Component& component : components) {
    if (!component.frame.name.empty()) frames.insert(component.frame.name);
  }
  what += "; the file has components in ";
  if (frames.empty()) what += "no frame";
  std::size_t named = 0;
  for (std::string_view frame : frames) {
    if (named == kFramesNamed) {
      what += " and " + std::to_string(frames.size() - named) + " more frames";
      break;
    }
    what += (named++ == 0 ? "" : ", ") + in_quotes(frame);
  }
  return {ErrorCode::kNotFound, what};
}

}  // namespace gantry::design
