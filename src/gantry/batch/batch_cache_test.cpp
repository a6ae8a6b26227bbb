#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/store/memory_store.hpp"

#include "testing/batch_kit.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Counts the questions, and fails where it is told to.
class ProbedStore final : public store::Store {
 public:
  explicit ProbedStore(async::Clock& clock) : inner_(clock, 1 << 20), clock_(clock) {}

  int reads = 0;
  async::Duration latency{};  // of a read
  bool reads_fail = false;
  bool writes_fail = false;

  std::string_view name() const override { return inner_.name(); }
  async::awaitable<std::vector<std::optional<store::Found>>> get_many(
      std::span<const std::string_view> keys) override {
    ++reads;
    if (reads_fail) throw Error(ErrorCode::kIo, "the disk is on fire");
    auto found = co_await inner_.get_many(keys);
    if (latency > 0s) co_await clock_.sleep(latency);
    co_return found;
  }
  async::awaitable<void> put_many(std::vector<store::Put> puts) override {
    if (writes_fail) throw Error(ErrorCode::kNoSpace, "the disk is full");
    return inner_.put_many(std::move(puts));
  }
  async::awaitable<void> erase_many(std::vector<std::string> keys) override {
    return inner_.erase_many(std::move(keys));
  }
  async::awaitable<void> flush() override { return inner_.flush(); }
  std::vector<store::StoreStats> stats() const override { return inner_.stats(); }

 private:
  store::MemoryStore inner_;
  async::Clock& clock_;
};

class BatchCacheTest : public ::testing::Test, public ::gantry::testing::BatchKit {
 protected:
  BatchCacheTest() { processor_options.store = &store; }
  async::awaitable<std::string> get_nothing() {
    ++calls;
    co_return "";
  }
  ProbedStore store{loop.clock()};
  int calls = 0;
};

TEST_F(BatchCacheTest, TheStoreIsAskedOnceForAllKeys) {
  process({"a", "b", "c", "a"});
  EXPECT_EQ(store.reads, 1);
  upstream.asked.clear();
  auto items = process({"c", "a", "b", "d"});
  EXPECT_EQ(store.reads, 2);
  EXPECT_THAT(upstream.asked, ElementsAre("d"));
  EXPECT_EQ(items[0].provenance().source, Provenance::Source::kStore);
  EXPECT_EQ(items[0].provenance().tier, "memory");
  EXPECT_EQ(items[3].provenance().source, Provenance::Source::kUpstream);
  EXPECT_EQ(processor().last_batch()->cached_requests, 3u);
}

TEST_F(BatchCacheTest, ARestartAsksUpstreamForNothing) {
  process({"a", "b"});
  restart();
  upstream.asked.clear();
  EXPECT_THAT(texts(process({"a", "b"})), ElementsAre("value of a", "value of b"));
  EXPECT_THAT(upstream.asked, SizeIs(0));
}

TEST_F(BatchCacheTest, AValueLastsAsLongAsItsRequestSays) {
  auto requests = requests_for({"short", "long", "never"});
  requests[0].ttl = 1min;
  requests[1].ttl = 1h;
  requests[2].ttl = 0s;
  send(requests);
  loop.advance(2min);
  upstream.asked.clear();
  send(requests);
  EXPECT_THAT(upstream.asked, ElementsAre("short", "never"));
}

TEST_F(BatchCacheTest, OfEqualKeysTheShorterTimeCounts) {
  auto requests = requests_for({"a", "a"});
  requests[0].ttl = 1h;
  requests[1].ttl = 1min;
  send(requests);
  loop.advance(2min);
  upstream.asked.clear();
  process({"a"});
  EXPECT_THAT(upstream.asked, ElementsAre("a"));
}

TEST_F(BatchCacheTest, AStoreThatCannotBeReadIsAnEmptyOne) {
  process({"a"});
  store.reads_fail = true;
  auto items = process({"a"});
  EXPECT_TRUE(items[0].ok());
  EXPECT_EQ(processor().metrics().counters.store_read_errors, 1u);
}

