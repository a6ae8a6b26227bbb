#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/batch/core/calls.hpp"

#include "testing/batch_kit.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::gantry::testing::FakePlanner;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class BatchPlannerTest : public ::testing::Test, public ::gantry::testing::BatchKit {
 protected:
  static std::vector<std::string> keys_of(std::size_t count, std::string_view group = "part:x") {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(fmt::format("{}:{}", group, i));
    return keys;
  }
};

TEST(IsCheaper, WeighsCallsAndTime) {
  struct Case {
    const char* name;
    Cost plan;
    std::size_t keys;
    std::size_t batch_size;
    int concurrency;
    async::Duration latency;
    bool expected;
  };
  const Case cases[] = {
      {"one call for many", {1, {}}, 10, 50, 5, 100ms, true},
      {"one call for one", {1, {}}, 1, 50, 5, 100ms, false},
      {"a walk that costs more calls than the keys", {12, 100ms}, 10, 50, 5, 100ms, false},
      {"as many calls as keys", {10, 10ms}, 10, 50, 5, 100ms, false},
      {"few calls, but slower", {1, 1000ms}, 10, 50, 5, 100ms, false},
      {"as slow as the rounds of single ones", {1, 200ms}, 10, 50, 5, 100ms, true},
      {"nothing measured yet", {1, 1000ms}, 10, 50, 5, 0ms, true},
      {"every batch costs its call", {5, {}}, 10, 5, 5, 100ms, false},
      {"no limit: single ones take one round", {1, 150ms}, 10, 50, 0, 100ms, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(core::is_cheaper(c.plan, c.keys, c.batch_size, c.concurrency, c.latency), c.expected)
        << c.name;
  }
}

TEST_F(BatchPlannerTest, AGroupIsServedByOneCall) {
  planner();
  auto items = process({"part:x:1", "part:x:2", "part:x:3"});
  EXPECT_THAT(texts(items),
              ElementsAre("value of part:x:1", "value of part:x:2", "value of part:x:3"));
  EXPECT_THAT(upstream.asked, ElementsAre("part:x:1+part:x:2+part:x:3"));
  EXPECT_EQ(items[0].provenance().group, "part:x");
  EXPECT_EQ(processor().last_batch()->optimized_groups, 1u);
}

TEST_F(BatchPlannerTest, WithoutOptimizationsTheSameValuesTakeMoreCalls) {
  planner();
  options.optimizations = false;
  auto items = process({"part:x:1", "part:x:2"});
  EXPECT_THAT(texts(items), ElementsAre("value of part:x:1", "value of part:x:2"));
  EXPECT_THAT(upstream.asked, ElementsAre("part:x:1", "part:x:2"));
}

TEST_F(BatchPlannerTest, OnlyTheMissingKeysAreFetchedByThemselves) {
  FakePlanner& plan = planner();
  plan.left_out = {"part:x:1", "part:x:3"};
  auto items = process(keys_of(5));
  EXPECT_THAT(texts(items), SizeIs(5));
  EXPECT_THAT(upstream.asked, SizeIs(3));
  EXPECT_THAT(upstream.asked, Contains("part:x:1"));
  EXPECT_THAT(upstream.asked, Contains("part:x:3"));
  EXPECT_EQ(elapsed(), 200ms);  // together, not one after the other
  EXPECT_EQ(processor().metrics().counters.fallbacks, 2u);
}

TEST_F(BatchPlannerTest, APlannerThatFailsCostsNoItem) {
  planner();
  upstream.failing = {"planner"};
  auto items = process(keys_of(3));
  EXPECT_THAT(texts(items),
              ElementsAre("value of part:x:0", "value of part:x:1", "value of part:x:2"));
  EXPECT_EQ(processor().metrics().counters.planner_failures, 1u);
}

TEST_F(BatchPlannerTest, GroupsAreMadeFirstAndSplitThen) {
  planner();
  options.batch_size = 10;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 25; ++i) {
    keys.push_back(fmt::format("part:x:{}", i));
    keys.push_back(fmt::format("part:y:{}", i));
  }
  process(keys);
  EXPECT_THAT(upstream.asked, SizeIs(6));  // 10 + 10 + 5 of each
}

TEST_F(BatchPlannerTest, BatchesAndGetsOfOneTurnShareACall) {
  planner();
  auto first = spawn({"part:x:1", "part:x:2"});
  auto second = spawn({"part:x:3", "part:x:1"});
  loop.advance(1s);
  EXPECT_THAT(texts(*second), ElementsAre("value of part:x:3", "value of part:x:1"));
  EXPECT_THAT(upstream.asked, ElementsAre("part:x:1+part:x:2+part:x:3"));
}

TEST_F(BatchPlannerTest, ACallThatWaitsIsJoinedByKeysOfOtherBatches) {
  planner();
  options.concurrency = 1;
  auto busy = spawn({"part:y:1", "part:y:2", "part:x:1", "part:x:2"});
  loop.advance(50ms);  // part:x waits for part:y
  auto other = spawn({"part:x:3"});
  loop.advance(1s);
  EXPECT_THAT(upstream.asked, ElementsAre("part:y:1+part:y:2", "part:x:1+part:x:2+part:x:3"));
  EXPECT_THAT(texts(*other), ElementsAre("value of part:x:3"));
}

