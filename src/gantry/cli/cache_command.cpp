#include <algorithm>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gantry/async/clock.hpp"
#include "gantry/base/error.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/cli/settings.hpp"
#include "gantry/store/sqlite_admin.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

struct CacheFlags {
  std::string file = kDefaultCache;
  std::string pattern;
  std::size_t limit = 20;
  double older_than = 0;
  bool json = false;
  bool value = false;
  bool all = false;
};

async::WallTime now() {
  boost::asio::io_context loop;
  return async::SystemClock(loop.get_executor()).wall_now();
}

// "2026-11-25T03:12:40Z", or "never" for a time that does not come.
std::string text_of(async::WallTime time) {
  if (time == store::Record::kForever) return "never";
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::string text_of(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// Keys and values may be any bytes: control characters and bytes that are no ASCII as \xNN.
std::string printable(std::string_view bytes) {
  std::string text;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", byte);
    }
  }
  return text;
}

const char* kind_of(const store::CacheEntry& entry) {
  return entry.kind == store::Record::Kind::kAbsent ? "absent" : "value";
}

const char* state_of(const store::CacheEntry& entry, async::WallTime now) {
  if (now >= entry.kept_until) return "expired";
  return now < entry.fresh_until ? "fresh" : "stale";
}

void print(const json::value& value) { fmt::print("{}\n", json::serialize(value)); }

int print_stats(const CacheFlags& flags) {
  store::CacheTotals totals = store::cache_totals(flags.file, now());
  if (flags.json) {
    json::array parts;
    for (const auto& part : totals.parts) {
      parts.push_back(
          {{"name", printable(part.name)}, {"entries", part.entries}, {"bytes", part.bytes}});
    }
    json::object object{{"file", flags.file},        {"file_bytes", totals.file_bytes},
                        {"entries", totals.entries}, {"bytes", totals.bytes},
                        {"values", totals.values},   {"absent", totals.absent},
                        {"fresh", totals.fresh},     {"stale", totals.stale},
                        {"expired", totals.expired}, {"parts", std::move(parts)}};
    if (totals.oldest) object["oldest"] = text_of(*totals.oldest);
    if (totals.newest) object["newest"] = text_of(*totals.newest);
    print(object);
    return kSuccess;
  }
  fmt::print("file      {} ({})\n", flags.file, text_of(totals.file_bytes));
  fmt::print("entries   {}: {} fresh, {} stale, {} expired\n", totals.entries, totals.fresh,
             totals.stale, totals.expired);
  fmt::print("bytes     {}\n", text_of(totals.bytes));
  if (totals.absent > 0) fmt::print("absent    {}\n", totals.absent);
  if (totals.oldest) fmt::print("oldest    {}\n", text_of(*totals.oldest));
  if (totals.newest) fmt::print("newest    {}\n", text_of(*totals.newest));
  for (const auto& part : totals.parts) {
    fmt::print("{:<9} {} entries, {}\n", printable(part.name), part.entries, text_of(part.bytes));
  }
  return kSuccess;
}

json::object json_of(const store::CacheEntry& entry, async::WallTime now) {
  json::object object{{"key", printable(entry.key)},
                      {"kind", kind_of(entry)},
                      {"state", state_of(entry, now)},
                      {"bytes", entry.size},
                      {"stored_at", text_of(entry.stored_at)},
                      {"fresh_until", text_of(entry.fresh_until)},
                      {"kept_until", text_of(entry.kept_until)}};
  if (entry.bytes) object["value"] = printable(*entry.bytes);
  return object;
}

int inspect(const CacheFlags& flags) {
  store::CacheQuery query;
  if (!flags.pattern.empty()) query.pattern = flags.pattern;
  query.limit = flags.limit;
  query.with_bytes = flags.value;
  async::WallTime time = now();
  std::vector<store::CacheEntry> entries = store::list_cache(flags.file, query);
  if (flags.json) {
    json::array records;
    for (const store::CacheEntry& entry : entries) records.push_back(json_of(entry, time));
    print(json::object{{"records", std::move(records)}});
    return kSuccess;
  }
  for (const store::CacheEntry& entry : entries) {
    fmt::print("{:<7} {:>10}  {}  {}\n", state_of(entry, time), text_of(entry.size),
               text_of(entry.stored_at), printable(entry.key));
    if (entry.bytes) fmt::print("{}\n", printable(*entry.bytes));
  }
  if (entries.size() == flags.limit) {
    fmt::print(stderr, "the last {} records; --limit shows more\n", flags.limit);
  }
  return kSuccess;
}

