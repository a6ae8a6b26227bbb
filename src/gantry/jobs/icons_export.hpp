// Icons of one entry of a configuration, from Figma to files.
#pragma once

#include <string>

#include "gantry/config/config.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::jobs {

// Exports `config.web->icons.entries[entry]`. `id` names the export in the lock file. Failures of
// single icons are in the result, and then nothing is published; what concerns all is thrown.
async::awaitable<KindResult> export_web_icons(Engine& engine, const config::Config& config,
                                              std::size_t entry, std::string id, JobOptions options,
                                              batch::JobContext context);

}  // namespace gantry::jobs
