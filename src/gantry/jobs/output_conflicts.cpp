#include "gantry/jobs/output_conflicts.hpp"

#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "gantry/base/relative_path.hpp"

namespace gantry::jobs {
namespace fs = std::filesystem;
namespace {

// A folder that an export fills, and whether it writes files there that every export of its kind
// calls the same, such as index.ts.
struct Target {
  std::string folder;
  bool has_common_files;
};

std::vector<Target> targets_of(const config::Web& web, const config::WebIcons& icons) {
  fs::path root = output_root(web.output);
  std::vector<Target> targets{{(root / icons.svg_directory).string(), false}};
  if (icons.generate_react_components) {
    targets.push_back({(root / icons.output_directory.value_or("")).string(), true});
  }
  return targets;
}

struct Claim {
  std::string path;  // as configured
  std::vector<std::string> jobs;
  std::size_t with_common_files = 0;
};

}  // namespace

std::string OutputConflict::to_string() const {
  return fmt::format("{}: {}", path, fmt::join(jobs, ", "));
}

std::vector<OutputConflict> find_output_conflicts(const std::vector<DesignJob>& jobs) {
  std::map<std::string, Claim> claims;
  for (const DesignJob& job : jobs) {
    if (!job.config || !job.config->config.web) continue;
    const config::Web& web = *job.config->config.web;
    for (const config::WebIcons& icons : web.icons.entries) {
      std::set<std::string> own;
      for (const Target& target : targets_of(web, icons)) {
        std::error_code ignored;
        fs::path resolved = fs::weakly_canonical(fs::absolute(target.folder), ignored);
        if (!resolved.has_filename()) resolved = resolved.parent_path();
        std::string key = collision_key(resolved.string());
        Claim& claim = claims[key];
        if (claim.path.empty()) claim.path = output_root(target.folder).string();
        if (target.has_common_files) ++claim.with_common_files;
        if (own.insert(key).second) claim.jobs.push_back(job.name);
      }
    }
  }
  std::vector<OutputConflict> conflicts;
  for (auto& [key, claim] : claims) {
    std::set<std::string> different(claim.jobs.begin(), claim.jobs.end());
    // Entries of one configuration may fill one folder, unless they write the same file there.
    if (different.size() < 2 && claim.with_common_files < 2) continue;
    conflicts.push_back({std::move(claim.path), std::move(claim.jobs)});
  }
  return conflicts;
}

}  // namespace gantry::jobs
