#include "gantry/store/record_database.hpp"

#include <algorithm>
#include <array>
#include <utility>

#define XXH_INLINE_ALL
#include <SQLiteCpp/Transaction.h>
#include <xxhash.h>

#include "gantry/store/stored_time.hpp"

namespace gantry::store {
namespace {

constexpr int kRecordSchemaVersion = 1;
// Fewer keys are asked for one by one.
constexpr std::size_t kFewKeys = 8;
constexpr int kApplicationId = 0x476e5472;  // "GnTr"

// Ids grow, so that records are appended and only small index pages are changed at random; a number
// for the key keeps the index small and its comparisons short. The large columns come last: the
// others are read without them.
constexpr const char* kRecordSchema = R"(
  CREATE TABLE records(id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, kind INTEGER NOT NULL,
                       fresh_until INTEGER NOT NULL, kept_until INTEGER NOT NULL,
                       stored_at INTEGER NOT NULL, used INTEGER NOT NULL, size INTEGER NOT NULL,
                       checksum INTEGER NOT NULL, key BLOB NOT NULL, bytes BLOB NOT NULL);
  CREATE UNIQUE INDEX records_by_hash ON records(hash);
  CREATE INDEX records_by_use ON records(used);
  CREATE INDEX records_by_end ON records(kept_until) WHERE kept_until < 9223372036854775807;
  CREATE TABLE totals(entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
  INSERT INTO totals VALUES(0, 0);
  CREATE TRIGGER record_added AFTER INSERT ON records BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + NEW.size;
  END;
  CREATE TRIGGER record_removed AFTER DELETE ON records BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - OLD.size;
  END;
  CREATE TRIGGER record_replaced AFTER UPDATE OF size ON records BEGIN
    UPDATE totals SET bytes = bytes - OLD.size + NEW.size;
  END;
)";

void bind_bytes(SQLite::Statement& statement, int index, std::string_view bytes) {
  // A null pointer would be NULL.
  statement.bindNoCopy(index, bytes.empty() ? "" : static_cast<const void*>(bytes.data()),
                       static_cast<int>(bytes.size()));
}

// What stored_record() reads.
constexpr const char* kColumns =
    "r.id, r.used, r.kind, r.fresh_until, r.kept_until, r.checksum, r.key, r.bytes";

// The row under the statement, if it is the record of this key and kept at `now`.
std::optional<StoredRecord> stored_record(SQLite::Statement& row, std::string_view key,
                                          std::int64_t now) {
  std::int64_t kept_until = row.getColumn(4).getInt64();
  // Another key may have the same number.
  if (kept_until <= now || bytes_of(row.getColumn(6)) != key) return std::nullopt;
  StoredRecord stored;
  stored.id = row.getColumn(0).getInt64();
  stored.used = row.getColumn(1).getInt64();
  auto kind = static_cast<Record::Kind>(row.getColumn(2).getInt());
  std::int64_t fresh_until = row.getColumn(3).getInt64();
  std::string_view bytes = bytes_of(row.getColumn(7));
  if (checksum_of(key, kind, fresh_until, kept_until, bytes) == row.getColumn(5).getInt64()) {
    stored.record.emplace(Record{kind, std::make_shared<const std::string>(bytes),
                                 from_stored(fresh_until), from_stored(kept_until)});
  }
  return stored;
}

RecordTotals totals_of(SQLite::Statement& statement) {
  RecordTotals totals;
  if (statement.executeStep()) {
    totals.entries = static_cast<std::uint64_t>(statement.getColumn(0).getInt64());
    totals.bytes = static_cast<std::uint64_t>(statement.getColumn(1).getInt64());
  }
  statement.reset();
  return totals;
}

std::int64_t last_record_use(SQLite::Database& database) {
  return database.execAndGet("SELECT ifnull(max(used), 0) FROM records").getInt64();
}

}  // namespace

std::int64_t hash_of_key(std::string_view key) {
  return static_cast<std::int64_t>(XXH3_64bits(key.data(), key.size()));
}

std::int64_t checksum_of(std::string_view key, Record::Kind kind, std::int64_t fresh_until,
                         std::int64_t kept_until, std::string_view bytes) {
  std::array<std::int64_t, 4> head = {hash_of_key(key), static_cast<std::int64_t>(kind),
                                      fresh_until, kept_until};
  XXH64_hash_t seed = XXH3_64bits(head.data(), sizeof(head));
  return static_cast<std::int64_t>(XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed));
}

