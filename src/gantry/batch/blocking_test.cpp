#include "gantry/batch/blocking.hpp"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class BlockingTest : public ::testing::Test {
 protected:
  BlockingRequest<std::string> request(std::string key) {
    BlockingRequest<std::string> request;
    request.fetch = [this, key] {
      ++fetched;
      std::this_thread::sleep_for(5ms);  // an upstream
      if (key == "broken") throw Error(ErrorCode::kServer, "it broke");
      return "value of " + key;
    };
    request.key = std::move(key);
    return request;
  }
  std::vector<BlockingRequest<std::string>> requests(const std::vector<std::string>& keys) {
    std::vector<BlockingRequest<std::string>> list;
    for (const std::string& key : keys) list.push_back(request(key));
    return list;
  }

  std::atomic<int> fetched = 0;
  Runtime runtime;
};

TEST_F(BlockingTest, ABatchFromAPlainThread) {
  BlockingProcessor<std::string> processor(runtime, {});
  auto items = processor.process(requests({"a", "b", "a", "broken"}));
  EXPECT_EQ(*items[0], "value of a");
  EXPECT_EQ(*items[2], "value of a");
  EXPECT_EQ(items[3].error().code(), ErrorCode::kServer);
  EXPECT_EQ(fetched, 3);
  EXPECT_EQ(*processor.get(request("c")), "value of c");
  EXPECT_EQ(processor.metrics().counters.batches, 2u);
}

TEST_F(BlockingTest, PlainValuesOrTheFirstError) {
  BlockingProcessor<std::string> processor(runtime, {});
  EXPECT_THAT(processor.get_cached_data_batch(requests({"a", "b"}), {}),
              ElementsAre("value of a", "value of b"));
  EXPECT_THROW(processor.get_cached_data_batch(requests({"a", "broken"}), {}), Error);
}

TEST_F(BlockingTest, ManyThreadsShareTheFlights) {
  ProcessorOptions options;
  options.memory_bytes = 1 << 20;
  BlockingProcessor<std::string> processor(runtime, options);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < 20; ++round) {
          std::vector<std::string> keys;
          for (int i = 0; i < 5; ++i) keys.push_back(fmt::format("k{}", (round + thread + i) % 20));
          auto items = processor.process(requests(keys));
          for (std::size_t i = 0; i < keys.size(); ++i) {
            if (*items[i] == "value of " + keys[i]) ++right;
          }
        }
      });
    }
  }
  EXPECT_EQ(right, 4 * 20 * 5);
  EXPECT_EQ(fetched, 20);
}

TEST_F(BlockingTest, AStopEndsTheBatchAndNotTheOthers) {
  BlockingProcessor<std::string> processor(runtime, {});
  std::stop_source stop;
  std::atomic<bool> was_cancelled = false;
  std::jthread one([&] {
    try {
      processor.process(requests({"a", "b", "c", "d", "e", "f", "g", "h"}), {}, stop.get_token());
    } catch (const Error& error) {
      was_cancelled = error.code() == ErrorCode::kCancelled;
    }
  });
  while (fetched == 0) std::this_thread::yield();
  stop.request_stop();
  auto items = processor.process(requests({"a", "h"}));
  EXPECT_EQ(*items[1], "value of h");
  one.join();
  EXPECT_TRUE(was_cancelled);
}

TEST_F(BlockingTest, AStreamIsTakenOnTheCallersThread) {
  BlockingProcessor<std::string> processor(runtime, {});
  std::atomic<int> next = 0;
  auto source = [&]() -> std::optional<BlockingRequest<std::string>> {
    if (next == 50) return std::nullopt;
    return request(fmt::format("k{}", next++));
  };
  StreamOptions options;
  options.order = Order::kAsRequested;
  std::vector<std::uint64_t> numbers;
  std::thread::id caller = std::this_thread::get_id();
  processor.stream(source, options, [&](const Numbered<std::string>& answer) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    numbers.push_back(answer.number);
    return numbers.size() < 40;
  });
  EXPECT_EQ(numbers.size(), 40u);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST_F(BlockingTest, OnTheIoThreadItThrowsInsteadOfWaitingForItself) {
  BlockingProcessor<std::string> processor(runtime, {});
  auto source = [&]() -> std::optional<BlockingRequest<std::string>> {
    processor.get(request("a"));
    return std::nullopt;
  };
  EXPECT_THROW(processor.stream(source, {}, [](const auto&) { return true; }), Error);
}

}  // namespace
}  // namespace gantry::batch
