#include <chrono>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "gantry/cli/help.hpp"
#include "gantry/cli/settings.hpp"

namespace gantry::cli {
namespace {

// A flag that a variable may also switch off, unlike one that was not given.
CLI::Option* add_switch(CLI::App& command, const std::string& name, std::optional<bool>& value,
                        const std::string& description) {
  auto set = [&value](std::int64_t count) { value = count > 0; };
  return command.add_flag_function(name, set, description);
}

void add_fail_fast_flag(CLI::App& command, RunFlags& flags) {
  add_switch(command, "--fail-fast", flags.fail_fast,
             "Stop everything at the first item that fails after its retries")
      ->envname("GANTRY_FAIL_FAST")
      ->group(kOutputGroup);
}

void add_output_flags(CLI::App& command, RunFlags& flags) {
  CLI::Option* dry_run = command.add_flag(
      "--dry-run", flags.dry_run, "Show what would be added, changed and removed; write nothing");
  dry_run->group(kOutputGroup);
  command
      .add_flag("--check", flags.check,
                "As --dry-run, and exit with 4 if the files are out of date")
      ->excludes(dry_run)
      ->group(kOutputGroup);
  add_fail_fast_flag(command, flags);
}

void add_parallel_flag(CLI::App& command, RunFlags& flags) {
  command.add_option("--parallel", flags.parallel, "Configurations at a time")
      ->check(CLI::Range(1, 64))
      ->envname("GANTRY_PARALLEL")
      ->option_text("N")
      ->default_str("3")
      ->group(kLimitsGroup);
}

void add_downloads_flag(CLI::App& command, RunFlags& flags) {
  command
      .add_option("--concurrent-downloads", flags.concurrent_downloads,
                  "Downloads at a time; in a batch, for each configuration at work; auto: as many "
                  "in all, up to 128, as the server takes best")
      ->check(CLI::Validator(
          [](const std::string& text) {
            bool is_good = text == "auto" || CLI::Range(1, 256)(text).empty();
            return is_good ? std::string() : "'" + text + "' is neither auto nor from 1 to 256";
          },
          ""))
      ->envname("GANTRY_CONCURRENT_DOWNLOADS")
      ->option_text("N")
      ->default_str("20")
      ->group(kLimitsGroup);
}

void add_plan_flag(CLI::App& command, RunFlags& flags) {
  command
      .add_option("--plan", flags.plan,
                  "Figma plan that owns the files, for its rate limits: professional, "
                  "organization or enterprise; view for a View seat")
      ->envname("GANTRY_PLAN")
      ->option_text("PLAN")
      ->default_str("professional")
      ->group(kLimitsGroup);
}

void add_limit_flags(CLI::App& command, RunFlags& flags, const std::string& rate_limit) {
  command.add_option("--rate-limit", flags.rate_limit, rate_limit)
      ->check(CLI::Range(1, 100'000))
      ->envname("GANTRY_RATE_LIMIT")
      ->option_text("N")
      ->group(kLimitsGroup);
  command
      .add_option("--max-wait", flags.max_wait,
                  "Give up where a rate limit asks for a longer pause than S seconds")
      ->check(CLI::Range(0.0, 86'400.0))
      ->envname("GANTRY_MAX_WAIT")
      ->option_text("S")
      ->default_str("900")
      ->group(kLimitsGroup);
  command.add_option("--max-retries", flags.max_retries, "Retries of a failed request")
      ->check(CLI::Range(0, 20))
      ->envname("GANTRY_MAX_RETRIES")
      ->option_text("N")
      ->default_str("4")
      ->group(kLimitsGroup);
  command
      .add_option("--timeout", flags.timeout,
                  "Seconds that one attempt may spend on connecting, on silence, or on an API "
                  "answer as a whole")
      ->check(CLI::Range(1.0, 3600.0))
      ->envname("GANTRY_TIMEOUT")
      ->option_text("S")
      ->default_str("30")
      ->group(kLimitsGroup);
}

void add_address_flag(CLI::App& command, const char* name, const char* variable, std::string& url,
                      const std::string& description) {
  command.add_option(name, url, description)
      ->envname(variable)
      ->option_text("URL")
      ->default_str(url)
      ->group(kConnectionGroup);
}

void add_lifetime_flag(CLI::App& command, const char* name, const char* variable,
                       std::chrono::seconds& lifetime, const std::string& description) {
  command
      .add_option_function<std::int64_t>(
          name,
          [&lifetime](const std::int64_t& seconds) { lifetime = std::chrono::seconds(seconds); },
          description + ", in seconds; afterwards GitHub is asked whether they have changed")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{31'536'000}))
      ->envname(variable)
      ->option_text("S")
      ->default_str(std::to_string(lifetime.count()))
      ->group(kCacheGroup);
}

void add_connection_flags(CLI::App& command, RunFlags& flags) {
  command
      .add_flag("--allow-http", flags.allow_http,
                "Allow plain http to other machines than this one")
      ->envname("GANTRY_ALLOW_HTTP")
      ->group(kConnectionGroup);
  CLI::Option* record =
      command.add_option("--record", flags.record, "Keep every answer in DIR, without the token");
  record->envname("GANTRY_RECORD")->option_text("DIR")->group(kConnectionGroup);
  command
      .add_option("--replay", flags.replay,
                  "Answer from such a DIR: needs neither network nor token")
      ->excludes(record)
      ->envname("GANTRY_REPLAY")
      ->option_text("DIR")
      ->group(kConnectionGroup);
}

void add_cache_flag(CLI::App& command, RunFlags& flags, const std::string& description) {
  add_switch(command, "--cache", flags.cache, description)
      ->envname("GANTRY_CACHE")
      ->group(kCacheGroup);
}

void add_cache_control_flags(CLI::App& command, RunFlags& flags) {
  command.add_flag("--no-cache", flags.no_cache, "Not even if a configuration says so")
      ->group(kCacheGroup);
  command.add_flag("--force", flags.force, "Export even what has not changed, and remember it")
      ->envname("GANTRY_FORCE")
      ->group(kCacheGroup);
  add_switch(command, "--granular-cache,--experimental-granular-cache", flags.granular_cache,
             "If a file has changed, ask which of its drawings look different, and fetch only "
             "those; needs --cache")
      ->envname("GANTRY_GRANULAR_CACHE")
      ->group(kCacheGroup);
}

void add_cache_use_flags(CLI::App& command, RunFlags& flags) {
  command
      .add_option("--cache-path", flags.cache_path, "File of the cache; `gantry cache` shows it")
      ->envname("GANTRY_CACHE_PATH")
      ->option_text("FILE")
      ->default_str(kDefaultCache)
      ->group(kCacheGroup);
  add_switch(command, "--offline", flags.offline,
             "Answer from the cache and from what was downloaded before, however old; ask nobody")
      ->envname("GANTRY_OFFLINE")
      ->group(kCacheGroup);
}

void add_conflict_flag(CLI::App& command, RunFlags& flags) {
  command
      .add_option("--on-conflict", flags.on_conflict,
                  "If two exports would write the same file: continue, or abort (exit code 3); "
                  "without it you are asked, or it is abort where there is no terminal")
      ->check(CLI::IsMember({"abort", "continue"}))
      ->envname("GANTRY_ON_CONFLICT")
      ->option_text("WHAT")
      ->group(kOutputGroup);
}

// What every export from Figma has.
void add_design_source_flags(CLI::App& command, RunFlags& flags) {
  add_downloads_flag(command, flags);
  add_plan_flag(command, flags);
  add_limit_flags(command, flags,
                  "At most N API calls in any minute, in place of the plan's limits");
  add_address_flag(command, "--api-url", "FIGMA_API_URL", flags.api_url,
                   "Address of the Figma API, without /v1");
  add_connection_flags(command, flags);
  add_cache_flag(command, flags,
                 "Remember what was exported from which version, and skip what has not changed");
  add_cache_control_flags(command, flags);
  add_cache_use_flags(command, flags);
}

}  // namespace

void add_run_flags(CLI::App& command, RunFlags& flags) {
  add_output_flags(command, flags);
  add_design_source_flags(command, flags);
}

void add_batch_flags(CLI::App& command, RunFlags& flags) {
  add_output_flags(command, flags);
  add_conflict_flag(command, flags);
  add_parallel_flag(command, flags);
  add_design_source_flags(command, flags);
}

void add_archive_flags(CLI::App& command, RunFlags& flags) {
  add_fail_fast_flag(command, flags);
  add_downloads_flag(command, flags);
  add_limit_flags(command, flags, "At most N calls in any minute");
  add_address_flag(command, "--api-url", "ARKE_API_URL", flags.arke.api, "Address of the archive");
  add_address_flag(command, "--gateway-url", "ARKE_GATEWAY_URL", flags.arke.gateway,
                   "Address of its gateway to contents, without /ipfs");
  add_address_flag(command, "--graph-url", "ARKE_GRAPH_URL", flags.arke.graph,
                   "Address of its graph");
  add_connection_flags(command, flags);
  add_cache_flag(command, flags,
                 "Keep what was read: contents are not fetched again, and a run can be --offline");
  add_cache_use_flags(command, flags);
}

void add_components_flags(CLI::App& command, RunFlags& flags) {
  add_fail_fast_flag(command, flags);
  add_downloads_flag(command, flags);
  add_limit_flags(command, flags, "At most N calls of the API in any minute");
  add_address_flag(command, "--api-url", "GITHUB_API_URL", flags.github.api,
                   "Address of GitHub's API");
  add_address_flag(command, "--raw-url", "GITHUB_RAW_URL", flags.github.raw,
                   "Address of its raw files");
  command
      .add_option("--github-token", flags.github_token,
                  "Token of GitHub; better in GITHUB_TOKEN or GITHUB_PERSONAL_ACCESS_TOKEN, for "
                  "others may see a command line")
      ->option_text("TOKEN")
      ->group(kConnectionGroup);
  add_connection_flags(command, flags);
  command.add_flag("--no-cache", flags.no_cache, "Neither use nor keep anything")
      ->group(kCacheGroup);
  github::Lifetimes& lifetimes = flags.github.lifetimes;
  add_lifetime_flag(command, "--source-lifetime", "GANTRY_SOURCE_LIFETIME", lifetimes.sources,
                    "How long sources, demos and blocks are good");
  add_lifetime_flag(command, "--metadata-lifetime", "GANTRY_METADATA_LIFETIME", lifetimes.metadata,
                    "How long metadata is good");
  add_lifetime_flag(command, "--list-lifetime", "GANTRY_LIST_LIFETIME", lifetimes.lists,
                    "How long lists and trees are good");
  add_switch(command, "--offline", flags.offline,
             "Answer from the cache alone, however old; ask nobody")
      ->envname("GANTRY_OFFLINE")
      ->group(kCacheGroup);
  command
      .add_option("--cache-path", flags.cache_path, "File of the cache; `gantry cache` shows it")
      ->envname("GANTRY_CACHE_PATH")
      ->option_text("FILE")
      ->default_str("~/.cache/gantry/components.db")
      ->group(kCacheGroup);
}

void add_report_flags(CLI::App& command, RunFlags& flags) {
  command.add_option("--report", flags.report, "Write what was done as JSON")
      ->envname("GANTRY_REPORT")
      ->option_text("FILE")
      ->group(kOutputGroup);
  command
      .add_option("--report-html", flags.report_html,
                  "Write it as a page: timeline, changes before and after, all pictures")
      ->envname("GANTRY_REPORT_HTML")
      ->option_text("FILE")
      ->group(kOutputGroup);
}

}  // namespace gantry::cli
