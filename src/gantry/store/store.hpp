// What upstream has answered, by key, so that it is not asked again: the interface of all stores.
//
// A store holds bytes and knows nothing of what they mean. It is a help and never a reason to fail:
// whoever uses one treats an Error as "nothing is stored" and carries on. Every store passes the
// tests of conformance_test.cpp. Io thread; a store that blocks does so on threads of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/awaitable.hpp"
#include "gantry/async/clock.hpp"

namespace gantry::store {

// Shared and never changed, so that a hit in memory copies nothing.
using Bytes = std::shared_ptr<const std::string>;

struct Record {
  // The numbers stand in files: they are never given another meaning.
  enum class Kind : std::uint8_t {
    kValue = 0,
    kAbsent = 1,  // upstream has said that there is no such thing; the bytes are its words
  };
  static constexpr async::WallTime kForever = async::WallTime::max();

  Kind kind = Kind::kValue;
  Bytes bytes;                             // never null
  async::WallTime fresh_until = kForever;  // afterwards it is stale
  async::WallTime kept_until = kForever;   // afterwards it is gone; not before fresh_until
};

struct Found {
  Record record;
  std::string_view tier;  // the name of the store that had it; lives as long as the store
};

struct StoreStats {
  std::string_view name;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t errors = 0;   // calls that failed
  std::uint64_t evicted = 0;  // records that went for want of room
  std::uint64_t dropped = 0;  // puts that were not kept
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;         // of keys and values that are held
  std::uint64_t queued_bytes = 0;  // put and not yet written
};

struct Put {
  std::string key;
  Record record;
};

class Store {
 public:
  virtual ~Store() = default;

  // "memory", "sqlite", "redis", "tiered".
  virtual std::string_view name() const = 0;

  // An entry for each key, in order; nothing where the store has no record or one past kept_until.
  // A key may stand there twice. The keys live until the task has ended, cancelled or not.
  // Errors: kIo, kNetwork, kTimeout: nothing could be read.
  virtual async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys) = 0;

  // Replaces what the keys had; of equal keys the last counts. May return before the records are
  // written, and waits while too much is queued; get_many() finds them at once all the same.
  // Errors as above: some may have been kept.
  virtual async::awaitable<void> put_many(std::vector<Put> puts) = 0;

  virtual async::awaitable<void> erase_many(std::vector<std::string> keys) = 0;

  // Returns when everything that was put is written, or known to be lost (StoreStats::dropped).
  virtual async::awaitable<void> flush() = 0;

  // One for the store itself, or one for each tier.
  virtual std::vector<StoreStats> stats() const = 0;

  // What is wrong with it, for the user; empty if nothing is.
  virtual std::string warning() const { return {}; }
};

}  // namespace gantry::store
