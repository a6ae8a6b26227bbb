// A store in one SQLite file, for this run and the next ones.
//
// Several processes may use the file; a killed one leaves it usable. What is put is queued for a
// thread of the store's own, which writes it in groups. Where the file is locked or the disk full,
// puts are dropped and counted and reads fail, until the cause is gone. A record is checked
// before it is handed out: a damaged one is a miss.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "gantry/async/clock.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/store/store.hpp"

namespace gantry::store {

struct SqliteStoreOptions {
  // Least recently used records go when there are more bytes of keys and values than this. A record
  // of more than a quarter of it is dropped.
  std::uint64_t max_bytes = 256ULL << 20;
  // put_many() waits while more than this is still to be written.
  std::size_t max_queued_bytes = std::size_t{8} << 20;
  // For a file that another process is writing to; afterwards puts are dropped.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
};

class SqliteStore final : public Store {
 public:
  // Never fails: with an unusable file it is a store that holds nothing, says why, and tries again
  // with what is put. A file that is corrupt or of an unknown schema is renamed to NAME.corrupt-N,
  // where only the last one is kept, and made anew; the warning says so. Beside it stands
  // NAME.lock. Blocks for the disk. Executor, clock and pool outlive the store.
  static std::unique_ptr<SqliteStore> open(async::any_io_executor executor,
                                           const async::Clock& clock, async::WorkerPool& pool,
                                           const std::filesystem::path& path,
                                           SqliteStoreOptions options = {});
  // Writes what is queued. No call is under way.
  ~SqliteStore() override;

  std::string_view name() const override { return "sqlite"; }
  // Reads on the pool, at most four calls at a time. kIo: the file cannot be read.
  async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys) override;
  async::awaitable<void> put_many(std::vector<Put> puts) override;
  async::awaitable<void> erase_many(std::vector<std::string> keys) override;
  async::awaitable<void> flush() override;
  // Entries and bytes are as of the last write.
  std::vector<StoreStats> stats() const override;
  std::string warning() const override;

 private:
  class Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::store
