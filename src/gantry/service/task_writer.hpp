// Every change of the service's state. Each call belongs into a transaction (see TaskStore); a
// change names the attempt that it is about, and one that comes too late changes nothing.
//
// What it throws, see TaskDatabase. The writer's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gantry/service/task.hpp"
#include "gantry/service/task_database.hpp"

namespace gantry::service {

struct NewBatch {
  std::string kind;
  std::string options;  // JSON object
  std::vector<std::string> subjects;
  std::vector<std::string> task_options;  // of each subject; empty: all have those of the batch
  bool is_single = false;
  std::string owner;  // whose API key it is; empty without keys
  std::optional<Webhook> webhook;
  int priority = 0;  // higher goes first
  int attempts = 3;  // that each task may have
  std::optional<async::WallTime> expires_at;
  // Chosen by the client; the same with the same `request` is the same batch.
  std::optional<std::string> idempotency_key;
  Digest request;
};

struct Submission {
  std::string batch_id;
  std::vector<std::string> task_ids;  // in the order of the subjects
  bool is_repeat = false;             // it was submitted before
};

// A batch that has tasks for which it is time.
struct ReadyBatch {
  std::int64_t number = 0;
  int priority = 0;
  std::uint64_t queued = 0;   // at most so many are ready
  std::uint64_t claimed = 0;  // launching or running
};

// An attempt that is to be launched.
struct Claim {
  std::string task_id;
  std::string batch_id;  // "single" for a task without one
  std::string kind;
  std::string options;  // of the task, else of its batch
  std::string subject;
  int attempt = 0;
  async::WallTime deadline;
};

struct Attempt {
  std::string task_id;
  int number = 0;
  std::string machine;  // that runs it; empty: not known yet
};

// How an attempt has ended.
struct Result {
  std::optional<TaskOutput> output;  // of a success
  std::string metrics;
  std::string error_code;  // of a failure
  std::string error;
  bool may_be_tried_again = false;
  // Hash of what the worker has sent, by which a repetition is known. Zero: it sent nothing.
  Digest receipt;
};

enum class Settlement {
  kTaken,
  kRepeated,  // the same was taken before
  kRefused,   // the attempt has ended otherwise, or is not the last
  kUnknown,   // no such task
};

class TaskWriter {
 public:
  explicit TaskWriter(const std::filesystem::path& path)
      : database_(path, TaskDatabase::Access::kWrite) {}

  TaskDatabase& database() { return database_; }

  // kConflict if the idempotency key stands for another request.
  Submission submit(const NewBatch& batch, async::WallTime now);

  std::vector<ReadyBatch> ready_batches(async::WallTime now);
  // When the first queued task will be ready; nothing if none waits.
  std::optional<async::WallTime> next_ready();
  // Takes up to so many tasks of a batch: queued -> launching, one attempt more.
  std::vector<Claim> claim(std::int64_t batch, std::uint64_t count, async::WallTime now,
                           std::chrono::milliseconds lease, std::chrono::milliseconds time_limit);

  // All workers of a batch run the same image: the one that was noted first for the batch of this
  // task. Empty: notes none, and gives none if none was noted.
  std::string pin_image(const std::string& task_id, const std::string& image);

  // launching -> running. False if the attempt is over.
  bool started(const Attempt& attempt, async::WallTime now, std::chrono::milliseconds lease);
  // The worker is alive. False if the attempt is over: it shall stop.
  bool heartbeat(const Attempt& attempt, async::WallTime now, std::chrono::milliseconds lease);
  // The end of an attempt: its task ends with it, or waits for its next attempt.
  Settlement settle(const Attempt& attempt, const Result& result, async::WallTime now);

  // Through no fault of its own an attempt came to nothing: its task is queued again at once and
  // has lost none.
  void give_back(const Attempt& attempt, async::WallTime now);

  // Attempts whose lease or deadline is over.
  std::vector<Attempt> overdue(async::WallTime now);
  // All attempts under way.
  std::vector<Attempt> claimed();
  // Ends what waits in batches whose time is over, and gives the attempts to stop.
  std::vector<Attempt> expire(async::WallTime now);

  // Ends all that has not ended, and gives the attempts to stop. kNotFound.
  std::vector<Attempt> cancel(const std::string& batch_id, async::WallTime now);
  // What has failed begins anew; how many tasks. kNotFound.
  std::uint64_t retry(const std::string& batch_id, int attempts, async::WallTime now);
  // Forgets a batch that has ended. kNotFound, kConflict.
  void remove(const std::string& batch_id);

  // Forgets up to so many batches that ended before; how many.
  std::size_t forget_ended_before(async::WallTime time, std::size_t limit);

  // Whether the counts are those of the tasks.
  bool counts_are_right();

 private:
  struct Row;
  std::optional<Row> row_of(const std::string& task_id);
  std::vector<Attempt> end_all(std::int64_t batch, TaskState state, const std::string& code,
                               const std::string& message, async::WallTime now);
  void record(std::int64_t batch, std::optional<std::int64_t> task, TaskState state, int attempt,
              const std::string& error, async::WallTime now);
  void close_if_done(std::int64_t batch, async::WallTime now);
  std::optional<Submission> submitted_before(const NewBatch& batch);

  TaskDatabase database_;
};

}  // namespace gantry::service
