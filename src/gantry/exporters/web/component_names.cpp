#include "gantry/exporters/web/component_names.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string_view>

#include "gantry/base/relative_path.hpp"
#include "gantry/base/text_case.hpp"
#include "gantry/design/names.hpp"
#include "gantry/design/node_id.hpp"

namespace gantry::exporters::web {
namespace {

// Files beside the components, names that a component's file imports, and globals that TypeScript
// forbids to declare.
constexpr std::array<std::string_view, 8> kTaken = {"Iconprops", "IconProps", "Index", "Infinity",
                                                    "Nan",       "NaN",       "React", "Types"};

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string identifier(const std::string& name) {
  std::string pascal = to_style(name, NameStyle::kPascalCase);
  bool starts_well = !pascal.empty() && (is_ascii_letter(pascal.front()) ||
                                         static_cast<unsigned char>(pascal.front()) >= 0x80);
  bool taken = std::find(kTaken.begin(), kTaken.end(), pascal) != kTaken.end();
  // "lpt_1" is a fine file name, "Lpt1" is a device on Windows.
  bool usable = starts_well && !taken && !unsafe_segment(pascal + ".tsx");
  return usable ? pascal : "Icon" + pascal;
}

}  // namespace

std::vector<std::string> component_names(const std::vector<design::Asset>& assets) {
  std::vector<std::size_t> order(assets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return design::node_id_less(assets[left].light.node_id, assets[right].light.node_id);
  });
  std::vector<std::string> names(assets.size());
  std::set<std::string> taken;
  std::vector<std::size_t> losers;
  for (std::size_t i : order) {
    names[i] = identifier(assets[i].name);
    if (!taken.insert(design::name_key(names[i])).second) losers.push_back(i);
  }
  for (std::size_t i : losers) {
    do {
      names[i] = design::with_node_id(names[i], assets[i].light.node_id, NameStyle::kSnakeCase);
    } while (!taken.insert(design::name_key(names[i])).second);
  }
  return names;
}

}  // namespace gantry::exporters::web
