// All exports of one configuration, in two phases: plan() asks cheap questions and knows everything
// but contents afterwards; execute() fetches, converts and publishes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gantry/config/config.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/entry_export.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::jobs {

// A configuration that was read, or why it could not be.
struct DesignJob {
  std::string name;  // as people call it; unique in a run
  std::filesystem::path path;
  Outcome<config::Loaded> config;
};

// Files that an export will write.
struct PlannedOutput {
  std::filesystem::path root;
  std::vector<RelativePath> paths;  // below it
};

class DesignExport {
 public:
  // `job` outlives it. `run_began`: what the times of the result are counted from.
  DesignExport(Engine& engine, const DesignJob& job, JobOptions options, batch::JobContext context,
               async::TimePoint run_began);

  // Neither throws: what goes wrong is in the result. What of the configuration this version cannot
  // export is a warning, and an error if nothing is left.
  async::awaitable<void> plan();
  async::awaitable<void> execute(async::TaskScope& asking);

  // After plan(): there is nothing to execute.
  bool is_over() const;
  std::vector<PlannedOutput> outputs() const;
  // Looks up what is stored, and starts to ask for the rest with tasks of `asking`, which outlives
  // this.
  async::awaitable<void> prepare();
  void ask_ahead(async::TaskScope& asking, batch::Priority priority);
  // It will not be executed, because of `reason`.
  void give_up(const Error& reason);

  const batch::JobContext& context() const { return context_; }
  // Final after execute(), give_up(), or a plan that leaves nothing to do.
  JobResult result() const;
  // What result() would be if it were given up now.
  JobResult result_if_stopped(const Error& reason) const;

 private:
  async::awaitable<void> plan_all();
  void begin_phase(const std::string& phase);
  void end(std::optional<Error> error);
  void close(JobResult& result, std::optional<Error> error) const;
  std::chrono::milliseconds now() const;

  Engine& engine_;
  const DesignJob& job_;
  JobOptions options_;
  batch::JobContext context_;
  async::TimePoint run_began_;
  std::vector<std::unique_ptr<EntryExport>> entries_;
  JobResult result_;
  bool ended_ = false;
};

}  // namespace gantry::jobs
