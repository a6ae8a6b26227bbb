#include "gantry/cli/design_run.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/base/files.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/older_cache_import.hpp"
#include "gantry/cli/question.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/cli/summary.hpp"
#include "gantry/jobs/batch_executor.hpp"
#include "gantry/jobs/checkpoint.hpp"
#include "gantry/jobs/output_conflicts.hpp"
#include "gantry/jobs/report/report.hpp"
#include "gantry/jobs/version.hpp"

namespace gantry::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kConflictsShown = 20;
constexpr std::uint64_t kBytesOfOldPictures = 32ULL << 20;

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

Configs configs_of(const std::vector<jobs::DesignJob>& jobs) {
  Configs configs;
  for (const jobs::DesignJob& job : jobs) {
    if (job.config) configs.push_back(&job.config->config);
  }
  return configs;
}

// What the coroutines of one run share.
struct Work {
  const std::vector<jobs::DesignJob>& jobs;
  const Settings& settings;
  const DesignRun& run;
  Terminal& terminal;
  jobs::Checkpoint* checkpoint;                 // null in a dry run
  jobs::OlderCache older{};                     // to be taken over
  async::TimePoint began{};                     // of the export
  std::function<jobs::BatchResult()> so_far{};  // while it lasts
};

async::awaitable<bool> go_on_in_spite_of(std::vector<jobs::OutputConflict> conflicts,
                                         std::shared_ptr<Work> work) {
  bool may_continue = work->settings.on_conflict == OnConflict::kContinue;
  std::size_t shown = std::min(conflicts.size(), kConflictsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    work->terminal.warning("", "written by more than one export: " + conflicts[i].to_string());
  }
  if (conflicts.size() > shown) {
    work->terminal.warning("", fmt::format("and {} more files", conflicts.size() - shown));
  }
  if (work->settings.on_conflict == OnConflict::kAsk && can_ask()) {
    work->terminal.hold();
    may_continue = co_await ask("Export all the same? The last one to end wins. [y/N] ");
    work->terminal.resume();
  }
  if (!may_continue) {
    work->terminal.error(
        "nothing was exported: give the exports folders of their own, or say "
        "--on-conflict continue");
  }
  co_return may_continue;
}

void note_finished(const Work& work, std::size_t index, const jobs::JobResult& result) {
  if (work.checkpoint == nullptr || !result.succeeded()) return;
  const jobs::DesignJob& job = work.jobs[index];
  try {
    work.checkpoint->finished(job.path.string(), job.config->digest);
  } catch (const Error& error) {
    work.terminal.warning(job.name, "--resume will not know that it is done: " + error.message());
  }
}

std::chrono::milliseconds time_since_begin(jobs::Engine& engine, const Work& work) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(engine.clock().now() - work.began);
}

jobs::RunReport empty_report(const Settings& settings, async::WallTime started) {
  jobs::RunReport report;
  report.version = jobs::kVersion;
  report.started = started;
  report.dry_run = settings.mode == output::Mode::kDryRun;
  return report;
}

jobs::RunReport report_of(jobs::Engine& engine, const jobs::BatchResult& result,
                          const Settings& settings, std::chrono::milliseconds duration) {
  const net::TrafficCounts& traffic = engine.traffic();
  jobs::RunReport report = empty_report(settings, engine.clock().wall_now() - duration);
  report.duration = duration;
  report.interrupted = engine.interrupted_by();
  report.api_calls = traffic.api_calls;
  report.retries = traffic.retries;
  report.downloads = traffic.requests - traffic.api_calls;
  report.bytes = traffic.bytes;
  report.conversions_saved = engine.conversions().saved();
  report.waits = result.waits;
  report.jobs = result.jobs;
  return report;
}

// A report that cannot be written does not make the export fail, but nobody must think it was.
bool write_reports(const jobs::RunReport& report, const Settings& settings, Terminal& terminal) {
  bool all_written = true;
  auto write = [&](const std::string& path, std::string (*text_of)(const jobs::RunReport&)) {
    if (path.empty()) return;
    try {
      write_file_atomically(path, text_of(report));
    } catch (const Error& error) {
      terminal.error("the report is not written: " + error.message());
      all_written = false;
    }
  };
  write(settings.report, jobs::to_json);
  write(settings.report_html, jobs::to_html);
  return all_written;
}

