#include "gantry/batch/batch_processor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/batch_kit.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BatchProcessorTest : public ::testing::Test, public ::gantry::testing::BatchKit {
 protected:
  static std::vector<std::string> keys_of(std::size_t count, std::string_view group = "part:x") {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(fmt::format("{}:{}", group, i));
    return keys;
  }
};

TEST_F(BatchProcessorTest, AnswersInTheOrderOfTheRequests) {
  upstream.latency_of = [](const std::string& key) { return key == "a" ? 300ms : 100ms; };
  auto items = process({"a", "b", "c"});
  EXPECT_THAT(texts(items), ElementsAre("value of a", "value of b", "value of c"));
  EXPECT_EQ(elapsed(), 300ms);
}

TEST_F(BatchProcessorTest, AnEmptyBatchIsAnsweredAtOnceAndLeavesNoTrace) {
  EXPECT_THAT(send({}), IsEmpty());
  EXPECT_EQ(processor().metrics().counters.batches, 0u);
  EXPECT_EQ(processor().metrics().average.batches, 0u);
}

TEST_F(BatchProcessorTest, EqualKeysAreFetchedOnceAndShareTheValue) {
  auto items = process({"a", "b", "a", "a"});
  EXPECT_THAT(texts(items), ElementsAre("value of a", "value of b", "value of a", "value of a"));
  EXPECT_THAT(upstream.asked, ElementsAre("a", "b"));
  EXPECT_EQ(items[0].share(), items[3].share());
  EXPECT_FALSE(items[0].provenance().shared);
  EXPECT_TRUE(items[3].provenance().shared);
}

TEST_F(BatchProcessorTest, WithoutDeduplicationEachDuplicateIsItsOwnRequest) {
  options.deduplication = false;
  process({"a", "a", "a"});
  EXPECT_THAT(upstream.asked, ElementsAre("a", "a", "a"));
}

