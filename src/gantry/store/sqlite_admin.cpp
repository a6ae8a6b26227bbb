#include "gantry/store/sqlite_admin.hpp"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include "gantry/base/error.hpp"
#include "gantry/store/record_database.hpp"
#include "gantry/store/sqlite_file.hpp"
#include "gantry/store/stored_time.hpp"

namespace gantry::store {
namespace fs = std::filesystem;
namespace {

constexpr int kBusyMilliseconds = 5'000;
constexpr std::size_t kMostFaults = 100;

Error cannot_use(const fs::path& file, std::string_view reason) {
  return Error(ErrorCode::kIo,
               "cannot use the cache " + file.string() + ": " + std::string(reason));
}

SQLite::Database open_existing(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw Error(ErrorCode::kNotFound, "there is no cache at " + file.string());
  }
  return SQLite::Database(file.string(), SQLite::OPEN_READWRITE, kBusyMilliseconds);
}

// Calls `work(database)`.
template <class Work>
auto with_records(const fs::path& file, Work work) {
  try {
    SQLite::Database database = open_existing(file);
    if (!has_record_schema(database)) {
      throw cannot_use(file, "it is no cache, or one of another version");
    }
    return work(database);
  } catch (const SQLite::Exception& error) {
    throw cannot_use(file, error.what());
  }
}

Record::Kind kind_of(const SQLite::Column& column) {
  return static_cast<Record::Kind>(column.getInt());
}

void widen(std::optional<async::WallTime>& oldest, std::optional<async::WallTime>& newest,
           async::WallTime time) {
  oldest = oldest ? std::min(*oldest, time) : time;
  newest = newest ? std::max(*newest, time) : time;
}

// A condition on `pattern` and `stored_before` for bind_condition(). All keys need no comparison.
std::string condition(const CacheRemoval& removal) {
  std::string text = removal.pattern == "*" ? "(?1 = ?1)" : "(CAST(key AS TEXT) GLOB ?1)";
  if (removal.stored_before) text += " AND stored_at < ?2";
  return text;
}

void bind_condition(SQLite::Statement& statement, const CacheRemoval& removal) {
  statement.bindNoCopy(1, removal.pattern);
  if (removal.stored_before) statement.bind(2, to_stored(*removal.stored_before));
}

void give_back_space(SQLite::Database& database) {
  auto free = database.execAndGet("PRAGMA freelist_count").getInt64();
  auto pages = database.execAndGet("PRAGMA page_count").getInt64();
  if (free * 2 < pages) return;
  // Not while somebody reads; the space is used again anyway.
  database.tryExec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
}

bool is_intact(SQLite::Statement& record) {
  std::string_view key = bytes_of(record.getColumn(0));
  std::string_view bytes = bytes_of(record.getColumn(6));
  return record.getColumn(1).getInt64() == hash_of_key(key) &&
         record.getColumn(5).getInt64() == checksum_of(key, kind_of(record.getColumn(2)),
                                                       record.getColumn(3).getInt64(),
                                                       record.getColumn(4).getInt64(), bytes);
}

void check_records(SQLite::Database& database, CacheCheck& check) {
  SQLite::Statement records(
      database, "SELECT key, hash, kind, fresh_until, kept_until, checksum, bytes FROM records");
  while (records.executeStep()) {
    if (is_intact(records)) {
      ++check.intact;
    } else {
      check.damaged.emplace_back(bytes_of(records.getColumn(0)));
    }
  }
}

void check_file(SQLite::Database& database, CacheCheck& check) {
  SQLite::Statement integrity(database,
                              "PRAGMA integrity_check(" + std::to_string(kMostFaults) + ")");
  while (integrity.executeStep()) {
    std::string line = integrity.getColumn(0).getString();
    if (line != "ok") check.faults.push_back(std::move(line));
  }
}

// Runs a part of the check; damage that ends it is its finding.
template <class Part>
void find_damage(CacheCheck& check, Part part) {
  try {
    part();
  } catch (const SQLite::Exception& error) {
    if (!is_damage(error)) throw;
    if (check.faults.size() < kMostFaults) check.faults.emplace_back(error.what());
  }
}

}  // namespace

