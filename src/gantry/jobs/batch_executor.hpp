// Many configurations in one run, in two phases: all are planned, what they share is merged and
// what they would both write is found; then so many at a time are executed.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "gantry/jobs/design_export.hpp"
#include "gantry/jobs/output_conflicts.hpp"
#include "gantry/jobs/report/report.hpp"

namespace gantry::jobs {

struct BatchResult {
  std::vector<JobResult> jobs;  // in the order of the jobs
  std::vector<Wait> waits;
  bool refused = false;  // on_conflict has said no, and nothing was exported
};

struct BatchOptions {
  int parallel = 3;
  JobOptions job;
  // Per attempt; absent: figma.timeout of each configuration, or 30 s.
  std::optional<std::chrono::milliseconds> timeout;
  // Asked before anything is fetched if several exports would write the same files: whether to go
  // on. Empty: go on.
  std::function<async::awaitable<bool>(std::vector<OutputConflict>)> on_conflict;
  // Told first: what says, on the io thread until run_batch returns, what is done so far. Jobs that
  // have not ended have the error kCancelled there.
  std::function<void(std::function<BatchResult()> so_far)> on_begin;
  // Told of each job that has ended, in that order.
  std::function<void(std::size_t job, const JobResult& result)> on_job_ended;
};

// A failed job does not stop the others, unless it is told to fail fast or the failure spoils all
// (Scope::kRun); jobs that were stopped or never started then have the error kCancelled. If the
// caller is cancelled, the result tells what was done until then.
async::awaitable<BatchResult> run_batch(Engine& engine, const std::vector<DesignJob>& jobs,
                                        BatchOptions options);

// The bound of one attempt for a configuration.
std::chrono::milliseconds timeout_of(const config::Config& config,
                                     std::optional<std::chrono::milliseconds> flag);

}  // namespace gantry::jobs
