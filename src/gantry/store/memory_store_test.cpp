#include "gantry/store/memory_store.hpp"

#include <gtest/gtest.h>

#include "gantry/store/store_driver.hpp"

namespace gantry::store {
namespace {

TEST(MemoryStore, HoldsAsManyBytesAsItMayAndCountsTheRest) {
  StoreDriver driver;
  MemoryStore store(driver.clock, 100'000);
  for (int i = 0; i < 100; ++i) driver.put(store, std::to_string(i), std::string(2'000, 'v'));
  StoreStats stats = store.stats().front();
  EXPECT_LE(stats.bytes, 100'000U);
  EXPECT_GE(stats.bytes, 90'000U);
  EXPECT_EQ(stats.entries + stats.evicted, 100U);
  EXPECT_EQ(driver.get(store, "0"), "(miss)");
  EXPECT_EQ(driver.get(store, "99"), std::string(2'000, 'v'));
}

TEST(MemoryStore, DropsARecordThatIsTooLargeAndWhatItsKeyHad) {
  StoreDriver driver;
  MemoryStore store(driver.clock, 100'000);
  driver.put(store, "k", "old");
  driver.put(store, "k", std::string(30'000, 'v'));
  EXPECT_EQ(driver.get(store, "k"), "(miss)");
  EXPECT_EQ(store.stats().front().dropped, 1U);
  EXPECT_EQ(store.stats().front().bytes, 0U);
}

TEST(MemoryStore, AHitSharesTheBytes) {
  StoreDriver driver;
  MemoryStore store(driver.clock, 100'000);
  Record put = record("bytes");
  driver.put(store, "k", put);
  EXPECT_EQ(driver.find(store, {"k"})[0]->record.bytes.get(), put.bytes.get());
}

}  // namespace
}  // namespace gantry::store
