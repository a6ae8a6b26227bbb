#include "gantry/async/task_scope.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "gantry/async/clock.hpp"
#include "gantry/async/for_each.hpp"
#include "gantry/async/semaphore.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/base/error.hpp"

#include "testing/io_loop.hpp"

namespace gantry::async {
namespace {

using namespace std::chrono_literals;

awaitable<void> wait_for_ever(Event& event, int& cancelled) {
  try {
    co_await event.wait();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) ++cancelled;
    throw;
  }
}

awaitable<void> fail_after(Clock& clock, Duration duration) {
  co_await clock.sleep(duration);
  throw Error(ErrorCode::kServer, "it broke");
}

awaitable<void> join_with_a_failing_task(Clock& clock, int& cancelled) {
  auto executor = co_await boost::asio::this_coro::executor;
  Event never(executor);
  TaskScope scope(executor);
  scope.spawn(wait_for_ever(never, cancelled));
  scope.spawn(wait_for_ever(never, cancelled));
  scope.spawn(fail_after(clock, 1ms));
  co_await scope.join();
}

TEST(TaskScope, OneFailureCancelsTheOthersAndIsThrownByJoin) {
  boost::asio::io_context loop;
  SystemClock clock(loop.get_executor());
  int cancelled = 0;
  try {
    testing::run(loop, join_with_a_failing_task(clock, cancelled));
    FAIL() << "join() must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kServer);
  }
  EXPECT_EQ(cancelled, 2);
}

awaitable<void> join_for_ever(int& cancelled, bool& joined) {
  auto executor = co_await boost::asio::this_coro::executor;
  Event never(executor);
  TaskScope scope(executor);
  scope.spawn(wait_for_ever(never, cancelled));
  try {
    co_await scope.join();
  } catch (const Error& error) {
    joined = error.code() == ErrorCode::kCancelled && scope.running() == 0;
    throw;
  }
}

TEST(TaskScope, ACancelledJoinWaitsForItsTasks) {
  boost::asio::io_context loop;
  TaskScope outer(loop.get_executor());
  int cancelled = 0;
  bool joined = false;
  outer.spawn(join_for_ever(cancelled, joined));
  loop.poll();
  outer.cancel();
  loop.restart();
  loop.poll();
  EXPECT_EQ(cancelled, 1);
  EXPECT_TRUE(joined);
  EXPECT_EQ(outer.running(), 0u);
}

struct Window {
  std::size_t now = 0;
  std::size_t peak = 0;
  std::size_t done = 0;
};

awaitable<void> count_in_window(Clock& clock, Window& window) {
  window.peak = std::max(window.peak, ++window.now);
  co_await clock.sleep(1ms);
  --window.now;
  ++window.done;
}

TEST(ForEach, KeepsAtMostItsWidthInWork) {
  boost::asio::io_context loop;
  SystemClock clock(loop.get_executor());
  Window window;
  auto body = [&](std::size_t) { return count_in_window(clock, window); };
  testing::run(loop, for_each(20, 4, body));
  EXPECT_EQ(window.done, 20u);
  EXPECT_EQ(window.peak, 4u);
}

awaitable<void> hold_permit(Semaphore& semaphore, Clock& clock, Window& window) {
  Semaphore::Permit permit = co_await semaphore.acquire();
  co_await count_in_window(clock, window);
}

TEST(Semaphore, GivesAPermitOfACancelledWaiterToTheNext) {
  boost::asio::io_context loop;
  SystemClock clock(loop.get_executor());
  Semaphore semaphore(loop.get_executor(), 1);
  Window window;
  TaskScope first(loop.get_executor());
  TaskScope second(loop.get_executor());
  first.spawn(hold_permit(semaphore, clock, window));
  second.spawn(hold_permit(semaphore, clock, window));
  first.spawn(hold_permit(semaphore, clock, window));
  loop.poll();
  second.cancel();
  loop.restart();
  loop.run();
  EXPECT_EQ(window.done, 2u);
  EXPECT_EQ(window.peak, 1u);
}

awaitable<int> compute(WorkerPool& pool) {
  auto loop_thread = std::this_thread::get_id();
  auto work = [loop_thread] { return std::this_thread::get_id() == loop_thread ? 0 : 42; };
  int result = co_await pool.run(work);
  co_return std::this_thread::get_id() == loop_thread ? result : 0;
}

awaitable<void> break_down(WorkerPool& pool) {
  auto work = [] { throw Error(ErrorCode::kIo, "no such thing"); };
  co_await pool.run(work);
}

TEST(WorkerPool, RunsOnAnotherThreadAndResumesOnTheLoop) {
  boost::asio::io_context loop;
  WorkerPool pool(1);
  EXPECT_EQ(testing::run_for(loop, compute(pool)), 42);
  EXPECT_THROW(testing::run(loop, break_down(pool)), Error);
}

}  // namespace
}  // namespace gantry::async