std::string_view bytes_of(const SQLite::Column& column) {
  const char* bytes = static_cast<const char*>(column.getBlob());
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(column.getBytes())};
}

bool has_record_schema(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt() == kRecordSchemaVersion &&
         database.execAndGet("PRAGMA application_id").getInt() == kApplicationId;
}

void prepare_record_database(const std::filesystem::path& path) {
  SQLite::Database database = connect(path);
  if (has_record_schema(database)) {
    // Also reads the first page of each table, for a damaged database is better found now.
    database.execAndGet(
        "SELECT count(*) FROM (SELECT bytes FROM totals UNION ALL "
        "SELECT * FROM (SELECT id FROM records LIMIT 1))");
    return;
  }
  if (database.execAndGet("PRAGMA user_version").getInt() != 0 ||
      database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() != 0) {
    throw UnknownSchema();
  }
  database.exec("PRAGMA journal_mode=WAL");
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  database.exec(kRecordSchema);
  database.exec("PRAGMA application_id=" + std::to_string(kApplicationId));
  database.exec("PRAGMA user_version=" + std::to_string(kRecordSchemaVersion));
  transaction.commit();
}

RecordReader::RecordReader(const std::filesystem::path& path,
                           std::chrono::milliseconds busy_timeout)
    : database_(connect(path, busy_timeout)),
      find_one_(database_, std::string("SELECT ") + kColumns + " FROM records r WHERE hash = ?"),
      find_listed_(database_, std::string("SELECT ") + kColumns +
                                  ", listed.key FROM json_each(?) listed CROSS JOIN records r ON "
                                  "r.hash = listed.value") {}

RecordReader::Answers RecordReader::find_many(std::span<const std::string_view> keys,
                                              async::WallTime now) {
  Answers found(keys.size());
  try {
    if (keys.size() < kFewKeys) {
      find_one_by_one(keys, to_stored(now), found);
    } else {
      find_at_once(keys, to_stored(now), found);
    }
  } catch (...) {
    find_one_.tryReset();
    find_listed_.tryReset();
    database_.tryExec("ROLLBACK");
    throw;
  }
  return found;
}

void RecordReader::find_one_by_one(std::span<const std::string_view> keys, std::int64_t now,
                                   Answers& found) {
  if (keys.size() > 1) database_.exec("BEGIN");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    find_one_.bind(1, hash_of_key(keys[i]));
    if (find_one_.executeStep()) found[i] = stored_record(find_one_, keys[i], now);
    find_one_.reset();
  }
  if (keys.size() > 1) database_.exec("COMMIT");
}

// One statement that keeps its place in the index: a quarter faster than one for each key, most of
// all in the order of the index.
void RecordReader::find_at_once(std::span<const std::string_view> keys, std::int64_t now,
                                Answers& found) {
  std::vector<std::pair<std::int64_t, std::size_t>> places;
  places.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) places.emplace_back(hash_of_key(keys[i]), i);
  std::sort(places.begin(), places.end());
  std::string list = "[";
  for (const auto& [hash, place] : places) list += std::to_string(hash) + ",";
  list.back() = ']';
  find_listed_.bindNoCopy(1, list);
  while (find_listed_.executeStep()) {
    std::size_t place = places[find_listed_.getColumn(8).getUInt()].second;
    found[place] = stored_record(find_listed_, keys[place], now);
  }
  find_listed_.reset();
}

