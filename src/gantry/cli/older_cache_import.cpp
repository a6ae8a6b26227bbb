#include "gantry/cli/older_cache_import.hpp"

#include <filesystem>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gantry::cli {
namespace {

namespace fs = std::filesystem;

std::set<std::string> files_of(const Configs& configs) {
  std::set<std::string> keys;
  for (const config::Config* config : configs) {
    const config::Figma& figma = config->figma;
    for (const auto& key : {figma.light_file_id, figma.dark_file_id}) {
      if (key) keys.insert(*key);
    }
  }
  return keys;
}

// The version that this run has read.
async::awaitable<std::string> version_of(jobs::Engine& engine, std::string key) {
  batch::JobContext context;
  context.progress = &engine.progress();
  try {
    figma::FileMeta meta = co_await engine.figma().meta(std::move(key), std::move(context));
    co_return meta.version;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
  co_return "";
}

}  // namespace

jobs::OlderCache find_older_cache(const Settings& settings, const Configs& configs,
                                  Terminal& terminal) {
  jobs::OlderCache found;
  const fs::path& cache = settings.engine.cache;
  if (cache.empty() || fs::exists(cache)) return found;
  std::set<fs::path> paths;
  for (const config::Config* config : configs) paths.insert(config->common.cache.path);
  for (const fs::path& path : paths) {
    try {
      if (!fs::is_regular_file(path)) continue;
      jobs::OlderCache older = jobs::read_older_cache(path);
      found.files.merge(older.files);
    } catch (...) {
      terminal.warning("", path.string() + " is not taken over: " + current_error().message());
    }
  }
  return found;
}

async::awaitable<void> import_older_cache(jobs::Engine& engine, jobs::OlderCache older,
                                          Configs configs, Terminal& terminal) {
  if (older.files.empty() || engine.cache() == nullptr) co_return;
  co_await jobs::keep_older_cache(*engine.cache(), older);
  std::vector<std::string> unchanged;
  for (const std::string& key : files_of(configs)) {
    auto known = older.files.find(key);
    if (known == older.files.end()) continue;
    std::string version = co_await version_of(engine, key);
    if (version == known->second.version) unchanged.push_back(key);
  }
  std::string list = unchanged.empty() ? "none" : fmt::format("{}", fmt::join(unchanged, ", "));
  terminal.notice(
      fmt::format("took over the versions of {} files that ExFig had exported; of the files of "
                  "this run, unchanged since then: {}",
                  older.files.size(), list));
}

}  // namespace gantry::cli
