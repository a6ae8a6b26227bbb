// A store in a Redis server, which several machines may share.
//
// A record is the value of the key `<prefix><key>`: a byte of version, one of kind, the times
// until which it is fresh and kept (nanoseconds since 1970, 8 bytes each, lowest first), and its
// bytes. Redis removes it when it is not kept any more. What is malformed is a miss. A connection
// that broke is made anew with the next call.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/store/store.hpp"

namespace gantry::store {

struct RedisStoreOptions {
  std::string host = "127.0.0.1";
  int port = 6379;
  // A Unix socket instead of host and port.
  std::filesystem::path socket{};
  Secret password{};
  std::string key_prefix = "gantry:";
  // Looking up the name of the host comes on top of it, as long as the system takes.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(1);
  // For the answer to a thousand keys, or a megabyte of puts.
  std::chrono::milliseconds command_timeout = std::chrono::seconds(2);
  // Calls at a time, each with a thread of the pool; others wait.
  std::size_t connections = 4;
};

class RedisStore final : public Store {
 public:
  // Connects when it is used first. Executor, clock and pool outlive the store.
  RedisStore(async::any_io_executor executor, const async::Clock& clock, async::WorkerPool& pool,
             RedisStoreOptions options);
  // No call is under way.
  ~RedisStore() override;

  std::string_view name() const override { return "redis"; }
  // All: kNetwork, kTimeout. When a call fails, those that wait for a connection fail with it.
  async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys) override;
  // Returns when the server has them. Those that it does not confirm are dropped.
  async::awaitable<void> put_many(std::vector<Put> puts) override;
  async::awaitable<void> erase_many(std::vector<std::string> keys) override;
  async::awaitable<void> flush() override;
  // Says nothing of entries and bytes, which are not this process's alone.
  std::vector<StoreStats> stats() const override;
  std::string warning() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::store
