#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/batch_kit.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class BatchPrefetchTest : public ::testing::Test, public ::gantry::testing::BatchKit {
 protected:
  BatchPrefetchTest() { processor_options.memory_bytes = 1 << 20; }

  // Whoever asks for "x" is thought to want "x.1", "x.2" ... next.
  Prefetch<std::string> followers(int count) {
    Prefetch<std::string> prefetch;
    prefetch.predict = [this, count](std::span<const std::string_view> asked) {
      Requests next;
      for (std::string_view key : asked) {
        for (int i = 1; i <= count; ++i) next.push_back(request_for(fmt::format("{}.{}", key, i)));
      }
      return next;
    };
    return prefetch;
  }
};

TEST_F(BatchPrefetchTest, WhatIsForeseenIsThereWhenItIsAskedFor) {
  processor().set_prefetch(followers(2));
  process({"a"});
  loop.advance(1s);
  EXPECT_THAT(upstream.asked, ElementsAre("a", "a.1", "a.2"));
  auto items = process({"a.1"});
  EXPECT_EQ(elapsed(), 0ms);
  EXPECT_EQ(*items[0], "value of a.1");
  Counters counters = processor().metrics().counters;
  EXPECT_EQ(counters.prefetch_hits, 1u);
  EXPECT_GE(counters.prefetched, 2u);
}

TEST_F(BatchPrefetchTest, ItIsBoundedInKeysAndCalls) {
  Prefetch<std::string> prefetch = followers(1000);
  prefetch.keys = 8;
  prefetch.calls = 2;
  processor().set_prefetch(std::move(prefetch));
  auto batch = spawn({"a", "b", "c"});
  loop.advance(50ms);
  EXPECT_EQ(upstream.at_a_time, 3 + 2);
  loop.advance(2s);
  EXPECT_THAT(upstream.asked, SizeIs(3 + 8));
  EXPECT_TRUE(batch->has_value());
}

TEST_F(BatchPrefetchTest, WhatIsKnownOrUnderWayIsNotFetchedAgain) {
  processor().set_prefetch(followers(1));
  process({"a.1", "a"});
  loop.advance(1s);
  EXPECT_THAT(upstream.asked, ElementsAre("a.1", "a", "a.1.1"));
}

TEST_F(BatchPrefetchTest, ABatchDoesNotWaitForItAndItsFailuresAreNobodys) {
  processor().set_prefetch(followers(3));
  upstream.failing = {"a.1"};
  upstream.latency_of = [](const std::string& key) { return key == "a" ? 100ms : 5000ms; };
  process({"a"});
  EXPECT_EQ(elapsed(), 100ms);
  loop.advance(20s);
  EXPECT_EQ(processor().metrics().counters.prefetched, 2u);
  EXPECT_EQ(processor().metrics().gauges.flights, 0u);
  EXPECT_EQ(processor().metrics().gauges.bytes.results, 0u);
}

}  // namespace
}  // namespace gantry::batch
