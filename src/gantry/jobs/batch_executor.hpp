// Many configurations in one run: at most so many at a time, each isolated from the others.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "gantry/jobs/design_export.hpp"

namespace gantry::jobs {

struct BatchOptions {
  int parallel = 3;
  JobOptions job;
  // Per attempt; absent: figma.timeout of each configuration, or 30 s.
  std::optional<std::chrono::milliseconds> timeout;
};

// Results in the order of `jobs`. A failed job does not stop the others, unless it is told to fail
// fast or the failure spoils all (Scope::kRun); jobs that were stopped or never started then have
// the error kCancelled. Throws nothing but kCancelled.
async::awaitable<std::vector<JobResult>> run_batch(Engine& engine,
                                                   const std::vector<DesignJob>& jobs,
                                                   BatchOptions options);

// The bound of one attempt for a configuration.
std::chrono::milliseconds timeout_of(const config::Config& config,
                                     std::optional<std::chrono::milliseconds> flag);

}  // namespace gantry::jobs