CacheTotals cache_totals(const fs::path& file, async::WallTime now) {
  auto work = [&](SQLite::Database& database) {
    CacheTotals totals;
    std::map<std::string, CacheTotals::Part, std::less<>> parts;
    SQLite::Statement records(
        database, "SELECT key, kind, fresh_until, kept_until, stored_at, size FROM records");
    while (records.executeStep()) {
      std::string_view key = bytes_of(records.getColumn(0));
      auto size = static_cast<std::uint64_t>(records.getColumn(5).getInt64());
      ++totals.entries;
      totals.bytes += size;
      ++(kind_of(records.getColumn(1)) == Record::Kind::kAbsent ? totals.absent : totals.values);
      bool is_expired = from_stored(records.getColumn(3).getInt64()) <= now;
      bool is_stale = from_stored(records.getColumn(2).getInt64()) <= now;
      ++(is_expired ? totals.expired : is_stale ? totals.stale : totals.fresh);
      widen(totals.oldest, totals.newest, from_stored(records.getColumn(4).getInt64()));
      CacheTotals::Part& part = parts[std::string(key.substr(0, key.find_first_of(":/")))];
      ++part.entries;
      part.bytes += size;
    }
    for (auto& [name, part] : parts) {
      part.name = name;
      totals.parts.push_back(std::move(part));
    }
    std::stable_sort(totals.parts.begin(), totals.parts.end(),
                     [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    return totals;
  };
  CacheTotals totals = with_records(file, work);
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    std::uintmax_t size = fs::file_size(file.string() + suffix, error);
    if (!error) totals.file_bytes += size;
  }
  return totals;
}

std::vector<CacheEntry> list_cache(const fs::path& file, const CacheQuery& query) {
  auto work = [&](SQLite::Database& database) {
    std::vector<CacheEntry> entries;
    CacheRemoval chosen{.pattern = query.pattern};
    SQLite::Statement records(
        database, "SELECT key, kind, size, stored_at, fresh_until, kept_until" +
                      std::string(query.with_bytes ? ", bytes" : "") + " FROM records WHERE " +
                      condition(chosen) + " ORDER BY stored_at DESC, id DESC LIMIT ?3");
    bind_condition(records, chosen);
    records.bind(3, static_cast<std::int64_t>(query.limit));
    while (records.executeStep()) {
      CacheEntry& entry = entries.emplace_back();
      entry.key = bytes_of(records.getColumn(0));
      entry.kind = kind_of(records.getColumn(1));
      entry.size = static_cast<std::uint64_t>(records.getColumn(2).getInt64()) - entry.key.size();
      entry.stored_at = from_stored(records.getColumn(3).getInt64());
      entry.fresh_until = from_stored(records.getColumn(4).getInt64());
      entry.kept_until = from_stored(records.getColumn(5).getInt64());
      if (query.with_bytes) {
        entry.bytes = std::make_shared<const std::string>(bytes_of(records.getColumn(6)));
      }
    }
    return entries;
  };
  return with_records(file, work);
}

std::uint64_t remove_from_cache(const fs::path& file, const CacheRemoval& removal) {
  auto work = [&](SQLite::Database& database) {
    database.exec("PRAGMA synchronous=OFF");
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement records(database, "DELETE FROM records WHERE " + condition(removal));
    bind_condition(records, removal);
    auto removed = static_cast<std::uint64_t>(records.exec());
    transaction.commit();
    give_back_space(database);
    return removed;
  };
  return with_records(file, work);
}

CacheCheck verify_cache(const fs::path& file) {
  CacheCheck check;
  try {
    SQLite::Database database = open_existing(file);
    bool is_cache = true;
    find_damage(check, [&] { is_cache = has_record_schema(database); });
    if (!is_cache) throw cannot_use(file, "it is no cache, or one of another version");
    if (!check.faults.empty()) return check;
    find_damage(check, [&] { check_file(database, check); });
    find_damage(check, [&] { check_records(database, check); });
  } catch (const SQLite::Exception& error) {
    throw cannot_use(file, error.what());
  }
  return check;
}

}  // namespace gantry::store
