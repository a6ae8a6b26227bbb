#include "gantry/service/task_writer.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "gantry/service/outbox.hpp"

namespace gantry::service {
namespace {

using std::chrono::milliseconds;

// A failed attempt is followed by the next after 1 s, 2 s, 4 s and so on.
constexpr milliseconds kFirstDelay{1000};
constexpr milliseconds kLongestDelay{60'000};

constexpr int number_of(TaskState state) { return static_cast<int>(state); }

milliseconds delay_after(int attempt) {
  return std::min<milliseconds>(kLongestDelay, kFirstDelay * (1LL << std::min(attempt - 1, 10)));
}

std::string text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::uint32_t random_bits() {
  static std::random_device device;
  return device();
}

}  // namespace

struct TaskWriter::Row {
  std::int64_t number = 0;
  std::int64_t batch = 0;
  TaskState state = TaskState::kQueued;
  int attempts = 0;
  int attempts_left = 0;
  std::string receipt;
};

std::optional<TaskWriter::Row> TaskWriter::row_of(const std::string& task_id) {
  auto query = database_.query(
      "SELECT number, batch, state, attempts, attempts_left, receipt FROM tasks WHERE id = ?",
      task_id);
  if (!query.next()) return std::nullopt;
  return Row{.number = query.number(0),
             .batch = query.number(1),
             .state = static_cast<TaskState>(query.number(2)),
             .attempts = static_cast<int>(query.number(3)),
             .attempts_left = static_cast<int>(query.number(4)),
             .receipt = query.is_null(5) ? "" : query.text(5)};
}

void TaskWriter::record(std::int64_t batch, std::optional<std::int64_t> task, TaskState state,
                        int attempt, const std::string& error, async::WallTime now) {
  if (task) {
    database_.execute(
        "INSERT INTO events(batch, task, state, attempt, error, at) VALUES(?, ?, ?, ?, ?, ?)",
        batch, *task, number_of(state), attempt, error, unix_milliseconds(now));
  } else {
    database_.execute("INSERT INTO events(batch, state, attempt, at) VALUES(?, ?, 0, ?)", batch,
                      number_of(state), unix_milliseconds(now));
  }
  std::int64_t event = database_.connection().getLastInsertRowid();
  if (has_ended(state)) add_notice(database_, batch, event, now);
}

std::optional<Submission> TaskWriter::submitted_before(const NewBatch& batch) {
  if (!batch.idempotency_key) return std::nullopt;
  auto known = database_.query(
      "SELECT s.request, b.number, b.id FROM submissions s JOIN batches b ON b.number = s.batch "
      "WHERE s.owner = ? AND s.key = ?",
      batch.owner, *batch.idempotency_key);
  if (!known.next()) return std::nullopt;
  if (known.text(0) != text_of(batch.request)) {
    throw Error(ErrorCode::kConflict,
                "this Idempotency-Key was used for another request; choose a new one");
  }
  Submission submission{.batch_id = known.text(2), .task_ids = {}, .is_repeat = true};
  auto tasks =
      database_.query("SELECT id FROM tasks WHERE batch = ? ORDER BY ordinal", known.number(1));
  while (tasks.next()) submission.task_ids.push_back(tasks.text(0));
  return submission;
}

Submission TaskWriter::submit(const NewBatch& batch, async::WallTime now) {
  if (auto known = submitted_before(batch)) return *known;
  Submission submission;
  submission.batch_id = batch_id(now, random_bits());
  database_.execute(
      "INSERT INTO batches(id, single, kind, options, owner, priority, created_at) "
      "VALUES(?, ?, ?, ?, ?, ?, ?)",
      submission.batch_id, batch.is_single ? 1 : 0, batch.kind, batch.options, batch.owner,
      batch.priority, unix_milliseconds(now));
  std::int64_t number = database_.connection().getLastInsertRowid();
  if (batch.expires_at) {
    database_.execute("UPDATE batches SET expires_at = ? WHERE number = ?",
                      unix_milliseconds(*batch.expires_at), number);
  }
  if (batch.webhook) set_webhook(database_, number, *batch.webhook);
  if (batch.idempotency_key) {
    database_.execute("INSERT INTO submissions VALUES(?, ?, ?, ?)", batch.owner,
                      *batch.idempotency_key, text_of(batch.request), number);
  }
  submission.task_ids.reserve(batch.subjects.size());
  for (std::size_t i = 0; i < batch.subjects.size(); ++i) {
    // A millisecond for each, so that no two of a batch share all but their random bits.
    std::string id = task_id(batch.kind, now + milliseconds(i), random_bits());
    database_.execute(
        "INSERT INTO tasks(id, batch, ordinal, subject, state, attempts, attempts_left, ready_at, "
        "created_at) VALUES(?, ?, ?, ?, 0, 0, ?, ?, ?)",
        id, number, static_cast<std::int64_t>(i), batch.subjects[i], batch.attempts,
        unix_milliseconds(now), unix_milliseconds(now));
    if (!batch.task_options.empty()) {
      database_.execute("UPDATE tasks SET options = ? WHERE number = ?", batch.task_options[i],
                        database_.connection().getLastInsertRowid());
    }
    submission.task_ids.push_back(std::move(id));
  }
  return submission;
}

std::vector<ReadyBatch> TaskWriter::ready_batches(async::WallTime now) {
  auto query = database_.query(
      "SELECT b.number, b.priority, "
      " (SELECT tasks FROM counts WHERE batch = b.number AND state = 0), "
      " (SELECT ifnull(sum(tasks), 0) FROM counts WHERE batch = b.number AND state IN (1, 2)) "
      "FROM batches b WHERE b.completed_at IS NULL AND EXISTS "
      " (SELECT 1 FROM tasks t WHERE t.batch = b.number AND t.state = 0 AND t.ready_at <= ?)",
      unix_milliseconds(now));
  std::vector<ReadyBatch> batches;
  while (query.next()) {
    batches.push_back({.number = query.number(0),
                       .priority = static_cast<int>(query.number(1)),
                       .queued = static_cast<std::uint64_t>(query.number(2)),
                       .claimed = static_cast<std::uint64_t>(query.number(3))});
  }
  return batches;
}

std::optional<async::WallTime> TaskWriter::next_ready() {
  auto query = database_.query(
      "SELECT min((SELECT min(ready_at) FROM tasks t WHERE t.batch = b.number AND t.state = 0)) "
      "FROM batches b WHERE b.completed_at IS NULL");
  if (!query.next() || query.is_null(0)) return std::nullopt;
  return from_unix_milliseconds(query.number(0));
}

std::vector<Claim> TaskWriter::claim(std::int64_t batch, std::uint64_t count, async::WallTime now,
                                     milliseconds lease, milliseconds time_limit) {
  std::vector<std::pair<std::int64_t, Claim>> chosen;
  {
    auto query = database_.query(
        "SELECT t.number, t.id, t.subject, t.attempts, b.id, b.single, b.kind, "
        "ifnull(t.options, b.options) "
        "FROM tasks t JOIN batches b ON b.number = t.batch "
        "WHERE t.batch = ? AND t.state = 0 AND t.ready_at <= ? ORDER BY t.ready_at, t.ordinal "
        "LIMIT ?",
        batch, unix_milliseconds(now), static_cast<std::int64_t>(count));
    while (query.next()) {
      Claim claim{.task_id = query.text(1),
                  .batch_id = query.number(5) != 0 ? std::string(kNoBatch) : query.text(4),
                  .kind = query.text(6),
                  .options = query.text(7),
                  .subject = query.text(2),
                  .attempt = static_cast<int>(query.number(3)) + 1,
                  .deadline = now + time_limit};
      chosen.emplace_back(query.number(0), std::move(claim));
    }
  }
  std::vector<Claim> claims;
  for (auto& [number, claim] : chosen) {
    database_.execute(
        "UPDATE tasks SET state = 1, attempts = ?, attempts_left = attempts_left - 1, "
        "lease_until = ?, deadline = ?, machine = NULL WHERE number = ?",
        claim.attempt, unix_milliseconds(now + lease), unix_milliseconds(claim.deadline), number);
    record(batch, number, TaskState::kLaunching, claim.attempt, "", now);
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::string TaskWriter::pin_image(const std::string& task_id, const std::string& image) {
  if (!image.empty()) {
    database_.execute(
        "UPDATE batches SET image = ? WHERE image IS NULL AND "
        "number = (SELECT batch FROM tasks WHERE id = ?)",
        image, task_id);
  }
  auto query = database_.query(
      "SELECT ifnull(b.image, '') FROM tasks t JOIN batches b ON b.number = t.batch "
      "WHERE t.id = ?",
      task_id);
  return query.next() ? query.text(0) : std::string();
}

bool TaskWriter::started(const Attempt& attempt, async::WallTime now, milliseconds lease) {
  std::optional<Row> row = row_of(attempt.task_id);
  if (!row || row->attempts != attempt.number) return false;
  if (!may_follow(row->state, TaskState::kRunning)) return row->state == TaskState::kRunning;
  database_.execute("UPDATE tasks SET state = 2, machine = ?, lease_until = ? WHERE number = ?",
                    attempt.machine, unix_milliseconds(now + lease), row->number);
  record(row->batch, row->number, TaskState::kRunning, attempt.number, "", now);
  return true;
}

bool TaskWriter::heartbeat(const Attempt& attempt, async::WallTime now, milliseconds lease) {
  return database_.execute(
             "UPDATE tasks SET lease_until = ? WHERE id = ? AND attempts = ? AND state IN (1, 2)",
             unix_milliseconds(now + lease), attempt.task_id, attempt.number) > 0;
}

Settlement TaskWriter::settle(const Attempt& attempt, const Result& result, async::WallTime now) {
  std::optional<Row> row = row_of(attempt.task_id);
  if (!row) return Settlement::kUnknown;
  std::string receipt = result.receipt == Digest() ? "" : text_of(result.receipt);
  if (row->attempts != attempt.number) return Settlement::kRefused;
  if (has_ended(row->state) || row->state == TaskState::kQueued) {
    bool is_same = !receipt.empty() && receipt == row->receipt;
    return is_same ? Settlement::kRepeated : Settlement::kRefused;
  }
  bool again = !result.output && result.may_be_tried_again && row->attempts_left > 0;
  TaskState state = result.output ? TaskState::kSuccess : TaskState::kError;
  if (again) state = TaskState::kQueued;
  database_.execute(
      "UPDATE tasks SET state = ?, ready_at = ?, lease_until = NULL, deadline = NULL, "
      "machine = NULL, metrics = ?, error_code = ?, error = ?, receipt = ?, completed_at = ? "
      "WHERE number = ?",
      number_of(state), unix_milliseconds(now + delay_after(row->attempts)), result.metrics,
      result.error_code, result.error, receipt, unix_milliseconds(now), row->number);
  if (result.output) {
    const artifacts::Artifact& artifact = result.output->artifact;
    database_.execute(
        "UPDATE tasks SET artifact_key = ?, artifact_name = ?, artifact_size = ?, "
        "artifact_crc32 = ?, artifact_sha256 = ? WHERE number = ?",
        artifact.key, result.output->name, static_cast<std::int64_t>(artifact.size),
        static_cast<std::int64_t>(artifact.crc32), text_of(artifact.sha256), row->number);
  }
  if (again) {
    database_.execute("UPDATE tasks SET completed_at = NULL WHERE number = ?", row->number);
  }
  record(row->batch, row->number, state, attempt.number, result.error, now);
  if (!again) close_if_done(row->batch, now);
  return Settlement::kTaken;
}

void TaskWriter::give_back(const Attempt& attempt, async::WallTime now) {
  std::optional<Row> row = row_of(attempt.task_id);
  if (!row || row->attempts != attempt.number || has_ended(row->state)) return;
  database_.execute(
      "UPDATE tasks SET state = 0, attempts_left = attempts_left + 1, ready_at = ?, "
      "lease_until = NULL, deadline = NULL, machine = NULL WHERE number = ? AND state IN (1, 2)",
      unix_milliseconds(now), row->number);
  record(row->batch, row->number, TaskState::kQueued, attempt.number, "", now);
}

std::vector<Attempt> TaskWriter::overdue(async::WallTime now) {
  std::int64_t time = unix_milliseconds(now);
  auto query = database_.query(
      "SELECT id, attempts, ifnull(machine, '') FROM tasks "
      "WHERE state IN (1, 2) AND (lease_until < ? OR deadline < ?) LIMIT 1000",
      time, time);
  std::vector<Attempt> attempts;
  while (query.next()) {
    attempts.push_back({query.text(0), static_cast<int>(query.number(1)), query.text(2)});
  }
  return attempts;
}

std::vector<Attempt> TaskWriter::claimed() {
  auto query =
      database_.query("SELECT id, attempts, ifnull(machine, '') FROM tasks WHERE state IN (1, 2)");
  std::vector<Attempt> attempts;
  while (query.next()) {
    attempts.push_back({query.text(0), static_cast<int>(query.number(1)), query.text(2)});
  }
  return attempts;
}

std::vector<Attempt> TaskWriter::end_all(std::int64_t batch, TaskState state,
                                         const std::string& code, const std::string& message,
                                         async::WallTime now) {
  struct Open {
    std::int64_t number;
    Attempt attempt;
    bool is_claimed;
  };
  std::vector<Open> all;
  {
    auto query = database_.query(
        "SELECT number, id, attempts, ifnull(machine, ''), state FROM tasks "
        "WHERE batch = ? AND state < 3",
        batch);
    while (query.next()) {
      all.push_back({query.number(0),
                     {query.text(1), static_cast<int>(query.number(2)), query.text(3)},
                     query.number(4) != 0});
    }
  }
  std::vector<Attempt> to_stop;
  for (Open& open : all) {
    database_.execute(
        "UPDATE tasks SET state = ?, error_code = ?, error = ?, lease_until = NULL, "
        "deadline = NULL, completed_at = ? WHERE number = ?",
        number_of(state), code, message, unix_milliseconds(now), open.number);
    record(batch, open.number, state, open.attempt.number, message, now);
    if (open.is_claimed) to_stop.push_back(std::move(open.attempt));
  }
  close_if_done(batch, now);
  return to_stop;
}

std::vector<Attempt> TaskWriter::expire(async::WallTime now) {
  std::vector<std::int64_t> batches;
  {
    auto query =
        database_.query("SELECT number FROM batches WHERE completed_at IS NULL AND expires_at <= ?",
                        unix_milliseconds(now));
    while (query.next()) batches.push_back(query.number(0));
  }
  std::vector<Attempt> to_stop;
  for (std::int64_t batch : batches) {
    std::vector<Attempt> some =
        end_all(batch, TaskState::kExpired, "expired", "not done in the time of its batch", now);
    std::move(some.begin(), some.end(), std::back_inserter(to_stop));
  }
  return to_stop;
}

namespace {

std::int64_t number_of_batch(TaskDatabase& database, const std::string& batch_id) {
  auto query = database.query("SELECT number FROM batches WHERE id = ? AND NOT single", batch_id);
  if (!query.next()) throw Error(ErrorCode::kNotFound, "there is no such batch");
  return query.number(0);
}

}  // namespace

std::vector<Attempt> TaskWriter::cancel(const std::string& batch_id, async::WallTime now) {
  std::int64_t batch = number_of_batch(database_, batch_id);
  return end_all(batch, TaskState::kCancelled, "cancelled", "cancelled on request", now);
}

std::uint64_t TaskWriter::retry(const std::string& batch_id, int attempts, async::WallTime now) {
  std::int64_t batch = number_of_batch(database_, batch_id);
  std::vector<std::pair<std::int64_t, int>> failed;
  {
    auto query =
        database_.query("SELECT number, attempts FROM tasks WHERE batch = ? AND state > 3", batch);
    while (query.next()) {
      failed.emplace_back(query.number(0), static_cast<int>(query.number(1)));
    }
  }
  for (const auto& [number, attempt] : failed) {
    database_.execute(
        "UPDATE tasks SET state = 0, attempts_left = ?, ready_at = ?, error_code = NULL, "
        "error = NULL, receipt = NULL, completed_at = NULL WHERE number = ?",
        attempts, unix_milliseconds(now), number);
    record(batch, number, TaskState::kQueued, attempt, "", now);
  }
  if (!failed.empty()) {
    database_.execute("UPDATE batches SET completed_at = NULL, expires_at = NULL WHERE number = ?",
                      batch);
  }
  return failed.size();
}

void TaskWriter::remove(const std::string& batch_id) {
  std::int64_t batch = number_of_batch(database_, batch_id);
  if (database_.execute("DELETE FROM batches WHERE number = ? AND completed_at IS NOT NULL",
                        batch) == 0) {
    throw Error(ErrorCode::kConflict, "the batch has not ended; cancel it first");
  }
}

std::size_t TaskWriter::forget_ended_before(async::WallTime time, std::size_t limit) {
  return static_cast<std::size_t>(database_.execute(
      "DELETE FROM batches WHERE number IN "
      "(SELECT number FROM batches WHERE completed_at < ? ORDER BY completed_at LIMIT ?)",
      unix_milliseconds(time), static_cast<std::int64_t>(limit)));
}

void TaskWriter::close_if_done(std::int64_t batch, async::WallTime now) {
  int closed = database_.execute(
      "UPDATE batches SET completed_at = ? WHERE number = ? AND completed_at IS NULL AND "
      "NOT EXISTS (SELECT 1 FROM counts WHERE batch = ? AND state < 3 AND tasks > 0)",
      unix_milliseconds(now), batch, batch);
  if (closed > 0) record(batch, std::nullopt, TaskState::kSuccess, 0, "", now);
}

bool TaskWriter::counts_are_right() {
  auto query = database_.query(
      "SELECT count(*) FROM counts c WHERE tasks <> "
      "(SELECT count(*) FROM tasks t WHERE t.batch = c.batch AND t.state = c.state)");
  query.next();
  return query.number(0) == 0;
}

}  // namespace gantry::service
