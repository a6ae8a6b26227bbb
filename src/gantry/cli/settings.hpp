// The settings of a run: each from its flag, else its GANTRY_ variable, else the configuration,
// else the default.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gantry/cli/terminal.hpp"
#include "gantry/config/config.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/result.hpp"

namespace CLI {
class App;
}

namespace gantry::cli {

inline constexpr const char* kTokenVariable = "FIGMA_PERSONAL_TOKEN";
inline constexpr const char* kDefaultCache = ".gantry-cache.db";

// What flags and variables say; absent: not given.
struct RunFlags {
  std::optional<int> parallel;
  std::optional<int> max_retries;
  std::optional<int> rate_limit;
  std::optional<double> timeout;
  std::optional<std::string> concurrent_downloads;  // a number or "auto"
  std::optional<double> max_wait;
  std::optional<std::string> plan;
  std::string api_url = figma::kPublicApi;
  jobs::ArkeAddresses arke;
  jobs::GitHubOptions github;
  std::optional<std::string> github_token;
  std::string record;
  std::string replay;
  std::optional<std::string> cache_path;
  std::optional<std::string> on_conflict;
  std::optional<std::string> report;
  std::optional<std::string> report_html;
  std::optional<bool> cache;
  std::optional<bool> granular_cache;
  std::optional<bool> offline;
  std::optional<bool> fail_fast;
  bool no_cache = false;
  bool force = false;
  bool allow_http = false;
  bool dry_run = false;
  bool check = false;
};

// The flags of every command that exports.
void add_run_flags(CLI::App& command, RunFlags& flags);
// The same, --parallel and --on-conflict.
void add_batch_flags(CLI::App& command, RunFlags& flags);
// Those of exports from the archive.
void add_archive_flags(CLI::App& command, RunFlags& flags);
// Those of commands that read component registries.
void add_components_flags(CLI::App& command, RunFlags& flags);
// Those of commands that export configurations.
void add_report_flags(CLI::App& command, RunFlags& flags);

// What to do if two exports would write the same file.
enum class OnConflict { kAsk, kContinue, kAbort };

// Flags on top of what the configurations of a run say. kUsage where two configurations want
// different things of the run they share.
struct Settings {
  jobs::EngineOptions engine;
  int parallel = 3;
  bool fail_fast = false;
  std::optional<std::chrono::milliseconds> timeout;  // the flag's; else each configuration's
  output::Mode mode = output::Mode::kPublish;
  bool force = false;
  bool granular = false;
  bool check = false;
  std::string cache_path;                     // whether or not there is one
  OnConflict on_conflict = OnConflict::kAsk;  // where nobody can be asked: end with exit code 3
  std::string report;                         // JSON file; empty: none
  std::string report_html;                    // empty: none
};
using Configs = std::vector<const config::Config*>;
Settings settle(const RunFlags& flags, const Configs& configs, bool is_batch);
// The same for a run that asks the archive only, which needs no token.
Settings settle_archive(const RunFlags& flags);
// The same for one that reads component registries: it has a cache of its own unless it is told not
// to, and GitHub's token from the flag, GITHUB_TOKEN or GITHUB_PERSONAL_ACCESS_TOKEN, or none.
Settings settle_components(const RunFlags& flags);
// GitHub's token as above; empty without one. kUsage for one that cannot be a header.
Secret github_token(const RunFlags& flags);
// The same, whether or not there is what a run needs: the token, the cache of one that is offline.
Settings combine(const RunFlags& flags, const Configs& configs, bool is_batch);

}  // namespace gantry::cli
