// Verified bodies on disk, so that nothing is downloaded twice: by one run or by the next.
//
// Content-addressed: keys lead to bodies, equal bodies are kept once, and every body is hashed
// before it is handed out. Several processes may use one store; a killed one leaves it usable. A
// store is a help and never a reason to fail: where the disk is full or the database unusable,
// everything is a miss, puts are dropped and warning() says why.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/base/blob.hpp"

namespace gantry::store {

struct BlobStoreOptions {
  // Least recently used bodies go when there are more bytes than this.
  std::uint64_t max_bytes = 1ULL << 30;
  // put() waits while this many bytes are still to be written.
  std::size_t max_queued_bytes = std::size_t{8} << 20;
  // For a database that another process is writing to; afterwards puts are dropped.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
};

class BlobStore {
 public:
  struct Stats {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t bytes = 0;    // of all bodies, as of the last write
    std::uint64_t evicted = 0;  // keys
    std::uint64_t dropped = 0;  // puts that were not stored
  };

  // Never fails: an unusable folder gives a store that holds nothing and has a warning. A database
  // that is corrupt or of a newer version is renamed to blobs.sqlite.corrupt-N and made anew.
  static std::unique_ptr<BlobStore> open(const std::filesystem::path& folder,
                                         BlobStoreOptions options = {});
  // Writes what is queued.
  ~BlobStore();
  BlobStore(const BlobStore&) = delete;
  BlobStore& operator=(const BlobStore&) = delete;

  // All from any thread. Reads block for the disk; a body with a wrong hash is a miss.
  std::optional<Blob> get(const std::string& key);
  std::vector<std::optional<Blob>> get_many(const std::vector<std::string>& keys);

  // Which of them get() would most likely find; nothing is read but the records.
  std::vector<bool> contains_many(const std::vector<std::string>& keys);

  // Queues the body for the store's own thread; get() finds it at once. Waits while the queue is
  // full. Never throws.
  void put(const std::string& key, Blob blob) noexcept;
  // As put(), but never waits: false if the queue is full, and then nothing was done.
  bool offer(const std::string& key, const Blob& blob) noexcept;
  // Waits until everything that was put is written or dropped.
  void flush();

  Stats stats() const;
  // What is wrong with the store, for the user; empty if nothing is.
  std::string warning() const;

 private:
  class Impl;
  explicit BlobStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::store