int clear(const CacheFlags& flags) {
  if (flags.pattern.empty() && flags.older_than <= 0 && !flags.all) {
    throw Error(ErrorCode::kUsage, "say which records: a pattern, --older-than, or --all");
  }
  store::CacheRemoval removal;
  if (!flags.pattern.empty()) removal.pattern = flags.pattern;
  if (flags.older_than > 0) {
    auto age = std::chrono::seconds(static_cast<std::int64_t>(flags.older_than * 86'400));
    removal.stored_before = now() - age;
  }
  std::uint64_t removed = store::remove_from_cache(flags.file, removal);
  if (flags.json) {
    print(json::object{{"removed", removed}});
  } else {
    fmt::print("Removed {} records from {}\n", removed, flags.file);
  }
  return kSuccess;
}

int verify(const CacheFlags& flags) {
  store::CacheCheck check = store::verify_cache(flags.file);
  bool is_sound = check.damaged.empty() && check.faults.empty();
  if (flags.json) {
    json::array damaged;
    for (const std::string& key : check.damaged) damaged.emplace_back(printable(key));
    json::array faults;
    for (const std::string& fault : check.faults) faults.emplace_back(fault);
    print(json::object{
        {"intact", check.intact}, {"damaged", std::move(damaged)}, {"faults", std::move(faults)}});
    return is_sound ? kSuccess : kFailure;
  }
  for (const std::string& key : check.damaged) fmt::print("damaged: {}\n", printable(key));
  for (const std::string& fault : check.faults) fmt::print("fault: {}\n", fault);
  fmt::print("{} records are intact, {} damaged\n", check.intact, check.damaged.size());
  return is_sound ? kSuccess : kFailure;
}

using Run = int (*)(const CacheFlags&);

CLI::App* add(CLI::App& cache, const char* name, const char* description, Run run,
              const std::shared_ptr<CacheFlags>& flags, Action& action) {
  CLI::App* command = cache.add_subcommand(name, description);
  command->add_option("--cache-path", flags->file, "File of the cache")
      ->envname("GANTRY_CACHE_PATH")
      ->option_text("FILE")
      ->default_str(kDefaultCache)
      ->group(kGeneralGroup);
  command->add_flag("--json", flags->json, "JSON instead of a table")->group(kGeneralGroup);
  command->callback([run, flags, &action] {
    action = [run, flags]() -> int {
      if (!std::filesystem::exists(flags->file)) {
        throw Error(ErrorCode::kUsage,
                    fmt::format("there is no cache {}; a run with --cache makes it", flags->file));
      }
      return run(*flags);
    };
  });
  return command;
}

}  // namespace

void add_cache_command(CLI::App& app, Action& action) {
  CLI::App* cache = app.add_subcommand("cache", "Show and tend what --cache has kept");
  cache->require_subcommand(1);
  auto flags = std::make_shared<CacheFlags>();
  add(*cache, "stats", "Count the records", print_stats, flags, action);
  CLI::App* list = add(*cache, "inspect", "List records, the last first", inspect, flags, action);
  list->add_option("pattern", flags->pattern, "Keys to show, with * and ?");
  list->add_option("--limit", flags->limit, "At most so many records")
      ->check(CLI::Range(1, 1'000'000))
      ->option_text("N")
      ->default_str("20");
  list->add_flag("--value", flags->value, "The values as well");
  CLI::App* removal = add(*cache, "clear", "Remove records", clear, flags, action);
  removal->add_option("pattern", flags->pattern, "Keys to remove, with * and ?");
  removal->add_option("--older-than", flags->older_than, "Only records older than so many days")
      ->check(CLI::Range(0.0, 36'500.0))
      ->option_text("DAYS");
  removal->add_flag("--all", flags->all, "Every record");
  add(*cache, "verify", "Read every record and name the damaged ones", verify, flags, action);
}

}  // namespace gantry::cli
