// All exports of one configuration.
#pragma once

#include <filesystem>
#include <string>

#include "gantry/config/config.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::jobs {

// A configuration that was read, or why it could not be.
struct DesignJob {
  std::string name;  // as people call it; unique in a run
  std::filesystem::path path;
  Outcome<config::Loaded> config;
};

// Exports whatever of the configuration this version can; what it cannot is a warning, and an error
// if nothing is left. Never throws: what goes wrong is in the result.
async::awaitable<JobResult> run_design_job(Engine& engine, const DesignJob& job, JobOptions options,
                                           batch::JobContext context);

}  // namespace gantry::jobs
