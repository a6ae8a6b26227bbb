// Forgets batches some time after they have ended, and the files that no task has any more: those
// of forgotten ones, and what an attempt left that came to nothing. A download that is under way
// keeps its files until it ends. Io thread.
#pragma once

#include <chrono>

#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/async/clock.hpp"
#include "gantry/service/running_downloads.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {

class Retention {
 public:
  // All outlive it. `keep` of zero: batches are kept.
  Retention(async::Clock& clock, TaskStore& tasks, artifacts::ArtifactStore& store,
            RunningDownloads& downloads, std::chrono::hours keep)
      : clock_(clock), tasks_(tasks), store_(store), downloads_(downloads), keep_(keep) {}

  // A minute after the start and then every hour, until the task is cancelled.
  async::awaitable<void> run();

 private:
  async::awaitable<void> forget_batches();
  async::awaitable<void> remove_orphans();
  async::awaitable<bool> is_orphan(std::string key);

  async::Clock& clock_;
  TaskStore& tasks_;
  artifacts::ArtifactStore& store_;
  RunningDownloads& downloads_;
  std::chrono::hours keep_;
};

}  // namespace gantry::service