jobs::BatchOptions options_of(const std::shared_ptr<Work>& work) {
  jobs::BatchOptions options;
  options.parallel = work->settings.parallel;
  options.timeout = work->settings.timeout;
  options.job.mode = work->settings.mode;
  options.job.fail_fast = work->settings.fail_fast;
  options.job.force = work->settings.force;
  options.job.granular = work->settings.granular;
  options.job.filter = work->run.filter;
  if (!work->settings.report_html.empty()) options.job.keep_before = kBytesOfOldPictures;
  options.on_conflict = [work](std::vector<jobs::OutputConflict> conflicts) {
    return go_on_in_spite_of(std::move(conflicts), work);
  };
  options.on_begin = [work](std::function<jobs::BatchResult()> so_far) {
    work->so_far = std::move(so_far);
  };
  options.on_job_ended = [work](std::size_t index, const jobs::JobResult& result) {
    note_finished(*work, index, result);
  };
  return options;
}

async::awaitable<int> export_all(jobs::Engine& engine, std::shared_ptr<Work> work) {
  work->began = engine.clock().now();
  jobs::BatchResult result = co_await jobs::run_batch(engine, work->jobs, options_of(work));
  work->so_far = nullptr;
  std::chrono::milliseconds duration = time_since_begin(engine, *work);
  if (result.refused) co_return kOutputConflict;
  print_results(result.jobs, work->settings, work->run.is_batch, duration, work->terminal);
  if (engine.interrupted_by().empty()) {
    co_await import_older_cache(engine, std::move(work->older), configs_of(work->jobs),
                                work->terminal);
  }
  bool all_written = write_reports(report_of(engine, result, work->settings, duration),
                                   work->settings, work->terminal);
  int code = exit_code_of(result.jobs, work->settings);
  bool all_done = code == kSuccess || code == kOutOfDate;
  if (all_done && work->checkpoint != nullptr) work->checkpoint->remove();
  co_return all_done && !all_written ? kFailure : code;
}

// For a run that a signal has ended and that hangs.
void report_so_far(jobs::Engine& engine, const Work& work) {
  if (!work.so_far) return;
  jobs::BatchResult result = work.so_far();
  std::chrono::milliseconds duration = time_since_begin(engine, work);
  write_reports(report_of(engine, result, work.settings, duration), work.settings, work.terminal);
  print_results(result.jobs, work.settings, work.run.is_batch, duration, work.terminal);
}

// The jobs that are not done yet.
std::vector<jobs::DesignJob> left_over(const std::vector<jobs::DesignJob>& jobs,
                                       const jobs::Checkpoint& checkpoint) {
  std::vector<jobs::DesignJob> left;
  for (const jobs::DesignJob& job : jobs) {
    bool is_done = job.config && checkpoint.is_finished(job.path.string(), job.config->digest);
    if (!is_done) left.push_back(job);
  }
  return left;
}

}  // namespace

Verbosity verbosity_of(const CommonFlags& common) {
  if (common.quiet) return Verbosity::kQuiet;
  return common.verbose ? Verbosity::kVerbose : Verbosity::kNormal;
}

LogFormat log_format_of(const CommonFlags& common) {
  return common.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
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

void add_design_flags(CLI::App& command, DesignRun& run) {
  command.add_flag("--resume", run.resume, "Leave out what the last run, which has not ended, did")
      ->group(kOutputGroup);
  add_report_flags(command, run.flags);
}

int run_design(const std::vector<jobs::DesignJob>& all_jobs, const DesignRun& run,
               const CommonFlags& common) {
  Settings settings = settle(run.flags, configs_of(all_jobs), run.is_batch);
  Terminal terminal(verbosity_of(common), log_format_of(common));
  async::WallTime now = async::system_wall_time();
  jobs::Checkpoint checkpoint(jobs::kCheckpointFile, run.requested, run.resume, now);
  if (!checkpoint.warning().empty()) terminal.warning("", checkpoint.warning());
  std::vector<jobs::DesignJob> jobs = left_over(all_jobs, checkpoint);
  if (jobs.size() < all_jobs.size()) {
    terminal.notice(fmt::format("resuming: {} of {} configurations are done already",
                                all_jobs.size() - jobs.size(), all_jobs.size()));
  }
  bool is_dry = settings.mode == output::Mode::kDryRun;
  if (jobs.empty()) {
    if (!is_dry) checkpoint.remove();
    jobs::RunReport report = empty_report(settings, now);
    return write_reports(report, settings, terminal) ? kSuccess : kFailure;
  }
  if (!is_dry) checkpoint.save();
  for (const jobs::DesignJob& job : jobs) terminal.expect(job.name);
  for (const jobs::OutputConflict& shared : jobs::find_shared_folders(jobs)) {
    terminal.warning("", "more than one export writes to " + shared.to_string());
  }
  auto work =
      std::make_shared<Work>(Work{jobs, settings, run, terminal, is_dry ? nullptr : &checkpoint});
  work->older = find_older_cache(settings, configs_of(jobs), terminal);
  return run_session(
      settings.engine, terminal, [work](jobs::Engine& engine) { return export_all(engine, work); },
      [work](jobs::Engine& engine) { report_so_far(engine, *work); });
}

}  // namespace gantry::cli
