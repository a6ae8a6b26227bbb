#include "gantry/store/memory_store.hpp"

#include <utility>

namespace gantry::store {

async::awaitable<std::vector<std::optional<Found>>> MemoryStore::get_many(
    std::span<const std::string_view> keys) {
  async::WallTime now = clock_.wall_now();
  std::vector<std::optional<Found>> found(keys.size());
  std::uint64_t hits = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Record* record = records_.find(keys[i]);
    if (record == nullptr) continue;
    if (record->kept_until <= now) {
      records_.erase(keys[i]);
      continue;
    }
    found[i] = Found{*record, name()};
    ++hits;
  }
  hits_ += hits;
  misses_ += keys.size() - hits;
  co_return found;
}

async::awaitable<void> MemoryStore::put_many(std::vector<Put> puts) {
  for (Put& put : puts) {
    std::size_t weight = put.record.bytes->size();
    if (!records_.insert(std::move(put.key), std::move(put.record), weight)) ++dropped_;
  }
  co_return;
}

async::awaitable<void> MemoryStore::erase_many(std::vector<std::string> keys) {
  for (const std::string& key : keys) records_.erase(key);
  co_return;
}

async::awaitable<void> MemoryStore::flush() { co_return; }

std::vector<StoreStats> MemoryStore::stats() const {
  StoreStats stats;
  stats.name = name();
  stats.hits = hits_;
  stats.misses = misses_;
  stats.evicted = records_.evicted();
  stats.dropped = dropped_;
  stats.entries = records_.size();
  stats.bytes = records_.bytes() - records_.size() * SegmentedLru<Record>::kOverhead;
  return {stats};
}

}  // namespace gantry::store
