#include "gantry/service/task_reader.hpp"

#include <algorithm>
#include <charconv>

namespace gantry::service {
namespace {

#define GANTRY_TASK_COLUMNS                                                            \
  "t.id, b.id, b.single, t.ordinal, t.subject, t.state, t.attempts, t.artifact_key, "  \
  "t.artifact_name, t.artifact_size, t.artifact_crc32, t.artifact_sha256, t.metrics, " \
  "t.error_code, t.error, t.created_at, t.completed_at, b.kind "                       \
  "FROM tasks t JOIN batches b ON b.number = t.batch "

#define GANTRY_BATCH_COLUMNS \
  "number, id, single, kind, options, created_at, completed_at FROM batches "

using Query = TaskDatabase::Query;

std::optional<async::WallTime> time_or_none(const Query& query, int column) {
  if (query.is_null(column)) return std::nullopt;
  return from_unix_milliseconds(query.number(column));
}

// Of columns that begin with those: of what, its batch, and whether that was made for it alone.
std::string batch_name(const Query& query) {
  return query.number(2) != 0 ? std::string(kNoBatch) : query.text(1);
}

Task task_of(const Query& query) {
  Task task{.id = query.text(0),
            .batch_id = batch_name(query),
            .ordinal = static_cast<std::uint64_t>(query.number(3)),
            .kind = query.text(17),
            .subject = query.text(4),
            .state = static_cast<TaskState>(query.number(5)),
            .attempts = static_cast<int>(query.number(6)),
            .output = std::nullopt,
            .metrics = query.text(12),
            .error_code = query.text(13),
            .error = query.text(14),
            .created_at = from_unix_milliseconds(query.number(15)),
            .completed_at = time_or_none(query, 16)};
  if (!query.is_null(7)) {
    TaskOutput& output = task.output.emplace();
    output.name = query.text(8);
    artifacts::Artifact& artifact = output.artifact;
    artifact.key = query.text(7);
    artifact.size = static_cast<std::uint64_t>(query.number(9));
    artifact.crc32 = static_cast<std::uint32_t>(query.number(10));
    std::string digest = query.text(11);
    std::copy_n(digest.begin(), std::min(digest.size(), artifact.sha256.bytes.size()),
                artifact.sha256.bytes.begin());
  }
  return task;
}

#define GANTRY_EVENT_COLUMNS                                                                 \
  "SELECT e.id, b.id, b.single, t.id, t.subject, e.state, e.attempt, e.error, e.at, b.kind " \
  "FROM events e JOIN batches b ON b.number = e.batch LEFT JOIN tasks t ON t.number = e.task "

TaskEvent event_of(const Query& query) {
  return {.id = query.number(0),
          .batch_id = batch_name(query),
          .task_id = query.text(3),
          .kind = query.text(9),
          .subject = query.text(4),
          .state = static_cast<TaskState>(query.number(5)),
          .attempt = static_cast<int>(query.number(6)),
          .error = query.text(7),
          .at = from_unix_milliseconds(query.number(8))};
}

std::int64_t number_of(const std::string& cursor) {
  std::int64_t number = 0;
  const char* end = cursor.data() + cursor.size();
  auto [stop, fault] = std::from_chars(cursor.data(), end, number);
  if (fault != std::errc() || stop != end || number < 0) {
    throw Error(ErrorCode::kUsage, "this cursor is not one that an answer has given");
  }
  return number;
}

}  // namespace

TaskEvent read_event(TaskDatabase& database, std::int64_t id) {
  Query query = database.query(GANTRY_EVENT_COLUMNS "WHERE e.id = ?", id);
  if (!query.next()) throw Error(ErrorCode::kInternal, "an event is not there");
  return event_of(query);
}

TaskCounts read_counts(TaskDatabase& database, std::int64_t batch) {
  TaskCounts counts;
  Query query = database.query("SELECT state, tasks FROM counts WHERE batch = ?", batch);
  while (query.next()) {
    counts.by_state[query.number(0)] = static_cast<std::uint64_t>(query.number(1));
  }
  return counts;
}

std::optional<Task> TaskReader::task(const std::string& id) {
  Query query = database_.query("SELECT " GANTRY_TASK_COLUMNS "WHERE t.id = ?", id);
  if (!query.next()) return std::nullopt;
  return task_of(query);
}

std::optional<Batch> TaskReader::batch(const std::string& id) {
  std::optional<Batch> batch;
  Query query = database_.query("SELECT " GANTRY_BATCH_COLUMNS "WHERE id = ? AND NOT single", id);
  if (!query.next()) return batch;
  batch = Batch{.id = query.text(1),
                .is_single = query.number(2) != 0,
                .kind = query.text(3),
                .options = query.text(4),
                .counts = read_counts(database_, query.number(0)),
                .created_at = from_unix_milliseconds(query.number(5)),
                .completed_at = time_or_none(query, 6),
                .webhook = webhook_state(database_, query.number(0))};
  return batch;
}

// A cursor is the ordinal to go on from. With the failures first, those of the others begin after
// the last possible ordinal of a failure.
Page<Task> TaskReader::tasks(const std::string& batch_id, TaskOrder order,
                             const std::string& cursor, std::size_t limit) {
  constexpr std::int64_t kOthers = std::int64_t{1} << 40;
  std::int64_t from = cursor.empty() ? 0 : number_of(cursor);
  Page<Task> page;
  auto read = [&](const char* sql, std::int64_t first, std::int64_t offset) {
    Query query = database_.query(sql, batch_id, first,
                                  static_cast<std::int64_t>(limit - page.entries.size() + 1));
    while (query.next()) {
      if (page.entries.size() == limit) {
        page.next = std::to_string(query.number(3) + offset);
        return;
      }
      page.entries.push_back(task_of(query));
    }
  };
  constexpr const char* kInOrder =
      "SELECT " GANTRY_TASK_COLUMNS "WHERE b.id = ? AND t.ordinal >= ? ORDER BY t.ordinal LIMIT ?";
  constexpr const char* kFailures = "SELECT " GANTRY_TASK_COLUMNS
                                    "WHERE b.id = ? AND t.state > 3 AND t.ordinal >= ? "
                                    "ORDER BY t.ordinal LIMIT ?";
  constexpr const char* kRest = "SELECT " GANTRY_TASK_COLUMNS
                                "WHERE b.id = ? AND t.state <= 3 AND t.ordinal >= ? "
                                "ORDER BY t.ordinal LIMIT ?";
  if (order == TaskOrder::kAsRequested) {
    read(kInOrder, from, 0);
    return page;
  }
  if (from < kOthers) read(kFailures, from, 0);
  if (!page.next) read(kRest, from < kOthers ? 0 : from - kOthers, kOthers);
  return page;
}

Page<Batch> TaskReader::batches(const std::string& cursor, std::size_t limit) {
  std::int64_t before = cursor.empty() ? INT64_MAX : number_of(cursor);
  Page<Batch> page;
  Query query = database_.query("SELECT " GANTRY_BATCH_COLUMNS
                                "WHERE number < ? AND NOT single ORDER BY number DESC LIMIT ?",
                                before, static_cast<std::int64_t>(limit + 1));
  std::int64_t last = 0;
  while (query.next()) {
    if (page.entries.size() == limit) {
      page.next = std::to_string(last);
      break;
    }
    last = query.number(0);
    page.entries.push_back({.id = query.text(1),
                            .is_single = false,
                            .kind = query.text(3),
                            .options = query.text(4),
                            .counts = read_counts(database_, last),
                            .created_at = from_unix_milliseconds(query.number(5)),
                            .completed_at = time_or_none(query, 6),
                            .webhook = std::nullopt});
  }
  return page;
}

std::vector<TaskEvent> TaskReader::events_after(std::int64_t id, const std::string& batch_id,
                                                std::size_t limit) {
  constexpr const char* kOfAll = GANTRY_EVENT_COLUMNS "WHERE e.id > ? ORDER BY e.id LIMIT ?";
  constexpr const char* kOfOne = GANTRY_EVENT_COLUMNS
      "WHERE e.id > ? AND e.batch = (SELECT number FROM batches WHERE id = ?) "
      "ORDER BY e.id LIMIT ?";
  auto most = static_cast<std::int64_t>(limit);
  Query query = batch_id.empty() ? database_.query(kOfAll, id, most)
                                 : database_.query(kOfOne, id, batch_id, most);
  std::vector<TaskEvent> events;
  while (query.next()) {
    events.push_back(event_of(query));
  }
  return events;
}

std::int64_t TaskReader::last_event() {
  Query query = database_.query("SELECT ifnull(max(id), 0) FROM events");
  query.next();
  return query.number(0);
}

std::chrono::milliseconds TaskReader::median_wait() {
  Query query = database_.query(
      "SELECT e.at - t.created_at FROM (SELECT * FROM events ORDER BY id DESC LIMIT 1000) e "
      "JOIN tasks t ON t.number = e.task WHERE e.state = 1 AND e.attempt = 1 ORDER BY 1");
  std::vector<std::int64_t> waits;
  while (query.next()) waits.push_back(query.number(0));
  return std::chrono::milliseconds(waits.empty() ? 0 : waits[waits.size() / 2]);
}

Totals TaskReader::totals(async::WallTime since) {
  Totals totals;
  {
    Query query = database_.query("SELECT state, sum(tasks) FROM counts GROUP BY state");
    while (query.next()) {
      totals.counts.by_state[query.number(0)] = static_cast<std::uint64_t>(query.number(1));
    }
  }
  {
    Query query = database_.query(
        "SELECT count(*) FROM (SELECT * FROM events ORDER BY id DESC LIMIT 10000) "
        "WHERE task IS NOT NULL AND state >= 3 AND at >= ?",
        unix_milliseconds(since));
    query.next();
    totals.finished = static_cast<std::uint64_t>(query.number(0));
  }
  totals.median_wait = median_wait();
  totals.notices = notice_totals(database_);
  Query query = database_.query("SELECT count(*) FROM batches WHERE completed_at IS NULL");
  query.next();
  totals.open_batches = static_cast<std::uint64_t>(query.number(0));
  return totals;
}

}  // namespace gantry::service
