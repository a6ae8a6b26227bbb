// Files that have come, on their way to the staging folder of a publication.
//
// The way to a worker and back costs about as much as writing a small file, so a writer takes all
// that have come while the last ones were written. Io thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gantry/async/event.hpp"
#include "gantry/jobs/publication.hpp"

namespace gantry::jobs {

class StagingQueue {
 public:
  struct File {
    std::string path;  // checked when it is staged
    Blob content;
    std::string source;
  };
  // Told of each file: nothing, or why it could not be staged. What it throws ends the writer.
  using Settled = std::function<void(const std::optional<Error>& failure)>;

  StagingQueue(Engine& engine, Publication& publication, Settled settled);

  // Waits as long as the writers have fallen behind. Error kCancelled.
  async::awaitable<void> put(File file);
  // Nothing more comes.
  void close();
  // Stages what comes until the queue is closed and empty. Several may run.
  async::awaitable<void> write();

 private:
  Engine& engine_;
  Publication& publication_;
  Settled settled_;
  std::vector<File> files_;
  bool is_closed_ = false;
  async::Event changed_;
};

}  // namespace gantry::jobs
