#include "gantry/service/retention.hpp"

#include <string>
#include <vector>

namespace gantry::service {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatchesAtATime = 100;

// The parts of "exports/TASK/ATTEMPT/FILE" and "batches/BATCH/...".
std::string_view part_of(std::string_view key, int number) {
  for (; number > 0; --number) key.remove_prefix(std::min(key.find('/'), key.size() - 1) + 1);
  return key.substr(0, key.find('/'));
}

}  // namespace

async::awaitable<void> Retention::run() {
  co_await clock_.sleep(1min);
  while (true) {
    // A full disk or a busy store is no reason to end the service.
    try {
      if (keep_ > 0h) co_await forget_batches();
      co_await remove_orphans();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
    }
    co_await clock_.sleep(1h);
  }
}

async::awaitable<void> Retention::forget_batches() {
  async::WallTime before = clock_.wall_now() - keep_;
  std::size_t forgotten = kBatchesAtATime;
  while (forgotten == kBatchesAtATime) {
    auto forget = [before](TaskWriter& writer) {
      return writer.forget_ended_before(before, kBatchesAtATime);
    };
    forgotten = co_await tasks_.change(std::move(forget));
  }
}

async::awaitable<bool> Retention::is_orphan(std::string key) {
  std::string owner(part_of(key, 1));
  if (key.starts_with("batches/")) {
    auto question = [owner](TaskReader& reader) { return reader.batch(owner).has_value(); };
    bool is_known = co_await tasks_.ask(std::move(question));
    co_return !is_known;
  }
  auto question = [owner](TaskReader& reader) { return reader.task(owner); };
  std::optional<Task> task = co_await tasks_.ask(std::move(question));
  if (!task) co_return true;
  // What is being put by an attempt that has not ended yet is not its task's output so far.
  bool may_become_output = !has_ended(task->state);
  co_return !may_become_output && (!task->output || task->output->artifact.key != key);
}

async::awaitable<void> Retention::remove_orphans() {
  std::string after;
  while (true) {
    std::vector<std::string> keys = co_await store_.list("", after);
    std::vector<std::string> orphans;
    for (const std::string& key : keys) {
      bool is_nobodys = co_await is_orphan(key);
      if (is_nobodys) orphans.push_back(key);
    }
    // Downloads that begin from now on ask the database, which knows nothing of these any more.
    if (!orphans.empty()) co_await downloads_.wait_for_those_begun();
    for (const std::string& key : orphans) co_await store_.remove(key);
    if (keys.size() < artifacts::ArtifactStore::kMostListed) co_return;
    after = keys.back();
  }
}

}  // namespace gantry::service
