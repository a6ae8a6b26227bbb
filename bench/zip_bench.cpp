// Artifacts as an archive on the standard output, as fast as it is taken.
//   gantry-bench-zip put STORE FOLDER    puts the files of a folder into a store
//   gantry-bench-zip send STORE          sends an archive of all that is there
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <unistd.h>

#include "gantry/artifacts/archive_stream.hpp"
#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"
#include "gantry/zip/member_names.hpp"

namespace gantry::artifacts {
namespace {

namespace fs = std::filesystem;

async::awaitable<void> put_all(ArtifactStore& store, std::vector<fs::path> files) {
  for (const fs::path& file : files) co_await store.put(file.filename().string(), file);
}

async::awaitable<std::vector<Archive::Part>> find_all(ArtifactStore& store) {
  std::vector<std::string> keys;
  while (true) {
    std::vector<std::string> page = co_await store.list("", keys.empty() ? "" : keys.back());
    keys.insert(keys.end(), page.begin(), page.end());
    if (page.size() < ArtifactStore::kMostListed) break;
  }
  std::vector<RelativePath> names = zip::archive_names(keys);
  std::vector<Archive::Part> parts;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::optional<Artifact> artifact = co_await store.find(keys[i]);
    parts.push_back({names[i], artifact.value(), {}});
  }
  co_return parts;
}

async::awaitable<void> write_out(std::string bytes) {
  write_all(STDOUT_FILENO, bytes, "the archive");
  co_return;
}

async::awaitable<void> send_all(ArtifactStore& store, async::WorkerPool& pool) {
  std::vector<Archive::Part> parts = co_await find_all(store);
  auto archive = std::make_shared<const Archive>(parts);
  co_await send_archive(store, pool, archive, {0, archive->plan().size()}, write_out);
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

int run(int argc, char** argv) {
  const std::string_view command = argc > 2 ? argv[1] : "";
  if (command != "send" && (command != "put" || argc != 4)) {
    std::fputs("usage: gantry-bench-zip put STORE FOLDER\n       gantry-bench-zip send STORE\n",
               stderr);
    return 2;
  }
  boost::asio::io_context loop;
  async::WorkerPool pool(2);
  LocalArtifactStore store(argv[2], pool);
  std::exception_ptr failure;
  boost::asio::co_spawn(
      loop, command == "put" ? put_all(store, files_in(argv[3])) : send_all(store, pool),
      [&failure](const std::exception_ptr& thrown) { failure = thrown; });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  return 0;
}

}  // namespace
}  // namespace gantry::artifacts

int main(int argc, char** argv) {
  try {
    return gantry::artifacts::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gantry-bench-zip: %s\n", error.what());
    return 1;
  }
}
