// Icons of one entry of a configuration for the web.
#pragma once

#include <cstddef>
#include <memory>

#include "gantry/config/config.hpp"
#include "gantry/jobs/kind_export.hpp"

namespace gantry::jobs {

// Of `config.web->icons.entries[entry]`. The configuration outlives it.
std::unique_ptr<KindExport> web_icons_export(Engine& engine, const config::Config& config,
                                             std::size_t entry, JobOptions options,
                                             batch::JobContext context);

}  // namespace gantry::jobs
