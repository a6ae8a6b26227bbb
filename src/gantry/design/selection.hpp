// Which published components an export takes, and what it calls them. Pure; the result does not
// depend on the order of the answer.
//
// Frames and pages are matched exactly. With a platform, the description of a component decides:
// it stays if the description has none of the words "ios", "android" and "none", else only on a
// platform that is named. Only whole words count ("kiosk" names no platform).
//
// A variant carries the name of its component set. If the selection has several variants of a set,
// '/' and the values of those properties follow in which they differ: of "Size=16, State=On" and
// "Size=24, State=On" in set "Arrow" come "Arrow/16" and "Arrow/24"; a single one is "Arrow". The
// command-line filter comes last and so never changes a name.
//
// A component mirrors in right-to-left layouts if its description has the word "rtl" in any case,
// or if it is a variant with a property RTL; the variants with RTL=On are left out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/model.hpp"

namespace gantry::design {

enum class Platform { kIos, kAndroid, kFlutter, kWeb };

struct Selection {
  std::string frame_name;
  std::optional<std::string> page_name;
  std::optional<Platform> platform;   // none: descriptions do not matter
  std::optional<std::string> filter;  // as wildcard_match; on the raw name, the set's or `name`
  std::string dark_suffix;            // a name with this suffix also passes if the rest does
};

struct SelectedComponent {
  std::string name;
  std::string set_name;  // of a variant; `name` begins with it
  std::string node_id;
  std::string page;
  std::string frame;
  bool rtl = false;
};

// Sorted by name, then node id.
std::vector<SelectedComponent> select_components(const std::vector<figma::Component>& components,
                                                 const Selection& selection);

// For an empty selection: a kNotFound that says what was looked for and which frames there are.
Error nothing_selected(const std::vector<figma::Component>& components, const Selection& selection);

}  // namespace gantry::design
