// Every setting of a run with its value and where it comes from.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "gantry/cli/settings.hpp"

namespace gantry::cli {

struct EffectiveSetting {
  std::string key;           // as in the section `gantry` of a configuration
  boost::json::value value;  // null: none
  std::string source;        // "flag --parallel", "GANTRY_PARALLEL", "web.yaml:7:3", "default"
};

// `command` has parsed `flags`; `loaded` may be null. Throws what combine() throws.
std::vector<EffectiveSetting> effective_settings(const CLI::App& command, const RunFlags& flags,
                                                 const config::Loaded* loaded);

}  // namespace gantry::cli
