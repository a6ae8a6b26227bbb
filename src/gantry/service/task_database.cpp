#include "gantry/service/task_database.hpp"

#include <array>

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <sqlite3.h>

namespace gantry::service {
namespace {

constexpr int kBusyMilliseconds = 5000;

// Counts are kept by triggers: a million rows would take 40 ms to count.
constexpr const char* kFirstSchema = R"(
  CREATE TABLE batches(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, single INTEGER NOT NULL,
    kind TEXT NOT NULL, options TEXT NOT NULL, owner TEXT NOT NULL, priority INTEGER NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, completed_at INTEGER);
  CREATE INDEX open_batches ON batches(number) WHERE completed_at IS NULL;
  CREATE INDEX ended_batches ON batches(completed_at) WHERE completed_at IS NOT NULL;
  CREATE TABLE counts(
    batch INTEGER NOT NULL, state INTEGER NOT NULL, tasks INTEGER NOT NULL,
    PRIMARY KEY(batch, state)) WITHOUT ROWID;
  CREATE TABLE tasks(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, batch INTEGER NOT NULL,
    ordinal INTEGER NOT NULL, subject TEXT NOT NULL, state INTEGER NOT NULL,
    attempts INTEGER NOT NULL, attempts_left INTEGER NOT NULL, ready_at INTEGER NOT NULL,
    lease_until INTEGER, deadline INTEGER, machine TEXT,
    artifact_key TEXT, artifact_name TEXT, artifact_size INTEGER, artifact_crc32 INTEGER,
    artifact_sha256 BLOB, metrics TEXT, error_code TEXT, error TEXT, receipt BLOB,
    created_at INTEGER NOT NULL, completed_at INTEGER);
  CREATE UNIQUE INDEX tasks_of_batch ON tasks(batch, ordinal);
  CREATE INDEX queued_tasks ON tasks(batch, ready_at, ordinal) WHERE state = 0;
  CREATE INDEX claimed_tasks ON tasks(lease_until) WHERE state IN (1, 2);
  CREATE INDEX failed_tasks ON tasks(batch, ordinal) WHERE state > 3;
  CREATE TRIGGER task_added AFTER INSERT ON tasks BEGIN
    INSERT INTO counts VALUES(NEW.batch, NEW.state, 1)
      ON CONFLICT DO UPDATE SET tasks = tasks + 1;
  END;
  CREATE TRIGGER task_moved AFTER UPDATE OF state ON tasks WHEN OLD.state <> NEW.state BEGIN
    UPDATE counts SET tasks = tasks - 1 WHERE batch = OLD.batch AND state = OLD.state;
    INSERT INTO counts VALUES(NEW.batch, NEW.state, 1)
      ON CONFLICT DO UPDATE SET tasks = tasks + 1;
  END;
  CREATE TRIGGER batch_removed AFTER DELETE ON batches BEGIN
    DELETE FROM tasks WHERE batch = OLD.number;
    DELETE FROM counts WHERE batch = OLD.number;
    DELETE FROM events WHERE batch = OLD.number;
    DELETE FROM submissions WHERE batch = OLD.number;
  END;
  CREATE TABLE events(
    id INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL, task INTEGER,
    state INTEGER NOT NULL, attempt INTEGER NOT NULL, error TEXT, at INTEGER NOT NULL);
  CREATE INDEX events_of_batch ON events(batch, id);
  CREATE TABLE submissions(
    owner TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, batch INTEGER NOT NULL,
    PRIMARY KEY(owner, key)) WITHOUT ROWID;
  CREATE INDEX submissions_of_batch ON submissions(batch);
)";

constexpr const char* kWebhooks = R"(
  CREATE TABLE webhooks(
    batch INTEGER PRIMARY KEY, url TEXT NOT NULL, events INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, last_error TEXT);
  CREATE TABLE notices(
    event INTEGER PRIMARY KEY, batch INTEGER NOT NULL, body TEXT NOT NULL,
    attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, created_at INTEGER NOT NULL);
  CREATE INDEX notices_of_batch ON notices(batch, next_at);
  CREATE TRIGGER batch_with_webhook_removed AFTER DELETE ON batches BEGIN
    DELETE FROM webhooks WHERE batch = OLD.number;
    DELETE FROM notices WHERE batch = OLD.number;
  END;
)";

// Of a task alone; null: those of its batch.
constexpr const char* kTaskOptions = "ALTER TABLE tasks ADD COLUMN options TEXT";

// Of the machines of a batch.
constexpr const char* kImageOfBatch = "ALTER TABLE batches ADD COLUMN image TEXT";

// Each brings a database to the next version. Steps are only ever added.
constexpr std::array kMigrations = {kFirstSchema, kWebhooks, kTaskOptions, kImageOfBatch};

SQLite::Database open(const std::filesystem::path& path, TaskDatabase::Access access) {
  int flags = access == TaskDatabase::Access::kRead ? SQLite::OPEN_READONLY
                                                    : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  return SQLite::Database(path.string(), flags | SQLite::OPEN_NOMUTEX, kBusyMilliseconds);
}

void migrate(SQLite::Database& database) {
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  auto version = static_cast<std::size_t>(database.execAndGet("PRAGMA user_version").getInt());
  if (version > kMigrations.size()) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{} was made by a newer Gantry; use that, or another --data",
                            database.getFilename()));
  }
  for (std::size_t step = version; step < kMigrations.size(); ++step) {
    database.exec(kMigrations[step]);
  }
  database.exec(fmt::format("PRAGMA user_version={}", kMigrations.size()));
  transaction.commit();
}

}  // namespace

Error error_of(const SQLite::Exception& error) {
  int primary = error.getErrorCode() & 0xff;
  ErrorCode code = primary == SQLITE_FULL ? ErrorCode::kNoSpace : ErrorCode::kIo;
  return {code, fmt::format("the database of the service: {}", error.what())};
}

TaskDatabase::TaskDatabase(const std::filesystem::path& path, Access access) try
    : connection_(open(path, access)) {
  if (access == Access::kWrite) migrate(connection_);
} catch (const SQLite::Exception& error) {
  throw error_of(error).in(path.string());
}

SQLite::Statement& TaskDatabase::prepared(const char* sql) {
  auto known = statements_.find(std::string_view(sql));
  if (known == statements_.end()) {
    known = statements_.emplace(sql, std::make_unique<SQLite::Statement>(connection_, sql)).first;
  }
  return *known->second;
}

}  // namespace gantry::service
