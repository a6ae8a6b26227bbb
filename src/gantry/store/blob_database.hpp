// The SQLite database of a BlobStore: keys, small bodies, sizes and use.
//
// Every call throws SQLite::Exception. One connection is for one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include "gantry/base/blob.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/store/sqlite_file.hpp"

namespace gantry::store {

// Makes the tables if the file is new. UnknownSchema. One process at a time.
void prepare_blob_database(const std::filesystem::path& path);

struct StoredBlob {
  std::int64_t id = 0;
  Digest digest;
  std::uint64_t size = 0;
  std::optional<std::string> bytes;  // empty: in a file
  std::int64_t used_at = 0;
};

class BlobReader {
 public:
  explicit BlobReader(const std::filesystem::path& path);

  std::optional<StoredBlob> find(const std::string& key);
  // The use of the key that was written or read last. Uses are counted, not timed: clocks jump.
  std::int64_t last_use();
  std::uint64_t total_bytes();
  void begin() { database_.exec("BEGIN"); }
  void end() { database_.exec("COMMIT"); }
  void abort() noexcept;

 private:
  SQLite::Database database_;
  SQLite::Statement find_;
};

// Changes happen between begin() and commit(); without commit() they are undone.
class BlobWriter {
 public:
  BlobWriter(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout);

  // Waits for other processes; after the busy time-out it throws. Gives the number of this use.
  std::int64_t begin();
  void commit();
  void roll_back() noexcept;

  // `bytes` empty: the body is in a file.
  void put(const std::string& key, const Digest& digest, std::uint64_t size,
           std::optional<std::string_view> bytes);
  void touch(const std::string& key);
  void drop(std::int64_t blob_id);
  // Removes least recently used keys until the bodies have at most `target` bytes; their number.
  std::uint64_t evict_to(std::uint64_t target);
  std::uint64_t total_bytes();

  // Files that are about to be written or no longer needed. `remove` is called for each that no
  // body needs.
  void add_to_trash(const Digest& digest);
  bool has_trash();
  void sweep_trash(const std::function<void(const Digest&)>& remove);

 private:
  SQLite::Database database_;
  SQLite::Statement add_blob_;
  SQLite::Statement find_blob_;
  SQLite::Statement add_key_;
  SQLite::Statement touch_;
  SQLite::Statement oldest_;
  SQLite::Statement total_;
  SQLite::Statement drop_key_;
  std::int64_t use_ = 0;
};

}  // namespace gantry::store
