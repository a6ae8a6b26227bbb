#include "gantry/async/clock.hpp"

#include <string>
#include <vector>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "gantry/async/task_scope.hpp"
#include "gantry/base/error.hpp"

#include "testing/io_loop.hpp"

namespace gantry::async {
namespace {

using namespace std::chrono_literals;

awaitable<void> sleep_and_note(Clock& clock, Duration duration, std::string name,
                               std::vector<std::string>& order) {
  co_await clock.sleep(duration);
  order.push_back(name);
}

TEST(VirtualClock, WakesSleepersInOrderOfTheirTimes) {
  boost::asio::io_context loop;
  VirtualClock clock;
  TaskScope scope(loop.get_executor());
  std::vector<std::string> order;
  scope.spawn(sleep_and_note(clock, 30s, "late", order));
  scope.spawn(sleep_and_note(clock, 10s, "early", order));
  loop.poll();
  EXPECT_TRUE(order.empty());
  clock.advance(9s);
  loop.poll();
  EXPECT_TRUE(order.empty());
  clock.advance(21s);
  loop.restart();
  loop.poll();
  EXPECT_EQ(order, (std::vector<std::string>{"early", "late"}));
}

TEST(VirtualClock, ForgetsTheAlarmOfACancelledSleeper) {
  boost::asio::io_context loop;
  VirtualClock clock;
  TaskScope scope(loop.get_executor());
  std::vector<std::string> order;
  scope.spawn(sleep_and_note(clock, 10s, "never", order));
  loop.poll();
  scope.cancel();
  loop.restart();
  loop.poll();
  EXPECT_EQ(scope.running(), 0u);
  EXPECT_FALSE(clock.advance_to_next());
  EXPECT_TRUE(order.empty());
}

TEST(SystemClock, RingsAnEarlierAlarmThatWasSetLater) {
  boost::asio::io_context loop;
  SystemClock clock(loop.get_executor());
  std::vector<std::string> order;
  clock.call_at(clock.now() + 40ms, [&] { order.push_back("second"); });
  clock.call_at(clock.now() + 5ms, [&] { order.push_back("first"); });
  loop.run();
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second"}));
}

TEST(SystemClock, ACancelledAlarmDoesNotKeepTheLoopRunning) {
  boost::asio::io_context loop;
  SystemClock clock(loop.get_executor());
  TimePoint began = clock.now();
  Clock::AlarmId alarm = clock.call_at(began + 1h, [] { FAIL(); });
  boost::asio::post(loop, [&] { clock.cancel(alarm); });
  loop.run();
  EXPECT_LT(clock.now() - began, 30min);
  // The clock goes on working.
  bool rang = false;
  clock.call_at(clock.now() + 1ms, [&rang] { rang = true; });
  loop.restart();
  loop.run();
  EXPECT_TRUE(rang);
}

}  // namespace
}  // namespace gantry::async