// A planner that has the values at hand.
class InstantPlanner final : public GroupPlanner<std::string> {
 public:
  std::optional<Cost> cost(std::string_view, std::span<const std::string_view>) const override {
    return Cost();
  }
  async::awaitable<Answers<std::string>> fetch(std::string, std::vector<std::string> keys,
                                               CallContext) override {
    Answers<std::string> answers;
    for (const std::string& key : keys) answers.emplace(key, "at once");
    co_return answers;
  }
};

TEST_F(BatchPlannerTest, ABatchJoinsAllOfACallThatGoesAsSoonAsItIsJoined) {
  processor().add_planner(std::make_unique<InstantPlanner>());
  options.concurrency = 1;
  auto busy = spawn({"part:y:1", "part:x:1", "part:x:2"});
  loop.advance(50ms);  // part:x waits for part:y
  auto other = spawn({"part:x:1", "part:x:2"});
  loop.advance(1s);
  EXPECT_THAT(texts(*other), ElementsAre("at once", "at once"));
  EXPECT_THAT(upstream.asked, ElementsAre("part:y:1"));
}

TEST_F(BatchPlannerTest, ACallIsNoLargerThanAnyoneWhoTravelsWithItAllows) {
  planner();
  Processor::Hold hold = processor().hold();
  options.batch_size = 50;
  auto large = spawn({"part:x:1", "part:x:2"});
  options.batch_size = 3;
  auto small = spawn({"part:x:3"});
  loop.advance(50ms);
  EXPECT_THAT(upstream.asked, ElementsAre("part:x:1+part:x:2+part:x:3"));
}

TEST_F(BatchPlannerTest, WhileHeldOnlyFullCallsGo) {
  planner();
  options.batch_size = 3;
  auto hold = std::make_unique<Processor::Hold>(processor().hold());
  auto first = spawn(keys_of(2, "part:x"));
  loop.advance(50ms);
  EXPECT_THAT(upstream.asked, SizeIs(0));
  auto second = spawn({"part:x:7", "part:x:8"});
  loop.advance(50ms);
  EXPECT_THAT(upstream.asked, ElementsAre("part:x:0+part:x:1+part:x:7"));
  hold.reset();
  loop.advance(1s);
  EXPECT_THAT(upstream.asked, ElementsAre("part:x:0+part:x:1+part:x:7", "part:x:8"));
  EXPECT_TRUE(first->has_value() && second->has_value());
}

TEST_F(BatchPlannerTest, APlannerIsTheOnlyWayForRequestsWithoutAFetch) {
  FakePlanner& plan = planner();
  Requests requests(2);
  requests[0].key = "part:x:1";
  requests[1].key = "part:x:2";
  EXPECT_THAT(texts(send(requests)), ElementsAre("value of part:x:1", "value of part:x:2"));
  plan.left_out = {"part:x:1"};
  EXPECT_THAT(texts(send(requests)), ElementsAre("not_found", "value of part:x:2"));
  plan.serves_all = false;
  EXPECT_THAT(texts(send(requests)), ElementsAre("usage", "usage"));
}

TEST_F(BatchPlannerTest, WhatNobodyAskedForIsKept) {
  processor_options.memory_bytes = 1 << 20;
  planner().extra = {"part:x:9"};
  process(keys_of(2));
  upstream.asked.clear();
  auto items = process({"part:x:9"});
  EXPECT_THAT(texts(items), ElementsAre("value of part:x:9"));
  EXPECT_THAT(upstream.asked, SizeIs(0));
}

TEST_F(BatchPlannerTest, AGrouperThatFailsLeavesTheKeyByItself) {
  planner();
  options.grouping = Grouping::kCustom;
  options.grouper = [](std::string_view key) -> std::string {
    if (key == "bad") throw std::runtime_error("what is this");
    return key == "empty" ? "" : "all";
  };
  auto items = process({"a", "bad", "b", "empty"});
  EXPECT_THAT(texts(items), Each(::testing::StartsWith("value of")));
  EXPECT_THAT(upstream.asked, UnorderedElementsAre("a+b", "bad", "empty"));
  EXPECT_EQ(processor().metrics().counters.grouper_failures, 2u);
}

TEST_F(BatchPlannerTest, OneOfTwoWaitersLeavesAndTheCallGoesOn) {
  planner();
  auto first = spawn(keys_of(3));
  auto second = spawn({"part:x:1"});
  loop.advance(50ms);
  cancel(first);
  loop.advance(1s);
  EXPECT_THAT(texts(*second), ElementsAre("value of part:x:1"));
  EXPECT_EQ(upstream.cancelled, 0);
}

TEST_F(BatchPlannerTest, ACallThatNobodyWaitsForIsCancelled) {
  planner();
  auto first = spawn(keys_of(3));
  loop.advance(50ms);
  cancel(first);
  EXPECT_EQ(upstream.cancelled, 1);
  EXPECT_EQ(processor().metrics().gauges.flights, 0u);
}

}  // namespace
}  // namespace gantry::batch
