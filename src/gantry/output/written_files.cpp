#include "gantry/output/written_files.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>

#include "gantry/base/error.hpp"
#include "gantry/output/root_lock.hpp"
#include "gantry/output/target_file.hpp"

namespace gantry::output {
namespace fs = std::filesystem;
namespace {

// The listed outputs of one job, each with its root as it is on this disk.
std::vector<std::pair<fs::path, const std::set<LockedFile>*>> outputs_of(const LockFile& lock,
                                                                         const std::string& job,
                                                                         const fs::path& folder) {
  std::vector<std::pair<fs::path, const std::set<LockedFile>*>> outputs;
  for (const auto& [output, files] : lock.outputs) {
    if (output.job == job && !files.empty()) outputs.emplace_back(folder / output.root, &files);
  }
  return outputs;
}

// "path\0size seconds.nanoseconds\n", or nothing.
std::optional<std::string> line_of(const fs::path& root, const LockedFile& file) {
  struct stat status {};
  fs::path path = root / file.path.text();
  bool is_as_listed = ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                      static_cast<std::uint64_t>(status.st_size) == file.size;
  if (!is_as_listed) return std::nullopt;
  return fmt::format("{}{}{} {}.{}\n", path.string(), '\0', file.size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

}  // namespace

std::optional<Digest> stamp_of(const LockFile& lock, const std::string& job,
                               const fs::path& folder) {
  auto outputs = outputs_of(lock, job, folder);
  if (outputs.empty()) return std::nullopt;
  Sha256 stamp;
  for (const auto& [root, files] : outputs) {
    for (const LockedFile& file : *files) {
      auto line = line_of(root, file);
      if (!line) return std::nullopt;
      stamp.update(*line);
      stamp.update(file.digest.hex());
    }
  }
  return stamp.finish();
}

bool are_intact(const LockFile& lock, const std::string& job, const fs::path& folder) {
  auto outputs = outputs_of(lock, job, folder);
  for (const auto& [root, files] : outputs) {
    DirectoryTree tree(resolved(root));
    for (const LockedFile& file : *files) {
      try {
        if (hash_target(tree, file.path, file.path.text()) != file.digest) return false;
      } catch (const Error&) {
        return false;
      }
    }
  }
  return !outputs.empty();
}

}  // namespace gantry::output
