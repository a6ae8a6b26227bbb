// The SQLite database of a SqliteStore: records by key, with their lifetimes, sizes and use.
//
// Every call throws SQLite::Exception. One connection is for one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include "gantry/store/sqlite_file.hpp"
#include "gantry/store/store.hpp"

namespace gantry::store {

// Makes the tables if the file is new. UnknownSchema. One process at a time.
void prepare_record_database(const std::filesystem::path& path);
// Whether it is a database of records that this program can read.
bool has_record_schema(SQLite::Database& database);

// Keys are found by a number, which must be the same on every machine.
std::int64_t hash_of_key(std::string_view key);
// Of everything in a record that must not change by itself.
std::int64_t checksum_of(std::string_view key, Record::Kind kind, std::int64_t fresh_until,
                         std::int64_t kept_until, std::string_view bytes);
// The bytes of a column; valid until the statement is stepped or reset.
std::string_view bytes_of(const SQLite::Column& column);

struct StoredRecord {
  std::int64_t id = 0;
  std::int64_t used = 0;
  std::optional<Record> record;  // empty: it is damaged
};

struct RecordTotals {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of keys and values
};

class RecordReader {
 public:
  RecordReader(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout);

  using Answers = std::vector<std::optional<StoredRecord>>;

  // In one transaction, an entry for each key; nothing for what is not there or not kept at `now`.
  Answers find_many(std::span<const std::string_view> keys, async::WallTime now);
  // The use of the record that was written or read last. Uses are counted, not timed: clocks jump.
  std::int64_t last_use();
  RecordTotals totals();

 private:
  void find_one_by_one(std::span<const std::string_view> keys, std::int64_t now, Answers& found);
  void find_at_once(std::span<const std::string_view> keys, std::int64_t now, Answers& found);

  SQLite::Database database_;
  SQLite::Statement find_one_;
  SQLite::Statement find_listed_;
};

// Changes happen between begin() and commit(); without commit() they are undone.
class RecordWriter {
 public:
  explicit RecordWriter(const std::filesystem::path& path);

  // Waits so long for other processes, then it throws. Gives the number of this use.
  std::int64_t begin(std::chrono::milliseconds busy_timeout);
  void commit();
  void roll_back() noexcept;

  void put(std::string_view key, const Record& record, async::WallTime stored_at);
  void erase(std::string_view key);
  void touch(std::int64_t id);
  void drop(std::int64_t id);
  // Removes some of the records that are not kept at `now`.
  void drop_expired(async::WallTime now);
  // Removes least recently used records until there are at most `bytes`; their number.
  std::uint64_t evict_to(std::uint64_t bytes);
  RecordTotals totals();

 private:
  SQLite::Database database_;
  SQLite::Statement put_;
  SQLite::Statement erase_;
  SQLite::Statement touch_;
  SQLite::Statement drop_;
  SQLite::Statement drop_expired_;
  SQLite::Statement oldest_;
  SQLite::Statement totals_;
  std::int64_t use_ = 0;
};

}  // namespace gantry::store
