// Much at a time: a million requests through a stream of bounded memory, and many threads at one
// processor. Real time, real threads.
#include <array>
#include <atomic>
#include <fstream>
#include <random>
#include <stop_token>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gantry/batch/blocking.hpp"

#include "testing/io_loop.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;

#ifdef GANTRY_SANITIZED
constexpr std::uint64_t kRequests = 20'000;
constexpr std::uint64_t kInOrder = 20'000;
constexpr int kRounds = 15;
#else
constexpr std::uint64_t kRequests = 200'000;
constexpr std::uint64_t kInOrder = 1'000'000;
constexpr int kRounds = 150;
#endif

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

// The same for the same number, and as good as drawn.
std::uint64_t drawn(std::uint64_t number, std::uint64_t what) {
  std::uint64_t mixed = (number * 8 + what + 1) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31U);
}

// 30 of 100 requests ask for what an earlier one has asked for, half of them just before.
bool is_duplicate(std::uint64_t number) { return number > 0 && drawn(number, 0) % 100 < 30; }
std::uint64_t part_of(std::uint64_t number) {
  while (is_duplicate(number)) {
    std::uint64_t back = drawn(number, 1) % 2 == 0 ? std::min<std::uint64_t>(number, 300) : number;
    number -= 1 + drawn(number, 2) % back;
  }
  return number;
}
bool is_broken(std::uint64_t part) { return drawn(part, 3) % 10 == 0; }
std::string key_of(std::uint64_t part) { return fmt::format("part:{}:{}", part % 7, part); }
std::string value_of(std::uint64_t part) {
  std::string value = fmt::format("value of {}:", part);
  value.resize(200 + drawn(part, 4) % 1'800, 'x');
  return value;
}

async::awaitable<std::string> fetch(async::any_io_executor executor, std::uint64_t part) {
  std::uint64_t turns = drawn(part, 5) % 4;  // without any it answers at once
  for (std::uint64_t i = 0; i < turns; ++i) {
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }
  if (is_broken(part)) throw Error(ErrorCode::kServer, key_of(part) + " is broken");
  co_return value_of(part);
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

class BatchStress : public ::testing::TestWithParam<Order> {
 protected:
  RequestSource<std::string> source() {
    return [this, next = std::uint64_t{0}]() mutable {
      std::optional<Request<std::string>> request;
      if (next == count_) return request;
      std::uint64_t part = part_of(next++);
      request.emplace();
      request->key = key_of(part);
      request->fetch = [executor = loop_.get_executor(), part](const CallContext&) {
        return fetch(executor, part);
      };
      return request;
    };
  }

  void look_at(const MetricsSnapshot& metrics) {
    const Gauges& gauges = metrics.gauges;
    most_held_ = std::max(most_held_, gauges.bytes.in_flight + gauges.bytes.results);
    most_memory_ = std::max(most_memory_, gauges.memory_bytes);
    most_resident_ = std::max(most_resident_, resident_bytes());
  }

  async::awaitable<void> take_all(BatchProcessor<std::string>& processor, StreamOptions options) {
    auto stream = processor.stream(source(), options);
    std::vector<bool> seen(count_, false);
    while (auto answer = co_await stream.next()) {
      std::uint64_t number = answer->number;
      if (options.order == Order::kAsRequested && number != taken_) ++misplaced_;
      if (seen.at(number)) ++misplaced_;
      seen[number] = true;
      std::uint64_t part = part_of(number);
      const Item<std::string>& item = answer->item;
      bool is_right =
          item ? !is_broken(part) && *item == value_of(part)
               : is_broken(part) && item.error().message() == key_of(part) + " is broken";
      if (!is_right) ++wrong_;
      if (!item) ++failed_;
      if (++taken_ % 1'000 == 0) look_at(processor.metrics());
    }
  }

  boost::asio::io_context loop_{1};
  async::SystemClock clock_{loop_.get_executor()};
  net::Admission admission_{loop_.get_executor(), clock_, 15min};
  async::TaskScope flights_{loop_.get_executor()};
  const std::uint64_t count_ = GetParam() == Order::kAsRequested ? kInOrder : kRequests;
  std::uint64_t taken_ = 0;
  std::uint64_t misplaced_ = 0;
  std::uint64_t wrong_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t most_held_ = 0;
  std::uint64_t most_memory_ = 0;
  std::uint64_t most_resident_ = 0;
};

TEST_P(BatchStress, ManyRequestsKeepWithinTheirBytes) {
  ProcessorOptions processor_options;
  processor_options.memory_bytes = 8 * kMegabyte;
  BatchProcessor<std::string> processor({loop_.get_executor(), clock_, flights_, admission_},
                                        processor_options);
  StreamOptions options;
  options.order = GetParam();
  options.byte_budget = kMegabyte / 2;
  options.batch.concurrency = 20;
  std::uint64_t before = resident_bytes();
  gantry::testing::run(loop_, take_all(processor, options));

  std::uint64_t broken = 0;
  std::uint64_t duplicates = 0;
  for (std::uint64_t i = 0; i < count_; ++i) {
    broken += is_broken(part_of(i)) ? 1 : 0;
    duplicates += is_duplicate(i) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(broken) / static_cast<double>(count_), 0.1, 0.01);
  EXPECT_NEAR(static_cast<double>(duplicates) / static_cast<double>(count_), 0.3, 0.01);
  EXPECT_EQ(taken_, count_);
  EXPECT_EQ(misplaced_, 0U);
  EXPECT_EQ(wrong_, 0U);
  EXPECT_EQ(failed_, broken);
  MetricsSnapshot metrics = processor.metrics();
  EXPECT_EQ(metrics.counters.requests, count_);
  EXPECT_LT(metrics.counters.upstream_calls, count_) << "nothing was shared";
  EXPECT_EQ(metrics.gauges.bytes.in_flight + metrics.gauges.bytes.results, 0U);
  EXPECT_LE(most_held_, options.byte_budget);
  EXPECT_LE(most_memory_, processor_options.memory_bytes);
  std::uint64_t grown = most_resident_ > before ? most_resident_ - before : 0;
  RecordProperty("held_kib", static_cast<int>(most_held_ / 1024));
  RecordProperty("memory_kib", static_cast<int>(most_memory_ / 1024));
  RecordProperty("grown_kib", static_cast<int>(grown / 1024));
  RecordProperty("calls", static_cast<int>(metrics.counters.upstream_calls));
#ifndef GANTRY_SANITIZED
  EXPECT_LE(grown, options.byte_budget + processor_options.memory_bytes + 16 * kMegabyte);
#endif
}

INSTANTIATE_TEST_SUITE_P(Both, BatchStress,
                         ::testing::Values(Order::kAsCompleted, Order::kAsRequested),
                         [](const auto& info) {
                           return info.param == Order::kAsCompleted ? "AsCompleted" : "AsRequested";
                         });

// Threads that want overlapping keys of one blocking processor.
class ThreadStress : public ::testing::Test {
 protected:
  static constexpr int kThreads = 12;
  static constexpr std::uint64_t kParts = 60;

  BlockingRequest<std::string> request(std::uint64_t part) {
    BlockingRequest<std::string> request;
    request.key = key_of(part);
    request.priority = static_cast<Priority>(drawn(part, 6) % 3);
    request.fetch = [this, part]() -> std::string {
      ++fetched_;
      if (++at_a_time_.at(part) > 1) ++twice_;
      // The latency of upstream: calls of many threads are under way together.
      std::this_thread::sleep_for(std::chrono::microseconds(drawn(part, 7) % 1'500));
      --at_a_time_.at(part);
      if (is_broken(part)) throw Error(ErrorCode::kServer, key_of(part) + " is broken");
      return value_of(part);
    };
    return request;
  }

  std::vector<std::uint64_t> any_parts(std::mt19937_64& random) {
    std::vector<std::uint64_t> parts(1 + random() % 25);
    for (std::uint64_t& part : parts) part = random() % kParts;
    return parts;
  }
  std::vector<BlockingRequest<std::string>> requests(const std::vector<std::uint64_t>& parts) {
    std::vector<BlockingRequest<std::string>> list;
    for (std::uint64_t part : parts) list.push_back(request(part));
    return list;
  }

  void check(std::uint64_t part, const Item<std::string>& item) {
    bool is_right = item ? !is_broken(part) && *item == value_of(part)
                         : is_broken(part) && item.error().message() == key_of(part) + " is broken";
    ++(is_right ? right_ : wrong_);
  }

  void process(std::mt19937_64& random, const std::stop_token& stop = {}) {
    std::vector<std::uint64_t> parts = any_parts(random);
    auto items = processor_.process(requests(parts), BatchOptions(), stop);
    for (std::size_t i = 0; i < parts.size(); ++i) check(parts[i], items[i]);
  }
  // As process(), and takes only some of the answers.
  void stream(std::mt19937_64& random) {
    std::vector<std::uint64_t> parts = any_parts(random);
    std::size_t next = 0;
    std::size_t left = random() % 25;
    auto source = [&]() -> std::optional<BlockingRequest<std::string>> {
      if (next == parts.size()) return std::nullopt;
      return request(parts[next++]);
    };
    processor_.stream(source, StreamOptions(), [&](const Numbered<std::string>& answer) {
      check(parts[answer.number], answer.item);
      return left-- > 0;
    });
  }
  // A stop from another thread, at any moment.
  void process_and_stop(std::mt19937_64& random) {
    std::stop_source stop;
    std::jthread stopper([&stop, after = random() % 2'000] {
      // Some moment of the batch, another one each time.
      std::this_thread::sleep_for(std::chrono::microseconds(after));
      stop.request_stop();
    });
    try {
      process(random, stop.get_token());
    } catch (const Error& error) {
      ++(error.code() == ErrorCode::kCancelled ? stopped_ : wrong_);
    }
  }

  template <class Work>
  static void on_all_threads(Work work) {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([thread, work] {
        std::mt19937_64 random(thread);
        for (int round = 0; round < kRounds; ++round) work(random);
      });
    }
  }

  void expect_nothing_is_left() {
    processor_.flush();
    MetricsSnapshot metrics = processor_.metrics();
    EXPECT_EQ(metrics.gauges.flights, 0U);
    EXPECT_EQ(metrics.gauges.bytes.in_flight + metrics.gauges.bytes.results, 0U);
    EXPECT_GT(metrics.counters.shared, 0U);
    EXPECT_GT(metrics.counters.failed, 0U);
    EXPECT_EQ(wrong_, 0);
    EXPECT_GT(right_, 0);
  }

  std::array<std::atomic<int>, kParts> at_a_time_{};
  std::atomic<int> fetched_ = 0;
  std::atomic<int> twice_ = 0;
  std::atomic<int> right_ = 0;
  std::atomic<int> wrong_ = 0;
  std::atomic<int> stopped_ = 0;
  Runtime runtime_{{.workers = 8}};
  // Nothing is kept: who wants a key joins its flight or begins one.
  BlockingProcessor<std::string> processor_{runtime_, {.ttl = 0s, .negative_ttl = 0s}};
};

TEST_F(ThreadStress, NoKeyIsFetchedTwiceAtATime) {
  on_all_threads([this](std::mt19937_64& random) { process(random); });
  EXPECT_EQ(twice_, 0);
  expect_nothing_is_left();
}

// A fetch that blocks goes on when all have left, and so a key may be fetched beside itself.
TEST_F(ThreadStress, WhoStopsOrLeavesTroublesNobodyElse) {
  on_all_threads([this](std::mt19937_64& random) {
    switch (random() % 3) {
      case 0:
        return process(random);
      case 1:
        return stream(random);
      default:
        return process_and_stop(random);
    }
  });
  EXPECT_GT(stopped_, 0);
  expect_nothing_is_left();
}

}  // namespace
}  // namespace gantry::batch
