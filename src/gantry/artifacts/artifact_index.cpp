#include "gantry/artifacts/artifact_index.hpp"

#include <utility>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

#include "gantry/base/error.hpp"

namespace gantry::artifacts {
namespace {

constexpr int kSchemaVersion = 1;
constexpr int kBusyTimeoutMilliseconds = 30'000;
constexpr const char* kSchema = R"(
  CREATE TABLE artifacts(key TEXT PRIMARY KEY, size INTEGER NOT NULL, crc32 INTEGER NOT NULL,
                         sha256 TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX artifacts_by_bytes ON artifacts(sha256);
)";

SQLite::Database opened(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                            kBusyTimeoutMilliseconds);
  // What a put has promised outlives a power cut.
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  return database;
}

Error error_of(const SQLite::Exception& exception) {
  bool is_full = (exception.getErrorCode() & 0xff) == SQLITE_FULL;
  return Error(is_full ? ErrorCode::kNoSpace : ErrorCode::kIo, exception.what());
}

void begin_writing(SQLite::Database& database) { database.exec("BEGIN IMMEDIATE"); }

// Rolls back unless it was told to commit.
class Writing {
 public:
  explicit Writing(SQLite::Database& database) : database_(database) { begin_writing(database); }
  ~Writing() {
    if (!committed_) database_.tryExec("ROLLBACK");
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  void commit() {
    database_.exec("COMMIT");
    committed_ = true;
  }

 private:
  SQLite::Database& database_;
  bool committed_ = false;
};

}  // namespace

template <class Work>
auto ArtifactIndex::guarded(Work work) {
  std::lock_guard lock(mutex_);
  try {
    return work();
  } catch (const SQLite::Exception& exception) {
    throw error_of(exception).in(path_);
  }
}

ArtifactIndex::ArtifactIndex(const std::filesystem::path& path) try
    : path_(path.string()), database_(opened(path_)) {
  Writing writing(database_);
  int version = database_.execAndGet("PRAGMA user_version").getInt();
  if (version == 0) {
    database_.exec(kSchema);
    database_.exec("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  } else if (version != kSchemaVersion) {
    throw Error(ErrorCode::kUnsupported,
                path_ + " is of version " + std::to_string(version) + " and this program reads " +
                    std::to_string(kSchemaVersion) + ": use the program that made it");
  }
  writing.commit();
} catch (const SQLite::Exception& exception) {
  throw error_of(exception).in(path.string());
}

std::optional<Artifact> ArtifactIndex::lookup(const std::string& key) {
  SQLite::Statement row(database_, "SELECT size, crc32, sha256 FROM artifacts WHERE key = ?");
  row.bind(1, key);
  if (!row.executeStep()) return std::nullopt;
  auto digest = Digest::from_hex(row.getColumn(2).getString());
  if (!digest) throw Error(ErrorCode::kIo, path_ + " is damaged: '" + key + "' has no SHA-256");
  return Artifact{key, static_cast<std::uint64_t>(row.getColumn(0).getInt64()),
                  row.getColumn(1).getUInt(), *digest};
}

std::optional<Artifact> ArtifactIndex::find(const std::string& key) {
  return guarded([&] { return lookup(key); });
}

void ArtifactIndex::add(const Artifact& artifact, const std::function<void()>& install) {
  guarded([&] {
    Writing writing(database_);
    auto known = lookup(artifact.key);
    if (known) check_same(*known, artifact);
    install();
    if (known) return;
    SQLite::Statement insert(database_, "INSERT INTO artifacts VALUES(?, ?, ?, ?)");
    insert.bind(1, artifact.key);
    insert.bind(2, static_cast<std::int64_t>(artifact.size));
    insert.bind(3, artifact.crc32);
    insert.bind(4, artifact.sha256.hex());
    insert.exec();
    writing.commit();
  });
}

void ArtifactIndex::remove(const std::string& key,
                           const std::function<void(const Digest&)>& discard) {
  guarded([&] {
    std::optional<Artifact> known = lookup(key);
    if (!known) return;
    {
      Writing writing(database_);
      SQLite::Statement erase(database_, "DELETE FROM artifacts WHERE key = ?");
      erase.bind(1, key);
      erase.exec();
      writing.commit();
    }
    // Bytes without a key are harmless, and a key without bytes is not: so the key goes first, for
    // good, and then the bytes, if no other process has come to need them.
    Writing writing(database_);
    SQLite::Statement others(database_, "SELECT 1 FROM artifacts WHERE sha256 = ? LIMIT 1");
    others.bind(1, known->sha256.hex());
    if (!others.executeStep()) discard(known->sha256);
  });
}

std::vector<std::string> ArtifactIndex::list(const std::string& prefix, const std::string& after,
                                             std::size_t most) {
  return guarded([&] {
    SQLite::Statement rows(database_,
                           "SELECT key FROM artifacts WHERE key >= ? AND key > ? ORDER BY key");
    rows.bind(1, prefix);
    rows.bind(2, after);
    std::vector<std::string> keys;
    while (keys.size() < most && rows.executeStep()) {
      std::string key = rows.getColumn(0).getString();
      if (!key.starts_with(prefix)) break;
      keys.push_back(std::move(key));
    }
    return keys;
  });
}

}  // namespace gantry::artifacts