TEST_F(BatchProcessorTest, ASlotThatFreesIsTakenAtOnce) {
  upstream.latency_of = [](const std::string& key) { return key == "slow" ? 1000ms : 100ms; };
  options.concurrency = 2;
  options.grouping = Grouping::kNone;
  auto items = process({"slow", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  EXPECT_EQ(items.size(), 11u);
  EXPECT_EQ(elapsed(), 1000ms);  // ten fast ones beside the slow one
  EXPECT_EQ(upstream.most_at_a_time, 2);
}

TEST_F(BatchProcessorTest, TheLimitHoldsWithinOneGroup) {
  process(keys_of(50));
  EXPECT_EQ(upstream.most_at_a_time, 5);
  EXPECT_EQ(elapsed(), 1000ms);
}

TEST_F(BatchProcessorTest, OneFailureIsOneFailure) {
  upstream.failing = {"b"};
  auto items = process({"a", "b", "c"});
  EXPECT_TRUE(items[0].ok());
  EXPECT_EQ(items[1].error().code(), ErrorCode::kServer);
  EXPECT_TRUE(items[2].ok());
  EXPECT_THROW(items[1].value(), Error);
}

TEST_F(BatchProcessorTest, AWrongOptionIsNamed) {
  options.concurrency = 21;
  try {
    process({"a"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_EQ(error.message(), "batch option 'concurrency' is 21, expected 1 to 20");
  }
  options.beyond_limits = true;
  process(keys_of(40));
  EXPECT_EQ(upstream.most_at_a_time, 21);
}

TEST_F(BatchProcessorTest, AtTheDeadlineWhatIsThereIsReturned) {
  upstream.latency_of = [](const std::string& key) { return key == "b" ? 5000ms : 100ms; };
  options.timeout = 1000ms;
  auto items = process({"a", "b", "c"});
  EXPECT_EQ(elapsed(), 1000ms);
  EXPECT_TRUE(items[0].ok());
  EXPECT_EQ(items[1].error().code(), ErrorCode::kTimeout);
  EXPECT_TRUE(items[2].ok());
  EXPECT_EQ(upstream.cancelled, 1);
}

TEST_F(BatchProcessorTest, AnItemsTimeRunsFromItsAdmission) {
  upstream.latency_of = [](const std::string& key) { return key == "slow" ? 900ms : 400ms; };
  options.concurrency = 1;
  options.item_timeout = 500ms;
  auto items = process({"a", "b", "slow", "c"});
  EXPECT_TRUE(items[1].ok());
  EXPECT_EQ(items[2].error().code(), ErrorCode::kTimeout);
  EXPECT_TRUE(items[3].ok());
  EXPECT_EQ(elapsed(), 400ms + 400ms + 500ms + 400ms);
}

TEST_F(BatchProcessorTest, HighGoesBeforeNormalBeforeLow) {
  options.concurrency = 1;
  auto requests = requests_for({"low", "normal", "high"});
  requests[0].priority = Priority::kLow;
  requests[2].priority = Priority::kHigh;
  send(requests);
  EXPECT_THAT(upstream.asked, ElementsAre("high", "normal", "low"));
}

TEST_F(BatchProcessorTest, ADuplicateRaisesTheSharedFlight) {
  options.concurrency = 1;
  auto requests = requests_for({"a", "b", "c", "c"});
  requests[3].priority = Priority::kHigh;
  send(requests);
  EXPECT_THAT(upstream.asked, ElementsAre("c", "a", "b"));
  EXPECT_EQ(processor().metrics().counters.conflicting_requests, 1u);
}

TEST_F(BatchProcessorTest, BatchesAndSingleGetsJoinOneFlight) {
  auto first = spawn({"a", "b"});
  auto second = spawn({"b", "a", "c"});
  loop.settle();
  auto single = loop.run_for(processor().get(request_for("a"), options));
  EXPECT_EQ(single.value(), "value of a");
  EXPECT_TRUE(single.provenance().shared);
  loop.advance(1s);
  EXPECT_THAT(texts(*first), ElementsAre("value of a", "value of b"));
  EXPECT_THAT(texts(*second), ElementsAre("value of b", "value of a", "value of c"));
  EXPECT_THAT(upstream.asked, ElementsAre("a", "b", "c"));
}

TEST_F(BatchProcessorTest, TheFlightOfAnotherIsNotCancelledByTheOneWhoBeganIt) {
  auto first = spawn({"a"});
  auto second = spawn({"a"});
  loop.advance(50ms);
  cancel(first);
  loop.advance(1s);
  EXPECT_FALSE(first->has_value());
  EXPECT_THAT(texts(*second), ElementsAre("value of a"));
  EXPECT_EQ(upstream.cancelled, 0);
  EXPECT_EQ(upstream.asked.size(), 1u);
}

TEST_F(BatchProcessorTest, TheLastOneToLeaveCancelsTheFlight) {
  auto first = spawn({"a"});
  auto second = spawn({"a"});
  loop.advance(50ms);
  cancel(first);
  cancel(second);
  loop.settle();
  EXPECT_EQ(upstream.cancelled, 1);
  auto third = spawn({"a"});
  loop.advance(1s);
  EXPECT_THAT(texts(*third), ElementsAre("value of a"));
  EXPECT_EQ(processor().metrics().gauges.flights, 0u);
}

TEST_F(BatchProcessorTest, AShutdownEndsWhatIsUnderWayAndWhatWaitsForAPlace) {
  options.concurrency = 1;
  auto batch = spawn({"a", "b"});
  auto other = spawn({"a"});
  loop.advance(50ms);
  shut_down();
  EXPECT_THAT(texts(*batch), ElementsAre("cancelled", "cancelled"));
  EXPECT_THAT(texts(*other), ElementsAre("cancelled"));
  EXPECT_EQ(upstream.cancelled, 1);
  EXPECT_EQ(upstream.asked.size(), 1u);
  EXPECT_EQ(processor().metrics().gauges.flights, 0u);
}

TEST_F(BatchProcessorTest, APassingFailureIsTriedAgainAndASleepingRetryHoldsNoSlot) {
  upstream.failing = {"a"};
  upstream.failures_left = 1;
  upstream.failure = Error(ErrorCode::kNetwork, "reset").with(Retry::kSameRequest);
  processor_options.retry.first_delay = 1000ms;
  options.concurrency = 1;
  auto items = process({"a", "b", "c"});
  EXPECT_TRUE(items[0].ok());
  EXPECT_EQ(items[0].provenance().attempts, 2);
  EXPECT_THAT(upstream.asked, ElementsAre("a", "b", "c", "a"));
}

TEST_F(BatchProcessorTest, CapsPerGroupAndPerHostHoldAcrossBatches) {
  processor_options.calls_per_group = 2;
  options.concurrency = 20;
  auto first = spawn(keys_of(10, "part:x"));
  auto second = spawn(keys_of(20, "part:x"));
  auto third = spawn(keys_of(10, "part:y"));
  loop.advance(50ms);
  EXPECT_EQ(upstream.at_a_time, 4);
  loop.advance(10s);
  EXPECT_EQ(upstream.most_at_a_time, 4);
  EXPECT_TRUE(first->has_value() && second->has_value() && third->has_value());
}

// The group is busy, so that those without a limit of their own have to wait as well.
TEST_F(BatchProcessorTest, WhoHasLeftLendsNoPlaceToACallWhateverHisLane) {
  processor_options.calls_per_group = 1;
  upstream.latency_of = [](const std::string& key) { return key == "slow:x:0" ? 1000ms : 200ms; };
  options.concurrency = 1;
  auto limited = spawn({"slow:x:0", "part:x:1"});
  options = BatchOptions::unbounded();
  auto busy = spawn({"part:x:0"});
  loop.settle();
  std::vector<decltype(busy)> leaving;
  for (net::Lane lane : {1U, 2U}) {
    options.job.lane = lane;
    leaving.push_back(spawn({"part:x:1"}));
  }
  loop.advance(100ms);
  for (const auto& batch : leaving) cancel(batch);
  loop.advance(400ms);
  EXPECT_THAT(upstream.asked, ElementsAre("slow:x:0", "part:x:0")) << "the limited batch has one";
  loop.advance(1s);
  EXPECT_THAT(texts(*limited), ElementsAre("value of slow:x:0", "value of part:x:1"));
}

TEST_F(BatchProcessorTest, PlainValuesOrTheFirstError) {
  auto requests = requests_for({"a", "b", "c"});
  auto values = loop.run_for(processor().get_cached_data_batch(requests, options));
  EXPECT_THAT(values, ElementsAre("value of a", "value of b", "value of c"));
  upstream.failing = {"b", "c"};
  try {
    loop.run_for(processor().get_cached_data_batch(requests, options));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("b"));
  }
}

TEST_F(BatchProcessorTest, MeasuresEachBatch) {
  process(keys_of(10));
  BatchMetrics batch = *processor().last_batch();
  EXPECT_EQ(batch.total_requests, 10u);
  EXPECT_EQ(batch.fetched_requests, 10u);
  EXPECT_EQ(batch.cached_requests, 0u);
  EXPECT_EQ(batch.total_time, 200ms);
  EXPECT_EQ(batch.avg_time_per_request, 20ms);
  EXPECT_DOUBLE_EQ(batch.concurrency_utilization, 1.0);
  EXPECT_EQ(batch.limit, 5);
  EXPECT_EQ(batch.peak_calls, 5);
}

}  // namespace
}  // namespace gantry::batch
