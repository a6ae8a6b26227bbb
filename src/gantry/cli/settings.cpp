#include "gantry/cli/settings.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "gantry/base/files.hpp"

namespace gantry::cli {
namespace {

constexpr int kDefaultDownloads = 20;

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// What the configurations of a run agree on.
template <class T, class Member>
std::optional<T> agreed(const Configs& configs, Member member, const char* key) {
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

// `source` is where it comes from.
Secret clean_token(std::string token, const std::string& source) {
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  for (char c : token) {
    if (static_cast<unsigned char>(c) <= ' ') {
      throw Error(ErrorCode::kUsage,
                  fmt::format("{} has white space or a control character in it", source));
    }
  }
  return Secret(token);
}

Secret token_from_environment(const char* variable) {
  const char* text = std::getenv(variable);
  return clean_token(text == nullptr ? "" : text, variable);
}

void settle_downloads(const RunFlags& flags, const Configs& configs, Settings& settings,
                      bool is_batch) {
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

// Force and offline mean nothing without one.
bool wants_cache(const RunFlags& flags, const Configs& configs, bool is_offline) {
  if (flags.no_cache) return false;
  if (flags.force || is_offline) return true;
  if (flags.cache) return *flags.cache;
  if (auto own = agreed<bool>(configs, &config::RunSettings::cache, "cache")) return *own;
  return std::any_of(configs.begin(), configs.end(),
                     [](const config::Config* config) { return config->common.cache.enabled; });
}

void settle_cache(const RunFlags& flags, const Configs& configs, Settings& settings) {
  using config::RunSettings;
  jobs::EngineOptions& engine = settings.engine;
  auto offline = agreed<bool>(configs, &RunSettings::offline, "offline");
  engine.offline = flags.offline.value_or(offline.value_or(false));
  auto path = agreed<std::string>(configs, &RunSettings::cache_path, "cachePath");
  settings.cache_path = flags.cache_path.value_or(path.value_or(kDefaultCache));
  if (engine.offline && flags.no_cache) {
    throw Error(ErrorCode::kUsage, "--no-cache: a run that is offline answers from the cache");
  }
  if (wants_cache(flags, configs, engine.offline)) engine.cache = settings.cache_path;
  auto granular = agreed<bool>(configs, &RunSettings::granular_cache, "granularCache");
  settings.granular = flags.granular_cache.value_or(granular.value_or(false));
  if (flags.no_cache) settings.granular = false;
  if (settings.granular && engine.cache.empty()) {
    throw Error(ErrorCode::kUsage, "--granular-cache needs --cache");
  }
}

void settle_limits(const RunFlags& flags, const Configs& configs, Settings& settings,
                   bool is_batch) {
  using config::RunSettings;
  jobs::EngineOptions& engine = settings.engine;
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
  if (flags.timeout) settings.timeout = milliseconds(*flags.timeout);
}

void settle_output(const RunFlags& flags, const Configs& configs, Settings& settings) {
  using config::RunSettings;
  auto fail_fast = agreed<bool>(configs, &RunSettings::fail_fast, "failFast");
  settings.fail_fast = flags.fail_fast.value_or(fail_fast.value_or(false));
  auto conflict = agreed<config::OnConflict>(configs, &RunSettings::on_conflict, "onConflict");
  if (conflict) {
    settings.on_conflict =
        *conflict == config::OnConflict::kContinue ? OnConflict::kContinue : OnConflict::kAbort;
  }
  if (flags.on_conflict == "continue") settings.on_conflict = OnConflict::kContinue;
  if (flags.on_conflict == "abort") settings.on_conflict = OnConflict::kAbort;
  auto report = agreed<std::string>(configs, &RunSettings::report, "report");
  settings.report = flags.report.value_or(report.value_or(""));
  auto page = agreed<std::string>(configs, &RunSettings::report_html, "reportHtml");
  settings.report_html = flags.report_html.value_or(page.value_or(""));
  if (flags.dry_run || flags.check) settings.mode = output::Mode::kDryRun;
  settings.force = flags.force;
  settings.check = flags.check;
}

void check_cache(const Settings& settings) {
  if (!settings.engine.offline || std::filesystem::exists(settings.engine.cache)) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("--offline: there is no cache {}; a run with --cache makes it",
                          settings.cache_path));
}

}  // namespace

Secret github_token(const RunFlags& flags) {
  if (flags.github_token) return clean_token(*flags.github_token, "--github-token");
  Secret token = token_from_environment("GITHUB_TOKEN");
  return token.empty() ? token_from_environment("GITHUB_PERSONAL_ACCESS_TOKEN") : token;
}

Settings combine(const RunFlags& flags, const Configs& configs, bool is_batch) {
  Settings settings;
  jobs::EngineOptions& engine = settings.engine;
  engine.api_url = flags.api_url;
  engine.arke = flags.arke;
  engine.allow_plain_http = flags.allow_http;
  engine.record = flags.record;
  engine.replay = flags.replay;
  engine.token = token_from_environment(kTokenVariable);
  engine.store = user_cache_folder() / "blobs";
  engine.ledger = user_state_folder() / "limits.json";
  settle_cache(flags, configs, settings);
  settle_limits(flags, configs, settings, is_batch);
  settle_output(flags, configs, settings);
  return settings;
}

Settings settle(const RunFlags& flags, const Configs& configs, bool is_batch) {
  Settings settings = combine(flags, configs, is_batch);
  if (settings.engine.token.empty() && settings.engine.replay.empty()) {
    throw Error(ErrorCode::kUsage,
                fmt::format("{} is not set: make a personal access token in Figma (Settings, "
                            "Security) and export it",
                            kTokenVariable));
  }
  check_cache(settings);
  return settings;
}

Settings settle_archive(const RunFlags& flags) {
  Settings settings = combine(flags, {}, false);
  check_cache(settings);
  return settings;
}

Settings settle_components(const RunFlags& flags) {
  RunFlags own = flags;
  if (!own.cache_path) own.cache_path = (user_cache_folder() / "components.db").string();
  own.cache = true;
  Settings settings = combine(own, {}, false);
  settings.engine.token = Secret();  // Figma is not asked
  settings.engine.github = flags.github;
  settings.engine.github.token = github_token(flags);
  bool is_unknown = settings.engine.offline && !std::filesystem::exists(settings.engine.cache);
  if (is_unknown) {
    throw Error(ErrorCode::kUsage, fmt::format("--offline: there is no cache {}; a run that is not "
                                               "offline makes it",
                                               settings.cache_path));
  }
  return settings;
}

}  // namespace gantry::cli
