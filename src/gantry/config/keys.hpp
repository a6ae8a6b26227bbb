// The table of keys: the top level of a configuration, and all that is below it.
#pragma once

#include "gantry/config/config.hpp"
#include "gantry/config/keys_android.hpp"
#include "gantry/config/keys_common.hpp"
#include "gantry/config/keys_flutter_web.hpp"
#include "gantry/config/keys_ios.hpp"

namespace gantry::config {

template <class Fields>
void describe(Fields& fields, Config& x) {
  fields.optional("figma", x.figma, "Files of Figma");
  fields.optional("common", x.common, "What holds for all platforms");
  fields.optional("ios", x.ios, "Export to an Xcode project");
  fields.optional("android", x.android, "Export to an Android module");
  fields.optional("flutter", x.flutter, "Export to a Flutter package");
  fields.optional("web", x.web, "Export to TypeScript, React and CSS");
  fields.optional("batch", x.batch, "How keyed requests are put together");
  fields.optional("gantry", x.gantry, "How a run behaves; flags and the environment win");
}

}  // namespace gantry::config
