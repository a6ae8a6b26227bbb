// The run of one or many configurations, as `batch` and the single commands share it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gantry/cli/commands.hpp"
#include "gantry/cli/settings.hpp"
#include "gantry/jobs/design_export.hpp"

namespace CLI {
class App;
}

namespace gantry::cli {

Verbosity verbosity_of(const CommonFlags& common);
LogFormat log_format_of(const CommonFlags& common);

// Reads the configurations. Names are file names, or paths where two would be equal.
std::vector<jobs::DesignJob> load_jobs(const std::vector<std::filesystem::path>& files);

struct DesignRun {
  RunFlags flags;
  std::optional<std::string> filter;
  bool is_batch = false;
  std::vector<std::string> requested;  // the arguments, for the checkpoint
  bool resume = false;
};

// The flags of every command that exports configurations.
void add_design_flags(CLI::App& command, DesignRun& run);

// Exports them all and prints the summary, or the plan of a dry run; the exit code.
int run_design(const std::vector<jobs::DesignJob>& jobs, const DesignRun& run,
               const CommonFlags& common);

}  // namespace gantry::cli
