// Reports as a browser may meet them. Both write their pictures below the working directory.
#pragma once

#include "gantry/jobs/report/report.hpp"

namespace gantry::testing {

// Names, messages and drawings that try to become part of the page, or to run scripts.
jobs::RunReport hostile_report();
// A run of a design team: several configurations, more than 1,000 icons (real ones where there are
// any), changes, waits and a failure.
jobs::RunReport sample_report();

}  // namespace gantry::testing
