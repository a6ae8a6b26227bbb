// What is known of tasks and batches, as it was last committed.
//
// What it throws, see TaskDatabase. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gantry/service/outbox.hpp"
#include "gantry/service/task.hpp"
#include "gantry/service/task_database.hpp"

namespace gantry::service {

// For whoever has the database open.
TaskEvent read_event(TaskDatabase& database, std::int64_t id);
TaskCounts read_counts(TaskDatabase& database, std::int64_t batch);

enum class TaskOrder { kAsRequested, kFailuresFirst };

// A part of a list, and where the next part begins; nothing at the end.
template <class Entry>
struct Page {
  std::vector<Entry> entries;
  std::optional<std::string> next;
};

// How much there is and goes on, for whoever watches the service.
struct Totals {
  TaskCounts counts;
  std::uint64_t open_batches = 0;
  std::uint64_t finished = 0;                // tasks that have ended since
  std::chrono::milliseconds median_wait{0};  // of those launched last, from their request on
  NoticeTotals notices;
};

class TaskReader {
 public:
  explicit TaskReader(const std::filesystem::path& path)
      : database_(path, TaskDatabase::Access::kRead) {}

  std::optional<Task> task(const std::string& id);
  std::optional<Batch> batch(const std::string& id);
  // The tasks of a batch from `cursor` on, which is the `next` of a page before, or empty. kUsage
  // for a cursor that is none.
  Page<Task> tasks(const std::string& batch_id, TaskOrder order, const std::string& cursor,
                   std::size_t limit);
  // Batches, the latest first.
  Page<Batch> batches(const std::string& cursor, std::size_t limit);

  // Events after the one of this id, of one batch or, with an empty name, of all.
  std::vector<TaskEvent> events_after(std::int64_t id, const std::string& batch_id,
                                      std::size_t limit);
  std::int64_t last_event();

  // What webhooks are to be told now, see due_notices().
  std::vector<Notice> due_notices(async::WallTime now, const std::set<std::int64_t>& busy,
                                  std::size_t limit) {
    return service::due_notices(database_, now, busy, limit);
  }

  // `since` is not long ago: only the last ten thousand events are looked at.
  Totals totals(async::WallTime since);

 private:
  std::chrono::milliseconds median_wait();

  TaskDatabase database_;
};

}  // namespace gantry::service
