// Takes over what the older tool knew, in the first run with a new cache.
#pragma once

#include <string>
#include <vector>

#include "gantry/cli/settings.hpp"
#include "gantry/cli/terminal.hpp"
#include "gantry/jobs/older_cache.hpp"

namespace gantry::cli {

// What lies at common.cache.path of the configurations; nothing if the run has no cache, or one
// that is there already. What cannot be read is a warning. Blocks; before the cache is opened.
jobs::OlderCache find_older_cache(const Settings& settings, const Configs& configs,
                                  Terminal& terminal);

// Keeps it, and tells which files of the run are still as the older tool exported them. At the end
// of a run, when their versions are known.
async::awaitable<void> import_older_cache(jobs::Engine& engine, jobs::OlderCache older,
                                          Configs configs, Terminal& terminal);

}  // namespace gantry::cli
