#include "gantry/jobs/output_conflicts.hpp"

#include <map>
#include <set>
#include <unordered_map>
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

// With links and ".." resolved, as far as the path is there.
fs::path resolved(const fs::path& folder) {
  std::error_code ignored;
  fs::path path = fs::weakly_canonical(fs::absolute(folder), ignored);
  return path.has_filename() ? path : path.parent_path();
}

// Resolves each folder once: thousands of files stand in a few.
class FileKeys {
 public:
  explicit FileKeys(fs::path root) : root_(std::move(root)) {}

  std::string of(const RelativePath& path) {
    std::size_t slash = path.text().rfind('/');
    std::string folder = slash == std::string::npos ? "" : path.text().substr(0, slash);
    auto [found, is_new] = folders_.try_emplace(folder);
    if (is_new) found->second = collision_key(resolved(root_ / folder).string());
    return found->second + "/" + collision_key(path.text().substr(slash + 1));
  }

 private:
  fs::path root_;
  std::map<std::string, std::string> folders_;
};

struct Claim {
  std::string path;  // as configured
  std::vector<std::string> jobs;
  std::size_t with_common_files = 0;
};

}  // namespace

std::string OutputConflict::to_string() const {
  return fmt::format("{}: {}", path, fmt::join(jobs, ", "));
}

std::vector<OutputConflict> find_shared_folders(const std::vector<DesignJob>& jobs) {
  std::map<std::string, Claim> claims;
  for (const DesignJob& job : jobs) {
    if (!job.config || !job.config->config.web) continue;
    const config::Web& web = *job.config->config.web;
    for (const config::WebIcons& icons : web.icons.entries) {
      std::set<std::string> own;
      for (const Target& target : targets_of(web, icons)) {
        std::string key = collision_key(resolved(target.folder).string());
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

std::vector<OutputConflict> find_output_conflicts(const std::vector<JobOutputs>& jobs) {
  struct Wanted {
    const JobOutputs* job;
    const fs::path* root;
    const RelativePath* path;
  };
  std::unordered_map<std::string, Wanted> first;
  std::map<std::string, OutputConflict> conflicts;
  for (const JobOutputs& job : jobs) {
    for (const PlannedOutput& output : job.outputs) {
      FileKeys keys(output.root);
      for (const RelativePath& path : output.paths) {
        std::string key = keys.of(path);
        auto [owner, is_first] = first.try_emplace(key, Wanted{&job, &output.root, &path});
        if (is_first) continue;
        OutputConflict& conflict = conflicts[std::move(key)];
        if (conflict.jobs.empty()) {
          conflict.path = (*owner->second.root / owner->second.path->text()).string();
          conflict.jobs.push_back(owner->second.job->job);
        }
        conflict.jobs.push_back(job.job);
      }
    }
  }
  std::vector<OutputConflict> sorted;
  sorted.reserve(conflicts.size());
  for (auto& [key, conflict] : conflicts) sorted.push_back(std::move(conflict));
  return sorted;
}

}  // namespace gantry::jobs
