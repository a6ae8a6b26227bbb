// The results of a run for people, on standard output: the summary, the plan of a dry run.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gantry/jobs/result.hpp"

namespace gantry::cli {

// "Batch complete: 2 succeeded, 1 failed, in 3.2 s" and a line for each job.
std::string batch_summary(const std::vector<jobs::JobResult>& results,
                          std::chrono::milliseconds duration);

// The line of one job: "✓ web.yaml - 500 icons (1,002 files: 3 added, 1 changed)".
std::string job_line(const jobs::JobResult& result);

// Every failure of a job, the job's own and those of its items, a line each.
std::vector<std::string> failure_lines(const jobs::JobResult& result);

// The paths that would be added (+), changed (~) and removed (-), and their counts.
std::string plan_text(const std::vector<jobs::JobResult>& results);

}  // namespace gantry::cli
