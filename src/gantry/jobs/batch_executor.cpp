#include "gantry/jobs/batch_executor.hpp"

#include <utility>

#include "gantry/async/for_each.hpp"

namespace gantry::jobs {
namespace {

bool spoils_all(const JobResult& result) {
  return result.error && result.error->scope() == Scope::kRun;
}

JobResult stopped(const DesignJob& job) {
  JobResult result;
  result.name = job.name;
  result.path = job.path.string();
  result.error = Error(ErrorCode::kCancelled, "not exported: the run was stopped");
  return result;
}

async::awaitable<void> run_one(Engine& engine, const DesignJob& job, const BatchOptions& options,
                               net::Lane lane, std::optional<JobResult>& slot) {
  batch::JobContext context;
  context.name = job.name;
  context.lane = lane;
  context.progress = &engine.progress();
  if (job.config) context.timeout = timeout_of(job.config->config, options.timeout);
  JobResult result = co_await run_design_job(engine, job, options.job, context);
  bool was_cancelled = result.error && result.error->code() == ErrorCode::kCancelled;
  bool stop = spoils_all(result) || (options.job.fail_fast && !result.succeeded());
  slot = was_cancelled ? stopped(job) : std::move(result);
  if (was_cancelled) throw Error(ErrorCode::kCancelled, "cancelled");
  // Any other error than kCancelled makes for_each cancel the jobs that run and start no more.
  if (stop) throw Error(ErrorCode::kConflict, "stop the others");
}

}  // namespace

std::chrono::milliseconds timeout_of(const config::Config& config,
                                     std::optional<std::chrono::milliseconds> flag) {
  if (flag) return *flag;
  std::optional<config::Seconds> own = config.gantry.timeout;
  if (!own) own = config.figma.timeout;
  if (!own) return std::chrono::seconds(30);
  return std::chrono::duration_cast<std::chrono::milliseconds>(*own);
}

async::awaitable<std::vector<JobResult>> run_batch(Engine& engine,
                                                   const std::vector<DesignJob>& jobs,
                                                   BatchOptions options) {
  std::vector<std::optional<JobResult>> slots(jobs.size());
  std::function<async::awaitable<void>(std::size_t)> body = [&](std::size_t index) {
    return run_one(engine, jobs[index], options, static_cast<net::Lane>(index), slots[index]);
  };
  try {
    co_await async::for_each(jobs.size(), static_cast<std::size_t>(options.parallel),
                             std::move(body));
  } catch (const Error&) {
    // What stopped the run is in the results.
  }
  std::vector<JobResult> results;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    results.push_back(slots[i] ? std::move(*slots[i]) : stopped(jobs[i]));
  }
  co_return results;
}

}  // namespace gantry::jobs
