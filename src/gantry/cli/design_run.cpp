#include "gantry/cli/design_run.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "gantry/cli/session.hpp"
#include "gantry/cli/summary.hpp"
#include "gantry/jobs/batch_executor.hpp"
#include "gantry/jobs/output_conflicts.hpp"

namespace gantry::cli {
namespace fs = std::filesystem;
namespace {

// The configuration as the lock file names it: the same from whatever folder it was given.
fs::path normal(const fs::path& file) {
  std::error_code failure;
  fs::path relative = fs::proximate(fs::weakly_canonical(file, failure), failure);
  return failure ? file : relative;
}

Outcome<config::Loaded> load(const fs::path& file) {
  try {
    return config::load(file);
  } catch (const Error& error) {
    return tl::unexpected(error);
  }
}

// Whether the run may go on.
bool check_conflicts(const std::vector<jobs::DesignJob>& jobs, bool may_continue,
                     Terminal& terminal) {
  std::vector<jobs::OutputConflict> conflicts = jobs::find_output_conflicts(jobs);
  for (const jobs::OutputConflict& conflict : conflicts) {
    std::string text = "written by more than one export: " + conflict.to_string();
    if (may_continue) {
      terminal.warning("", text);
    } else {
      terminal.error(text);
    }
  }
  if (conflicts.empty() || may_continue) return true;
  terminal.error(
      "nothing was exported: give the exports folders of their own, or say "
      "--on-conflict continue");
  return false;
}

bool is_stopped(const jobs::JobResult& result) {
  return result.error && result.error->code() == ErrorCode::kCancelled;
}

void print_results(const std::vector<jobs::JobResult>& results, const Settings& settings,
                   bool is_batch, std::chrono::milliseconds duration, Terminal& terminal) {
  for (const jobs::JobResult& result : results) {
    if (is_stopped(result)) continue;
    for (const std::string& line : failure_lines(result)) {
      terminal.error(is_batch ? result.name + ": " + line : line);
    }
  }
  bool is_dry = settings.mode == output::Mode::kDryRun;
  std::string text;
  if (is_dry) text = plan_text(results);
  if (is_batch) {
    text += batch_summary(results, duration);
  } else if (!is_dry && results.front().succeeded()) {
    text = job_line(results.front()) + "\n";
  }
  terminal.result(text);
}

int exit_code_of(const std::vector<jobs::JobResult>& results, const Settings& settings) {
  auto succeeded = [](const jobs::JobResult& result) { return result.succeeded(); };
  if (!std::all_of(results.begin(), results.end(), succeeded)) return kFailure;
  auto up_to_date = [](const jobs::JobResult& result) { return result.up_to_date(); };
  bool is_current = std::all_of(results.begin(), results.end(), up_to_date);
  return settings.check && !is_current ? kOutOfDate : kSuccess;
}

struct Work {
  const std::vector<jobs::DesignJob>& jobs;
  const Settings& settings;
  const DesignRun& run;
  Terminal& terminal;
};

async::awaitable<int> export_all(jobs::Engine& engine, std::shared_ptr<Work> work) {
  jobs::BatchOptions options;
  options.parallel = work->settings.parallel;
  options.timeout = work->settings.timeout;
  options.job.mode = work->settings.mode;
  options.job.fail_fast = work->settings.fail_fast;
  options.job.filter = work->run.filter;
  async::TimePoint started = engine.clock().now();
  std::vector<jobs::JobResult> results =
      co_await jobs::run_batch(engine, work->jobs, std::move(options));
  auto duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(engine.clock().now() - started);
  print_results(results, work->settings, work->run.is_batch, duration, work->terminal);
  co_return exit_code_of(results, work->settings);
}

}  // namespace

Verbosity verbosity_of(const CommonFlags& common) {
  if (common.quiet) return Verbosity::kQuiet;
  return common.verbose ? Verbosity::kVerbose : Verbosity::kNormal;
}

std::vector<jobs::DesignJob> load_jobs(const std::vector<fs::path>& files) {
  std::map<std::string, int> same_name;
  for (const fs::path& file : files) ++same_name[file.filename().string()];
  std::vector<jobs::DesignJob> jobs;
  for (const fs::path& file : files) {
    bool is_unique = same_name[file.filename().string()] == 1;
    fs::path path = normal(file);
    jobs.push_back({is_unique ? file.filename().string() : path.string(), path, load(file)});
  }
  return jobs;
}

int run_design(const std::vector<jobs::DesignJob>& jobs, const DesignRun& run,
               const CommonFlags& common) {
  std::vector<const config::Config*> configs;
  for (const jobs::DesignJob& job : jobs) {
    if (job.config) configs.push_back(&job.config->config);
  }
  Settings settings = settle(run.flags, configs, run.is_batch);
  Terminal terminal(verbosity_of(common));
  terminal.expect_jobs(jobs.size());
  if (!check_conflicts(jobs, run.continue_on_conflict, terminal)) return kOutputConflict;
  auto work = std::make_shared<Work>(Work{jobs, settings, run, terminal});
  return run_session(settings.engine, terminal,
                     [work](jobs::Engine& engine) { return export_all(engine, work); });
}

}  // namespace gantry::cli
