#include "gantry/service/design_task.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/base/files.hpp"
#include "gantry/jobs/batch_executor.hpp"
#include "gantry/zip/archive_plan.hpp"
#include "gantry/zip/member_names.hpp"

namespace gantry::service {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOutputFolder = "output";
constexpr std::size_t kPiece = 256UL << 10;
// The first that a ZIP can hold.
constexpr std::chrono::sys_seconds kFixedTime =
    std::chrono::sys_days(std::chrono::year(1980) / 1 / 1);

// The files of a folder by their paths, without what Gantry keeps there for itself.
std::vector<std::string> exported_files(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::string path = entry.path().lexically_relative(folder).generic_string();
    if (path != jobs::JobOptions().lock_file) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

zip::Member member_of(const RelativePath& name, const fs::path& path) {
  artifacts::ArtifactFile file(path);
  while (file.read(kPiece).size() == kPiece) {
  }
  artifacts::Artifact sums = file.summary("");
  return {name, sums.size, sums.crc32, sums.sha256, kFixedTime};
}

void append_file(TemporaryFile& archive, const fs::path& path) {
  artifacts::ArtifactFile file(path);
  for (std::string piece = file.read(kPiece); !piece.empty(); piece = file.read(kPiece)) {
    archive.append(piece);
  }
}

std::uint64_t write_archive(const fs::path& folder, const fs::path& target) {
  std::vector<std::string> paths = exported_files(folder);
  std::vector<RelativePath> names = zip::archive_names(paths);
  std::vector<zip::Member> members;
  members.reserve(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    members.push_back(member_of(names[i], folder / paths[i]));
  }
  zip::ArchivePlan plan(members);
  std::shared_ptr<TemporaryFile> archive = TemporaryFile::create(target.parent_path(), "zip-");
  zip::Segments segments(plan, 0, plan.size());
  while (auto segment = segments.next()) {
    if (const auto* bytes = std::get_if<std::string>(&*segment)) {
      archive->append(*bytes);
    } else {
      append_file(*archive, folder / paths[std::get<zip::MemberSlice>(*segment).member]);
    }
  }
  archive->close();
  fs::rename(archive->path(), target);
  return plan.size();
}

Outcome<config::Loaded> read_config(const std::string& text) {
  try {
    return config::parse(text, "config");
  } catch (const Error& error) {
    return tl::unexpected(error);
  }
}

}  // namespace

async::awaitable<DesignTaskResult> export_design(jobs::Engine& engine, std::string name,
                                                 std::string config, fs::path folder) {
  fs::path output = folder / kOutputFolder;
  fs::create_directories(output);
  fs::current_path(output);
  std::vector<jobs::DesignJob> jobs;
  jobs.push_back({name, "config", read_config(config)});
  jobs::BatchResult batch = co_await jobs::run_batch(engine, jobs, jobs::BatchOptions());
  DesignTaskResult result;
  result.job = std::move(batch.jobs.front());
  if (!result.job.succeeded()) co_return result;
  result.archive = folder / (name + ".zip");
  auto write = [output, target = result.archive] { return write_archive(output, target); };
  result.size = co_await engine.workers().run(std::move(write));
  co_return result;
}

}  // namespace gantry::service
