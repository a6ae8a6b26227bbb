#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/batch_kit.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class BatchStreamTest : public ::testing::Test, public ::gantry::testing::BatchKit {
 protected:
  BatchStreamTest() { stream_options.batch.grouping = Grouping::kNone; }

  // A source of the keys "k:0" to "k:count-1".
  RequestSource<std::string> source(std::size_t count) {
    return [this, count, next = std::size_t{0}]() mutable {
      std::optional<Request<std::string>> request;
      if (next < count) request = request_for(fmt::format("k:{}", next++));
      return request;
    };
  }

  async::awaitable<void> take_all(ItemStream<std::string>& stream, async::Duration pace) {
    while (true) {
      std::optional<Numbered<std::string>> answer = co_await stream.next();
      if (!answer) co_return;
      numbers.push_back(answer->number);
      if (answer->item) ++good;
      if (pace > 0s) co_await loop.clock().sleep(pace);
      most_held = std::max(most_held, held());
    }
  }
  std::uint64_t held() {
    BytesHeld bytes = processor().metrics().gauges.bytes;
    return bytes.in_flight + bytes.results;
  }

  StreamOptions stream_options;
  std::vector<std::uint64_t> numbers;
  std::size_t good = 0;
  std::uint64_t most_held = 0;
};

TEST_F(BatchStreamTest, AnswersAsTheyCome) {
  upstream.latency_of = [](const std::string& key) { return key == "k:0" ? 300ms : 100ms; };
  auto stream = processor().stream(source(3), stream_options);
  loop.run(take_all(stream, 0s));
  EXPECT_THAT(numbers, ElementsAre(1, 2, 0));
}

TEST_F(BatchStreamTest, OrInTheOrderOfTheRequests) {
  upstream.latency_of = [](const std::string& key) { return key == "k:0" ? 300ms : 100ms; };
  stream_options.order = Order::kAsRequested;
  auto stream = processor().stream(source(3), stream_options);
  loop.run(take_all(stream, 0s));
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2));
}

TEST_F(BatchStreamTest, ASlowCallerHoldsTheSourceBack) {
  stream_options.byte_budget = 64 * 1024;
  stream_options.batch.concurrency = 20;
  auto stream = processor().stream(source(5000), stream_options);
  loop.run(take_all(stream, 50ms));
  EXPECT_EQ(good, 5000u);
  EXPECT_LE(most_held, stream_options.byte_budget);
}

TEST_F(BatchStreamTest, AnAnswerLargerThanTheBudgetComesAllTheSame) {
  stream_options.byte_budget = 10;
  auto stream = processor().stream(source(20), stream_options);
  loop.run(take_all(stream, 0s));
  EXPECT_EQ(good, 20u);
}

TEST_F(BatchStreamTest, AFailureIsAnAnswer) {
  upstream.failing = {"k:1"};
  auto stream = processor().stream(source(3), stream_options);
  loop.run(take_all(stream, 0s));
  EXPECT_EQ(numbers.size(), 3u);
  EXPECT_EQ(good, 2u);
}

TEST_F(BatchStreamTest, DestroyingItCancelsWhatIsUnderWay) {
  {
    auto stream = processor().stream(source(1000), stream_options);
    loop.advance(50ms);
    EXPECT_EQ(upstream.at_a_time, 5);
  }
  loop.settle();
  EXPECT_EQ(upstream.at_a_time, 0);
  EXPECT_EQ(processor().metrics().gauges.flights, 0u);
  EXPECT_EQ(held(), 0u);
}

TEST_F(BatchStreamTest, WhatTheSourceThrowsComesAfterTheAnswers) {
  RequestSource<std::string> broken = [this, next = 0]() mutable {
    if (++next == 4) throw Error(ErrorCode::kIo, "the list is cut short");
    return std::optional(request_for(fmt::format("k:{}", next)));
  };
  auto stream = processor().stream(std::move(broken), stream_options);
  EXPECT_THROW(loop.run(take_all(stream, 0s)), Error);
}

}  // namespace
}  // namespace gantry::batch
