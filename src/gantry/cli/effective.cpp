#include "gantry/cli/effective.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "gantry/jobs/batch_executor.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

class Sources {
 public:
  Sources(const CLI::App& command, const config::Loaded* loaded)
      : command_(command), loaded_(loaded) {}

  // The first that has set it: one of the flags or its variable, one of the keys; or the default.
  std::string of(std::initializer_list<const char*> flags,
                 std::initializer_list<const char*> keys = {}) const {
    for (const char* flag : flags) {
      if (std::string source = given(flag); !source.empty()) return source;
    }
    for (const char* key : keys) {
      if (std::string place = position(key); !place.empty()) return place;
    }
    return "default";
  }

 private:
  std::string given(const std::string& flag) const {
    const CLI::Option* option = command_.get_option_no_throw(flag);
    if (option == nullptr || option->count() == 0) return {};
    const auto& on_the_line = command_.parse_order();
    bool is_flag = std::find(on_the_line.begin(), on_the_line.end(), option) != on_the_line.end();
    return is_flag ? "flag " + flag : option->get_envname();
  }
  std::string position(const std::string& key) const {
    if (loaded_ == nullptr) return {};
    auto found = loaded_->positions.find(key);
    return found == loaded_->positions.end() ? "" : found->second.to_string();
  }

  const CLI::App& command_;
  const config::Loaded* loaded_;
};

json::value text(std::string_view value) {
  if (value.empty()) return nullptr;
  return json::string(value);
}

// Seconds, without a fraction where there is none.
json::value seconds(std::chrono::milliseconds time) {
  if (time.count() % 1000 == 0) return time.count() / 1000;
  return static_cast<double>(time.count()) / 1000;
}

const char* word_of(OnConflict choice) {
  if (choice == OnConflict::kContinue) return "continue";
  return choice == OnConflict::kAbort ? "abort" : "ask";
}

using Rows = std::vector<EffectiveSetting>;

void add_limits(Rows& rows, const Settings& settings, const config::Config& config,
                const Sources& from) {
  const jobs::EngineOptions& engine = settings.engine;
  rows.push_back({"parallel", settings.parallel, from.of({"--parallel"}, {"gantry.parallel"})});
  json::value downloads = engine.download_slots;
  if (engine.adapts_downloads) downloads = "auto";
  rows.push_back({"concurrentDownloads", std::move(downloads),
                  from.of({"--concurrent-downloads"}, {"gantry.concurrentDownloads"})});
  rows.push_back(
      {"plan", text(figma::to_string(engine.plan)), from.of({"--plan"}, {"gantry.plan"})});
  json::value limit;
  if (engine.rate_limit) limit = *engine.rate_limit;
  rows.push_back({"rateLimit", limit, from.of({"--rate-limit"}, {"gantry.rateLimit"})});
  rows.push_back(
      {"maxWait", seconds(engine.max_wait), from.of({"--max-wait"}, {"gantry.maxWait"})});
  rows.push_back(
      {"maxRetries", engine.max_retries, from.of({"--max-retries"}, {"gantry.maxRetries"})});
  rows.push_back({"timeout", seconds(jobs::timeout_of(config, settings.timeout)),
                  from.of({"--timeout"}, {"gantry.timeout", "figma.timeout"})});
}

void add_output(Rows& rows, const Settings& settings, const RunFlags& flags, const Sources& from) {
  rows.push_back({"failFast", settings.fail_fast, from.of({"--fail-fast"}, {"gantry.failFast"})});
  rows.push_back({"onConflict", word_of(settings.on_conflict),
                  from.of({"--on-conflict"}, {"gantry.onConflict"})});
  rows.push_back({"report", text(settings.report), from.of({"--report"}, {"gantry.report"})});
  rows.push_back({"reportHtml", text(settings.report_html),
                  from.of({"--report-html"}, {"gantry.reportHtml"})});
  rows.push_back({"dryRun", flags.dry_run, from.of({"--dry-run"})});
  rows.push_back({"check", flags.check, from.of({"--check"})});
}

void add_cache(Rows& rows, const Settings& settings, const RunFlags& flags, const Sources& from) {
  bool is_on = !settings.engine.cache.empty();
  std::string source;
  if (flags.no_cache) {
    source = from.of({"--no-cache"});
  } else if (settings.engine.offline || flags.force) {
    source = from.of({"--force", "--offline"}, {"gantry.offline"});
  } else {
    source = from.of({"--cache"}, {"gantry.cache", "common.cache.enabled"});
  }
  rows.push_back({"cache", is_on, std::move(source)});
  rows.push_back({"granularCache", settings.granular,
                  from.of({"--granular-cache"}, {"gantry.granularCache"})});
  rows.push_back(
      {"cachePath", text(settings.cache_path), from.of({"--cache-path"}, {"gantry.cachePath"})});
  rows.push_back({"force", settings.force, from.of({"--force"})});
  rows.push_back({"offline", settings.engine.offline, from.of({"--offline"}, {"gantry.offline"})});
}

void add_connection(Rows& rows, const Settings& settings, const Sources& from) {
  const jobs::EngineOptions& engine = settings.engine;
  rows.push_back({"apiUrl", text(engine.api_url), from.of({"--api-url"})});
  rows.push_back({"allowHttp", engine.allow_plain_http, from.of({"--allow-http"})});
  rows.push_back({"record", text(engine.record.string()), from.of({"--record"})});
  rows.push_back({"replay", text(engine.replay.string()), from.of({"--replay"})});
  bool is_set = !engine.token.empty();
  rows.push_back({"token", text(is_set ? "set (" + engine.token.masked() + ")" : "not set"),
                  is_set ? kTokenVariable : "default"});
}

}  // namespace

std::vector<EffectiveSetting> effective_settings(const CLI::App& command, const RunFlags& flags,
                                                 const config::Loaded* loaded) {
  Configs configs;
  if (loaded != nullptr) configs.push_back(&loaded->config);
  Settings settings = combine(flags, configs, false);
  Sources from(command, loaded);
  Rows rows;
  add_limits(rows, settings, loaded != nullptr ? loaded->config : config::Config(), from);
  add_output(rows, settings, flags, from);
  add_cache(rows, settings, flags, from);
  add_connection(rows, settings, from);
  return rows;
}

}  // namespace gantry::cli