TEST_F(BatchCacheTest, AStoreThatCannotBeWrittenCostsNoItem) {
  store.writes_fail = true;
  auto items = process({"a", "b"});
  EXPECT_TRUE(items[0].ok());
  loop.settle();
  EXPECT_EQ(processor().metrics().counters.store_write_errors, 2u);
}

TEST_F(BatchCacheTest, OnlyNotFoundIsRemembered) {
  upstream.failing = {"gone"};
  upstream.failure = Error(ErrorCode::kNotFound, "no such part");
  process({"gone"});
  auto items = process({"gone"});
  EXPECT_THAT(upstream.asked, SizeIs(1));
  EXPECT_EQ(items[0].error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(items[0].error().message(), HasSubstr("no such part"));
  EXPECT_EQ(items[0].provenance().source, Provenance::Source::kStore);
  loop.advance(2min);  // longer than negative_ttl
  process({"gone"});
  EXPECT_THAT(upstream.asked, SizeIs(2));

  upstream.failing = {"broken"};
  upstream.failure = Error(ErrorCode::kServer, "it broke");
  process({"broken"});
  process({"broken"});
  EXPECT_THAT(upstream.asked, SizeIs(4));
}

TEST_F(BatchCacheTest, AnEmptyValueIsAValue) {
  auto request = request_for("a");
  request.fetch = [this](const CallContext&) { return get_nothing(); };
  send(Requests{request});
  send(Requests{request});
  EXPECT_EQ(calls, 1);
}

TEST_F(BatchCacheTest, AStaleValueIsAnsweredWhileItIsFetchedAnew) {
  processor_options.ttl = 1min;
  options.stale_while_revalidate = 1h;
  process({"a"});
  loop.advance(2min);
  upstream.asked.clear();
  auto items = process({"a"});
  EXPECT_EQ(elapsed(), 0ms);
  EXPECT_EQ(*items[0], "value of a");
  EXPECT_TRUE(items[0].provenance().stale);
  loop.advance(1s);
  EXPECT_THAT(upstream.asked, ElementsAre("a"));
  items = process({"a"});
  EXPECT_FALSE(items[0].provenance().stale);
  EXPECT_THAT(upstream.asked, SizeIs(1));
}

TEST_F(BatchCacheTest, AStaleValueIsAnsweredIfUpstreamFails) {
  processor_options.ttl = 1min;
  options.stale_if_error = 1h;
  process({"a"});
  loop.advance(2min);
  upstream.failing = {"a"};
  auto items = process({"a"});
  ASSERT_TRUE(items[0].ok());
  EXPECT_TRUE(items[0].provenance().stale);
  EXPECT_THAT(upstream.asked, SizeIs(2));
  // That it does not exist any more is an answer, too.
  upstream.failure = Error(ErrorCode::kNotFound, "gone");
  EXPECT_FALSE(process({"a"})[0].ok());
}

TEST_F(BatchCacheTest, PastItsWindowAStaleValueIsAnsweredNoMore) {
  processor_options.ttl = 1min;
  options.stale_while_revalidate = 1h;
  options.stale_if_error = 2h;
  process({"a"});
  loop.advance(1h + 1min + 1s);
  auto items = process({"a"});
  EXPECT_EQ(elapsed(), 100ms);
  EXPECT_FALSE(items[0].provenance().stale);
  loop.advance(2h + 1min + 1s);
  upstream.failing = {"a"};
  EXPECT_FALSE(process({"a"})[0].ok());
}

TEST_F(BatchCacheTest, ARefreshThatFailsLeavesTheStaleValue) {
  processor_options.ttl = 1min;
  options.stale_while_revalidate = 1h;
  process({"a"});
  loop.advance(2min);
  upstream.failing = {"a"};
  EXPECT_EQ(*process({"a"})[0], "value of a");
  loop.advance(1s);
  EXPECT_EQ(*process({"a"})[0], "value of a");
  upstream.failing.clear();
  loop.advance(1s);
  process({"a"});
  loop.advance(1s);
  EXPECT_FALSE(process({"a"})[0].provenance().stale);
}

TEST_F(BatchCacheTest, AllWhoAreAnsweredStaleCauseOneRefresh) {
  processor_options.ttl = 1min;
  options.stale_while_revalidate = 1h;
  process({"a"});
  loop.advance(2min);
  upstream.asked.clear();
  auto first = spawn({"a"});
  auto second = spawn({"a", "a"});
  loop.advance(1s);
  EXPECT_THAT(texts(*first), ElementsAre("value of a"));
  EXPECT_THAT(texts(*second), ElementsAre("value of a", "value of a"));
  EXPECT_THAT(upstream.asked, ElementsAre("a"));
}

TEST_F(BatchCacheTest, OfflineTheStoreAloneAnswers) {
  processor_options.ttl = 1min;
  processor_options.keep_for_offline = 24h;
  process({"a"});
  restart();
  loop.advance(1h);
  processor_options.offline = true;
  upstream.asked.clear();
  auto items = process({"a", "b"});
  EXPECT_EQ(*items[0], "value of a");
  EXPECT_TRUE(items[0].provenance().stale);
  EXPECT_EQ(items[1].error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(items[1].error().message(), HasSubstr("offline"));
  EXPECT_THAT(upstream.asked, SizeIs(0));
}

TEST_F(BatchCacheTest, WhatIsForgottenIsAskedForAgain) {
  processor_options.memory_bytes = 1 << 20;
  process({"a", "b"});
  loop.run(processor().forget({"a"}));
  upstream.asked.clear();
  process({"a", "b"});
  EXPECT_THAT(upstream.asked, ElementsAre("a"));
}

TEST_F(BatchCacheTest, MemoryComesBeforeTheStore) {
  processor_options.memory_bytes = 1 << 20;
  process({"a"});
  auto items = process({"a"});
  EXPECT_EQ(items[0].provenance().source, Provenance::Source::kMemory);
  EXPECT_EQ(store.reads, 1);
  EXPECT_GT(processor().metrics().gauges.memory_bytes, 0u);
}

TEST_F(BatchCacheTest, ABatchThatMemoryKnowsIsCountedLikeAnyOther) {
  processor_options.memory_bytes = 1 << 20;
  upstream.failing = {"gone"};
  upstream.failure = Error(ErrorCode::kNotFound, "no such part");
  process({"a", "b", "gone"});
  Counters before = processor().metrics().counters;
  auto requests = requests_for({"b", "a", "b", "gone"});
  requests[2].ttl = 1min;
  auto items = send(requests);
  EXPECT_THAT(texts(items), ElementsAre("value of b", "value of a", "value of b", "not_found"));
  EXPECT_EQ(items[0].share(), items[2].share());
  EXPECT_FALSE(items[0].provenance().shared);
  EXPECT_TRUE(items[2].provenance().shared);
  EXPECT_EQ(store.reads, 1);
  Counters counters = processor().metrics().counters;
  EXPECT_EQ(counters.batches, before.batches + 1);
  EXPECT_EQ(counters.requests, before.requests + 4);
  EXPECT_EQ(counters.memory_hits, before.memory_hits + 3);
  EXPECT_EQ(counters.shared, before.shared + 1);
  EXPECT_EQ(counters.conflicting_requests, before.conflicting_requests + 1);
  EXPECT_EQ(counters.failed, before.failed + 1);
  BatchMetrics batch = *processor().last_batch();
  EXPECT_EQ(batch.total_requests, 4u);
  EXPECT_EQ(batch.cached_requests, 3u);
  EXPECT_EQ(batch.fetched_requests, 0u);
  EXPECT_EQ(batch.limit, options.concurrency);
}

TEST_F(BatchCacheTest, OneKeyThatMemoryDoesNotKnowIsFetchedAloneInItsPlace) {
  processor_options.memory_bytes = 1 << 20;
  process({"a", "b"});
  upstream.asked.clear();
  auto items = process({"a", "new", "b", "a"});
  EXPECT_THAT(texts(items), ElementsAre("value of a", "value of new", "value of b", "value of a"));
  EXPECT_THAT(upstream.asked, ElementsAre("new"));
  EXPECT_EQ(processor().metrics().counters.memory_hits, 2u);
  EXPECT_TRUE(items[3].provenance().shared);
}

TEST_F(BatchCacheTest, WithoutDeduplicationMemoryAnswersEachByItself) {
  processor_options.memory_bytes = 1 << 20;
  process({"a"});
  options.deduplication = false;
  auto items = process({"a", "a"});
  EXPECT_FALSE(items[1].provenance().shared);
  EXPECT_EQ(processor().last_batch()->cached_requests, 2u);
}

TEST_F(BatchCacheTest, WhatWaitsLongLooksIntoTheStoreOnceMore) {
  options.concurrency = 1;
  upstream.latency_of = [](const std::string&) { return 2s; };
  auto batch = spawn({"a", "b"});
  loop.advance(1s);
  // Another process has been there.
  store::Record record;
  record.bytes = std::make_shared<const std::string>("theirs");
  std::vector<store::Put> puts;
  puts.push_back({"b", record});
  loop.run(store.put_many(std::move(puts)));
  loop.advance(10s);
  EXPECT_THAT(texts(*batch), ElementsAre("value of a", "theirs"));
  EXPECT_THAT(upstream.asked, ElementsAre("a"));
}

TEST_F(BatchCacheTest, AStoreThatIsSlowerThanTheBatchLeavesItInTime) {
  process({"a"});
  upstream.asked.clear();
  store.latency = 10s;
  options.timeout = 1'000ms;
  auto items = process({"a", "b"});
  EXPECT_THAT(texts(items), ElementsAre("timeout", "timeout"));
  EXPECT_EQ(elapsed(), 1s);
  EXPECT_THAT(upstream.asked, SizeIs(0)) << "nobody would get the answer";
  EXPECT_EQ(processor().metrics().counters.timeouts, 2u);
  EXPECT_EQ(processor().metrics().counters.store_read_errors, 1u);
}

TEST_F(BatchCacheTest, AStreamThatIsStoppedWhileTheStoreIsReadAsksForNothing) {
  store.latency = 1s;
  {
    int left = 3;
    RequestSource<std::string> source = [this, left]() mutable {
      std::optional<Request<std::string>> request;
      if (left > 0) request = request_for(fmt::format("k:{}", left--));
      return request;
    };
    auto stream = processor().stream(std::move(source), {});
    loop.advance(500ms);
  }
  loop.advance(10s);
  EXPECT_EQ(store.reads, 1);
  EXPECT_THAT(upstream.asked, SizeIs(0));
  EXPECT_EQ(processor().metrics().gauges.flights, 0u);
}

TEST_F(BatchCacheTest, WhatLandsWhileTheStoreIsReadIsNotAskedForAgain) {
  processor_options.memory_bytes = 1 << 20;
  store.latency = 80ms;
  auto first = spawn({"a"});  // is there after 180 ms
  loop.advance(150ms);
  auto second = spawn({"a", "b"});  // finds nothing in the store, after 230 ms
  loop.advance(1s);
  EXPECT_THAT(texts(*second), ElementsAre("value of a", "value of b"));
  EXPECT_THAT(upstream.asked, ElementsAre("a", "b"));
  EXPECT_EQ((**second)[0].provenance().source, Provenance::Source::kMemory);
}

TEST_F(BatchCacheTest, TimesWithoutEndEndNothing) {
  options.beyond_limits = true;
  options.timeout = std::chrono::milliseconds::max();
  options.item_timeout = std::chrono::milliseconds::max();
  options.stale_if_error = async::Duration::max();
  auto requests = requests_for({"a", "b"});
  requests[0].ttl = async::Duration::max();
  EXPECT_THAT(texts(send(requests)), ElementsAre("value of a", "value of b"));
  upstream.asked.clear();
  loop.advance(24h * 365);
  send(requests);
  EXPECT_THAT(upstream.asked, ElementsAre("b")) << "the first is for ever";
}

// Who keeps nothing takes nothing from those who want the value kept.
TEST_F(BatchCacheTest, OfEqualKeysAnyTimeCountsMoreThanNone) {
  auto requests = requests_for({"a", "a"});
  requests[0].ttl = 0s;
  requests[1].ttl = 1min;
  send(requests);
  upstream.asked.clear();
  process({"a"});
  EXPECT_THAT(upstream.asked, SizeIs(0));
}

}  // namespace
}  // namespace gantry::batch
