#include "gantry/jobs/staging_queue.hpp"

#include <utility>

namespace gantry::jobs {
namespace {

constexpr std::size_t kMostFiles = 64;

using Failures = std::vector<std::optional<Error>>;

Failures stage_all(Publication& publication, const std::vector<StagingQueue::File>& files) {
  Failures failures(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      publication.commit().stage(publication.root(), RelativePath(files[i].path), files[i].content,
                                 files[i].source);
    } catch (...) {
      failures[i] = current_error();
    }
  }
  return failures;
}

}  // namespace

StagingQueue::StagingQueue(Engine& engine, Publication& publication, Settled settled)
    : engine_(engine),
      publication_(publication),
      settled_(std::move(settled)),
      changed_(engine.executor()) {}

async::awaitable<void> StagingQueue::put(File file) {
  while (files_.size() >= kMostFiles) co_await changed_.wait();
  files_.push_back(std::move(file));
  if (files_.size() == 1) changed_.notify();
}

void StagingQueue::close() {
  is_closed_ = true;
  changed_.notify();
}

async::awaitable<void> StagingQueue::write() {
  while (true) {
    while (files_.empty() && !is_closed_) co_await changed_.wait();
    if (files_.empty()) co_return;
    std::vector<File> files = std::exchange(files_, {});
    if (files.size() >= kMostFiles) changed_.notify();
    auto work = [publication = &publication_, files = std::move(files)] {
      return stage_all(*publication, files);
    };
    Failures failures = co_await engine_.workers().run(std::move(work));
    for (const std::optional<Error>& failure : failures) settled_(failure);
  }
}

}  // namespace gantry::jobs
