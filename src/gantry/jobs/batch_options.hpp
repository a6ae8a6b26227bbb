// The section `batch` of a configuration as options of the batch engine.
#pragma once

#include "gantry/batch/options.hpp"
#include "gantry/config/common.hpp"

namespace gantry::jobs {

// kCustom leaves the grouper to the caller.
batch::BatchOptions batch_options(const config::BatchSettings& settings);

}  // namespace gantry::jobs
