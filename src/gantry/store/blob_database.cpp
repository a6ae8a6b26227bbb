#include "gantry/store/blob_database.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <SQLiteCpp/Transaction.h>

namespace gantry::store {
namespace {

constexpr int kSchemaVersion = 1;

// Ids grow, so that bodies are appended and only small index pages are changed at random. A body
// goes with its last key; one in a file leaves its digest in the trash, from where its file is
// removed under the write lock.
constexpr const char* kSchema = R"(
  CREATE TABLE blobs(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
                     data BLOB);
  CREATE TABLE keys(key TEXT PRIMARY KEY, blob INTEGER NOT NULL, used_at INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE INDEX keys_by_blob ON keys(blob);
  CREATE INDEX keys_by_use ON keys(used_at);
  CREATE TABLE trash(digest BLOB PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE totals(bytes INTEGER NOT NULL);
  INSERT INTO totals VALUES(0);
  CREATE TRIGGER blob_added AFTER INSERT ON blobs BEGIN
    UPDATE totals SET bytes = bytes + NEW.size;
  END;
  CREATE TRIGGER blob_removed AFTER DELETE ON blobs BEGIN
    UPDATE totals SET bytes = bytes - OLD.size;
    INSERT OR IGNORE INTO trash SELECT OLD.digest WHERE OLD.data IS NULL;
  END;
  CREATE TRIGGER key_removed AFTER DELETE ON keys BEGIN
    DELETE FROM blobs WHERE id = OLD.blob AND NOT EXISTS (SELECT 1 FROM keys WHERE blob = OLD.blob);
  END;
  CREATE TRIGGER key_moved AFTER UPDATE OF blob ON keys WHEN OLD.blob <> NEW.blob BEGIN
    DELETE FROM blobs WHERE id = OLD.blob AND NOT EXISTS (SELECT 1 FROM keys WHERE blob = OLD.blob);
  END;
)";

void bind_digest(SQLite::Statement& statement, int index, const Digest& digest) {
  statement.bindNoCopy(index, digest.bytes.data(), static_cast<int>(digest.bytes.size()));
}

Digest digest_of(const SQLite::Column& column) {
  Digest digest;
  const auto* bytes = static_cast<const std::uint8_t*>(column.getBlob());
  if (column.getBytes() == static_cast<int>(digest.bytes.size())) {
    std::copy_n(bytes, digest.bytes.size(), digest.bytes.begin());
  }
  return digest;
}

std::int64_t last_use_of(SQLite::Database& database) {
  return database.execAndGet("SELECT ifnull(max(used_at), 0) FROM keys").getInt64();
}

}  // namespace

void prepare_blob_database(const std::filesystem::path& path) {
  SQLite::Database database = connect(path);
  auto version = database.execAndGet("PRAGMA user_version").getInt();
  if (version == kSchemaVersion) {
    // Also reads the first page of each table, for a damaged database is better found now.
    database.execAndGet(
        "SELECT count(*) FROM (SELECT 1 FROM totals UNION ALL SELECT 1 FROM trash)");
    return;
  }
  if (version != 0 || database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() != 0) {
    throw UnknownSchema();
  }
  database.exec("PRAGMA journal_mode=WAL");
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  database.exec(kSchema);
  database.exec("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  transaction.commit();
}

BlobReader::BlobReader(const std::filesystem::path& path)
    : database_(connect(path)),
      find_(database_,
            "SELECT b.id, b.digest, b.size, b.data, k.used_at FROM keys k JOIN blobs b "
            "ON b.id = k.blob WHERE k.key = ?") {}

std::optional<StoredBlob> BlobReader::find(const std::string& key) {
  find_.bindNoCopy(1, key);
  std::optional<StoredBlob> found;
  if (find_.executeStep()) {
    found.emplace();
    found->id = find_.getColumn(0).getInt64();
    found->digest = digest_of(find_.getColumn(1));
    found->size = static_cast<std::uint64_t>(find_.getColumn(2).getInt64());
    SQLite::Column data = find_.getColumn(3);
    if (!data.isNull()) {
      const char* bytes = static_cast<const char*>(data.getBlob());
      found->bytes.emplace(bytes == nullptr ? "" : bytes,
                           static_cast<std::size_t>(data.getBytes()));
    }
    found->used_at = find_.getColumn(4).getInt64();
  }
  find_.reset();
  return found;
}

void BlobReader::abort() noexcept {
  find_.tryReset();
  database_.tryExec("ROLLBACK");
}

std::int64_t BlobReader::last_use() { return last_use_of(database_); }

std::uint64_t BlobReader::total_bytes() {
  return static_cast<std::uint64_t>(database_.execAndGet("SELECT bytes FROM totals").getInt64());
}

BlobWriter::BlobWriter(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout)
    : database_(connect(path, busy_timeout)),
      add_blob_(database_, "INSERT OR IGNORE INTO blobs(digest, size, data) VALUES(?, ?, ?)"),
      find_blob_(database_, "SELECT id FROM blobs WHERE digest = ?"),
      add_key_(database_,
               "INSERT INTO keys(key, blob, used_at) VALUES(?, ?, ?) ON CONFLICT(key) DO UPDATE "
               "SET blob = excluded.blob, used_at = excluded.used_at"),
      touch_(database_, "UPDATE keys SET used_at = ? WHERE key = ?"),
      oldest_(database_, "SELECT key FROM keys ORDER BY used_at LIMIT 1"),
      total_(database_, "SELECT bytes FROM totals"),
      drop_key_(database_, "DELETE FROM keys WHERE key = ?") {
  database_.exec("PRAGMA cache_size=-2000");
}

std::int64_t BlobWriter::begin() {
  database_.exec("BEGIN IMMEDIATE");
  return use_ = last_use_of(database_) + 1;
}

void BlobWriter::commit() { database_.exec("COMMIT"); }

void BlobWriter::roll_back() noexcept {
  for (auto* statement :
       {&add_blob_, &find_blob_, &add_key_, &touch_, &oldest_, &total_, &drop_key_}) {
    statement->tryReset();
  }
  database_.tryExec("ROLLBACK");
}

void BlobWriter::put(const std::string& key, const Digest& digest, std::uint64_t size,
                     std::optional<std::string_view> bytes) {
  bind_digest(add_blob_, 1, digest);
  add_blob_.bind(2, static_cast<std::int64_t>(size));
  if (bytes) {
    add_blob_.bindNoCopy(3, bytes->empty() ? "" : bytes->data(), static_cast<int>(bytes->size()));
  } else {
    add_blob_.bind(3);
  }
  run(add_blob_);
  std::int64_t id = database_.getLastInsertRowid();
  if (database_.getChanges() == 0) {
    bind_digest(find_blob_, 1, digest);
    find_blob_.executeStep();
    id = find_blob_.getColumn(0).getInt64();
    find_blob_.reset();
  }
  add_key_.bindNoCopy(1, key);
  add_key_.bind(2, id);
  add_key_.bind(3, use_);
  run(add_key_);
}

void BlobWriter::touch(const std::string& key) {
  touch_.bind(1, use_);
  touch_.bindNoCopy(2, key);
  run(touch_);
}

void BlobWriter::drop(std::int64_t blob_id) {
  SQLite::Statement drop(database_, "DELETE FROM keys WHERE blob = ?");
  drop.bind(1, blob_id);
  drop.exec();
}

std::uint64_t BlobWriter::total_bytes() {
  total_.executeStep();
  auto bytes = static_cast<std::uint64_t>(total_.getColumn(0).getInt64());
  total_.reset();
  return bytes;
}

std::uint64_t BlobWriter::evict_to(std::uint64_t target) {
  std::uint64_t evicted = 0;
  while (total_bytes() > target) {
    if (!oldest_.executeStep()) {
      oldest_.reset();
      break;
    }
    std::string key = oldest_.getColumn(0).getString();
    oldest_.reset();
    drop_key_.bindNoCopy(1, key);
    run(drop_key_);
    ++evicted;
  }
  return evicted;
}

void BlobWriter::add_to_trash(const Digest& digest) {
  SQLite::Statement add(database_, "INSERT OR IGNORE INTO trash VALUES(?)");
  bind_digest(add, 1, digest);
  add.exec();
}

void BlobWriter::sweep_trash(const std::function<void(const Digest&)>& remove) {
  SQLite::Statement unused(database_,
                           "SELECT digest FROM trash t WHERE NOT EXISTS (SELECT 1 FROM blobs b "
                           "WHERE b.digest = t.digest)");
  while (unused.executeStep()) remove(digest_of(unused.getColumn(0)));
  unused.reset();
  database_.exec("DELETE FROM trash");
}

bool BlobWriter::has_trash() {
  return database_.execAndGet("SELECT EXISTS(SELECT 1 FROM trash)").getInt() != 0;
}

}  // namespace gantry::store