std::int64_t RecordReader::last_use() { return last_record_use(database_); }

RecordTotals RecordReader::totals() {
  SQLite::Statement totals(database_, "SELECT entries, bytes FROM totals");
  return totals_of(totals);
}

RecordWriter::RecordWriter(const std::filesystem::path& path)
    : database_(connect(path)),
      put_(database_,
           "INSERT INTO records(hash, kind, fresh_until, kept_until, stored_at, used, size, "
           "checksum, key, bytes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(hash) DO UPDATE "
           "SET kind = excluded.kind, fresh_until = excluded.fresh_until, "
           "kept_until = excluded.kept_until, stored_at = excluded.stored_at, "
           "used = excluded.used, size = excluded.size, checksum = excluded.checksum, "
           "key = excluded.key, bytes = excluded.bytes"),
      erase_(database_, "DELETE FROM records WHERE hash = ? AND key = ?"),
      touch_(database_, "UPDATE records SET used = ? WHERE id = ?"),
      drop_(database_, "DELETE FROM records WHERE id = ?"),
      drop_expired_(database_,
                    "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE kept_until <= ? "
                    "AND kept_until < 9223372036854775807 ORDER BY kept_until LIMIT 1000)"),
      oldest_(database_, "SELECT id FROM records ORDER BY used LIMIT 1"),
      totals_(database_, "SELECT entries, bytes FROM totals") {
  database_.exec("PRAGMA cache_size=-4000");
}

std::int64_t RecordWriter::begin(std::chrono::milliseconds busy_timeout) {
  database_.setBusyTimeout(static_cast<int>(busy_timeout.count()));
  database_.exec("BEGIN IMMEDIATE");
  return use_ = last_record_use(database_) + 1;
}

void RecordWriter::commit() { database_.exec("COMMIT"); }

void RecordWriter::roll_back() noexcept {
  for (auto* statement : {&put_, &erase_, &touch_, &drop_, &drop_expired_, &oldest_, &totals_}) {
    statement->tryReset();
  }
  database_.tryExec("ROLLBACK");
}

void RecordWriter::put(std::string_view key, const Record& record, async::WallTime stored_at) {
  std::int64_t fresh_until = to_stored(record.fresh_until);
  std::int64_t kept_until = to_stored(record.kept_until);
  put_.bind(1, hash_of_key(key));
  put_.bind(2, static_cast<int>(record.kind));
  put_.bind(3, fresh_until);
  put_.bind(4, kept_until);
  put_.bind(5, to_stored(stored_at));
  put_.bind(6, use_);
  put_.bind(7, static_cast<std::int64_t>(key.size() + record.bytes->size()));
  put_.bind(8, checksum_of(key, record.kind, fresh_until, kept_until, *record.bytes));
  bind_bytes(put_, 9, key);
  bind_bytes(put_, 10, *record.bytes);
  run(put_);
}

void RecordWriter::erase(std::string_view key) {
  erase_.bind(1, hash_of_key(key));
  bind_bytes(erase_, 2, key);
  run(erase_);
}

void RecordWriter::touch(std::int64_t id) {
  touch_.bind(1, use_);
  touch_.bind(2, id);
  run(touch_);
}

void RecordWriter::drop(std::int64_t id) {
  drop_.bind(1, id);
  run(drop_);
}

void RecordWriter::drop_expired(async::WallTime now) {
  drop_expired_.bind(1, to_stored(now));
  run(drop_expired_);
}

std::uint64_t RecordWriter::evict_to(std::uint64_t bytes) {
  std::uint64_t evicted = 0;
  while (totals().bytes > bytes) {
    bool any = oldest_.executeStep();
    std::int64_t id = any ? oldest_.getColumn(0).getInt64() : 0;
    oldest_.reset();
    if (!any) break;
    drop(id);
    ++evicted;
  }
  return evicted;
}

RecordTotals RecordWriter::totals() { return totals_of(totals_); }

}  // namespace gantry::store
