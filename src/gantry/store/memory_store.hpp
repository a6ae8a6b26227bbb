// A store in the memory of this process, bounded by bytes.
#pragma once

#include <cstddef>

#include "gantry/async/clock.hpp"
#include "gantry/store/segmented_lru.hpp"
#include "gantry/store/store.hpp"

namespace gantry::store {

// Nothing waits: every task ends without being suspended.
class MemoryStore final : public Store {
 public:
  // Holds at most so many bytes of keys and values, with SegmentedLru's overhead for each; a record
  // of more than a quarter of that is dropped.
  MemoryStore(const async::Clock& clock, std::size_t max_bytes)
      : clock_(clock), records_(max_bytes) {}

  std::string_view name() const override { return "memory"; }
  async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys) override;
  async::awaitable<void> put_many(std::vector<Put> puts) override;
  async::awaitable<void> erase_many(std::vector<std::string> keys) override;
  async::awaitable<void> flush() override;
  std::vector<StoreStats> stats() const override;

 private:
  const async::Clock& clock_;
  SegmentedLru<Record> records_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace gantry::store
