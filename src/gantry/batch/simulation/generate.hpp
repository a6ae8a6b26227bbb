// Draws scripts with RapidCheck.
#pragma once

#include "gantry/batch/simulation/script.hpp"

#include <rapidcheck.h>

namespace gantry::batch::simulation {

// Which parts of the world a script may have.
struct Scope {
  bool planners = true;
  bool caches = true;         // a store, memory, lifetimes, stale windows
  bool cancellations = true;
  bool timeouts = true;       // of batches and items
  bool failures = true;
  bool streams = true;
  bool holds = true;
  bool caps = true;           // of groups and hosts
  bool pool = true;
  bool shared_keys = true;    // off: no deduplication either
  std::size_t actions = 5;
};

rc::Gen<Script> script_in(Scope scope);

}  // namespace gantry::batch::simulation
