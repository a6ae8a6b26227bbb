// Answers with what tasks have made: single outputs, and one ZIP of a batch. Io thread.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "gantry/artifacts/archive_stream.hpp"
#include "gantry/httpd/server.hpp"
#include "gantry/service/running_downloads.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {

class Downloads {
 public:
  // All outlive it.
  Downloads(TaskStore& tasks, artifacts::ArtifactStore& store, async::WorkerPool& pool,
            RunningDownloads& running, std::filesystem::path scratch);

  // The output of a task. kNotFound; kConflict if it has none, and that with Retry::kSameRequest
  // if it may still have one.
  async::awaitable<void> send_task(std::string task_id, httpd::Request request,
                                   httpd::Responder responder);

  // One ZIP of all outputs of a batch, in the order of its request, and `manifest.json` with what
  // became of every task. While the batch runs, and where nothing has succeeded, only if `partial`
  // says so: then name and manifest tell that it is a part. What it throws, see above.
  async::awaitable<void> send_batch(std::string batch_id, bool partial, httpd::Request request,
                                    httpd::Responder responder);

 private:
  using Archive = std::shared_ptr<const artifacts::Archive>;
  async::awaitable<Archive> archive_of(Batch batch);
  async::awaitable<Archive> make_archive(Batch batch);
  async::awaitable<artifacts::Artifact> put_manifest(Batch batch, std::string manifest);

  TaskStore& tasks_;
  artifacts::ArtifactStore& store_;
  async::WorkerPool& pool_;
  RunningDownloads& running_;
  std::filesystem::path scratch_;
  // The latest of batches that have ended, by batch and time of its end: clients fetch one in many
  // parts.
  std::list<std::pair<std::string, Archive>> recent_;
};

}  // namespace gantry::service
