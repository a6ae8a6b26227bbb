#include "gantry/cli/settings.hpp"

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/base/files.hpp"
#include "gantry/cli/help.hpp"

namespace gantry::cli {
namespace {

constexpr const char* kTokenVariable = "FIGMA_PERSONAL_TOKEN";
constexpr int kDefaultDownloads = 20;

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// What the configurations of a run agree on.
template <class T, class Member>
std::optional<T> agreed(const std::vector<const config::Config*>& configs, Member member,
                        const char* key) {
  std::optional<T> found;
  const config::Config* first = nullptr;
  for (const config::Config* config : configs) {
    const std::optional<T>& value = config->gantry.*member;
    if (!value) continue;
    if (found && *found != *value) {
      throw Error(
          ErrorCode::kUsage,
          fmt::format("'gantry.{}' differs between {} and {}: give the flag", key,
                      first->gantry.position.to_string(), config->gantry.position.to_string()));
    }
    found = value;
    first = config;
  }
  return found;
}

figma::Plan plan_of(const std::string& word) {
  auto plan = figma::parse_plan(word);
  if (!plan) {
    throw Error(ErrorCode::kUsage,
                "--plan: '" + word + "' is not professional, organization, enterprise or view");
  }
  return *plan;
}

Secret token_from_environment(bool is_needed) {
  const char* text = std::getenv(kTokenVariable);
  std::string token = text == nullptr ? "" : text;
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  if (token.empty() && is_needed) {
    throw Error(ErrorCode::kUsage,
                fmt::format("{} is not set: make a personal access token in Figma (Settings, "
                            "Security) and export it",
                            kTokenVariable));
  }
  for (char c : token) {
    if (static_cast<unsigned char>(c) <= ' ') {
      throw Error(ErrorCode::kUsage,
                  fmt::format("{} has white space or a control character in it", kTokenVariable));
    }
  }
  return Secret(token);
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
  command
      .add_flag("--fail-fast", flags.fail_fast,
                "Stop everything at the first item that fails after its retries")
      ->envname("GANTRY_FAIL_FAST")
      ->group(kOutputGroup);
}

void add_parallel_flag(CLI::App& command, RunFlags& flags) {
  command.add_option("--parallel", flags.parallel, "Configurations at a time")
      ->check(CLI::Range(1, 64))
      ->envname("GANTRY_PARALLEL")
      ->option_text("N")
      ->default_str("3")
      ->group(kLimitsGroup);
}

void add_limit_flags(CLI::App& command, RunFlags& flags) {
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
  command
      .add_option("--plan", flags.plan,
                  "Figma plan that owns the files, for its rate limits: professional, "
                  "organization or enterprise; view for a View seat")
      ->envname("GANTRY_PLAN")
      ->option_text("PLAN")
      ->default_str("professional")
      ->group(kLimitsGroup);
  command
      .add_option("--rate-limit", flags.rate_limit,
                  "At most N API calls in any minute, in place of the plan's limits")
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

void add_connection_flags(CLI::App& command, RunFlags& flags) {
  command.add_option("--api-url", flags.api_url, "Address of the Figma API, without /v1")
      ->envname("FIGMA_API_URL")
      ->option_text("URL")
      ->default_str(figma::kPublicApi)
      ->group(kConnectionGroup);
  command
      .add_flag("--allow-http", flags.allow_http,
                "Allow plain http to other machines than this one")
      ->group(kConnectionGroup);
  CLI::Option* record =
      command.add_option("--record", flags.record, "Keep every answer in DIR, without the token");
  record->option_text("DIR")->group(kConnectionGroup);
  command
      .add_option("--replay", flags.replay,
                  "Answer from such a DIR: needs neither network nor token")
      ->excludes(record)
      ->option_text("DIR")
      ->group(kConnectionGroup);
}

void add_cache_flags(CLI::App& command, RunFlags& flags) {
  CLI::Option* cache = command.add_flag(
      "--cache", flags.cache,
      "Remember what was exported from which version, and skip what has not changed");
  cache->envname("GANTRY_CACHE")->group(kCacheGroup);
  CLI::Option* no_cache =
      command.add_flag("--no-cache", flags.no_cache, "Not even if a configuration says so");
  no_cache->excludes(cache)->group(kCacheGroup);
  command.add_flag("--force", flags.force, "Export even what has not changed, and remember it")
      ->envname("GANTRY_FORCE")
      ->group(kCacheGroup);
  command
      .add_flag("--granular-cache,--experimental-granular-cache", flags.granular_cache,
                "If a file has changed, ask which of its drawings look different, and fetch only "
                "those; needs --cache")
      ->envname("GANTRY_GRANULAR_CACHE")
      ->group(kCacheGroup);
  command
      .add_option("--cache-path", flags.cache_path, "File of the cache; `gantry cache` shows it")
      ->envname("GANTRY_CACHE_PATH")
      ->option_text("FILE")
      ->default_str(kDefaultCache)
      ->group(kCacheGroup);
  command
      .add_flag(
          "--offline", flags.offline,
          "Answer from the cache and from what was downloaded before, however old; ask nobody")
      ->excludes(no_cache)
      ->group(kCacheGroup);
}

void settle_downloads(const RunFlags& flags, const std::vector<const config::Config*>& configs,
                      Settings& settings, bool is_batch) {
  jobs::EngineOptions& engine = settings.engine;
  auto wanted = agreed<config::NumberOrAuto>(configs, &config::RunSettings::concurrent_downloads,
                                             "concurrentDownloads");
  if (const auto& flag = flags.concurrent_downloads) {
    bool is_auto = *flag == "auto";
    wanted = config::NumberOrAuto{is_auto ? 0 : std::stoi(*flag, nullptr, 0), is_auto};
  }
  engine.download_slots = kDefaultDownloads;
  engine.adapts_downloads = wanted && wanted->is_auto;
  if (engine.adapts_downloads) return;
  if (wanted) engine.download_slots = wanted->number;
  if (is_batch) engine.download_slots *= settings.parallel;
}

// A flag, or any of the configurations, turns the cache on.
bool wants_cache(const RunFlags& flags, const std::vector<const config::Config*>& configs) {
  if (flags.no_cache) return false;
  if (flags.cache || flags.force || flags.offline) return true;
  return std::any_of(configs.begin(), configs.end(),
                     [](const config::Config* config) { return config->common.cache.enabled; });
}

}  // namespace

void add_run_flags(CLI::App& command, RunFlags& flags) {
  add_output_flags(command, flags);
  add_limit_flags(command, flags);
  add_connection_flags(command, flags);
  add_cache_flags(command, flags);
}

void add_batch_flags(CLI::App& command, RunFlags& flags) {
  add_output_flags(command, flags);
  add_parallel_flag(command, flags);
  add_limit_flags(command, flags);
  add_connection_flags(command, flags);
  add_cache_flags(command, flags);
}

Settings settle(const RunFlags& flags, const std::vector<const config::Config*>& configs,
                bool is_batch) {
  using config::RunSettings;
  Settings settings;
  jobs::EngineOptions& engine = settings.engine;
  engine.api_url = flags.api_url;
  engine.allow_plain_http = flags.allow_http;
  engine.record = flags.record;
  engine.replay = flags.replay;
  engine.token = token_from_environment(flags.replay.empty());
  engine.store = user_cache_folder() / "blobs";
  engine.ledger = user_state_folder() / "limits.json";
  engine.offline = flags.offline;
  if (wants_cache(flags, configs)) engine.cache = flags.cache_path;
  if (flags.offline && !std::filesystem::exists(engine.cache)) {
    throw Error(ErrorCode::kUsage,
                fmt::format("--offline: there is no cache {}; a run with --cache makes it",
                            flags.cache_path));
  }

  if (flags.granular_cache && engine.cache.empty()) {
    throw Error(ErrorCode::kUsage, "--granular-cache needs --cache");
  }
  settings.granular = flags.granular_cache;

  auto plan = agreed<config::Plan>(configs, &RunSettings::plan, "plan");
  if (plan) engine.plan = static_cast<figma::Plan>(*plan);
  if (flags.plan) engine.plan = plan_of(*flags.plan);
  engine.rate_limit = flags.rate_limit;
  if (!engine.rate_limit) {
    engine.rate_limit = agreed<int>(configs, &RunSettings::rate_limit, "rateLimit");
  }
  auto retries = agreed<int>(configs, &RunSettings::max_retries, "maxRetries");
  engine.max_retries = flags.max_retries.value_or(retries.value_or(engine.max_retries));
  auto wait = agreed<config::Seconds>(configs, &RunSettings::max_wait, "maxWait");
  if (wait) engine.max_wait = milliseconds(wait->count());
  if (flags.max_wait) engine.max_wait = milliseconds(*flags.max_wait);

  auto parallel = agreed<int>(configs, &RunSettings::parallel, "parallel");
  settings.parallel = flags.parallel.value_or(parallel.value_or(settings.parallel));
  settle_downloads(flags, configs, settings, is_batch);
  auto fail_fast = agreed<bool>(configs, &RunSettings::fail_fast, "failFast");
  settings.fail_fast = flags.fail_fast || fail_fast.value_or(false);
  if (flags.timeout) settings.timeout = milliseconds(*flags.timeout);
  if (flags.dry_run || flags.check) settings.mode = output::Mode::kDryRun;
  settings.force = flags.force;
  settings.check = flags.check;
  return settings;
}

}  // namespace gantry::cli
