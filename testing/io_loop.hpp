// Runs one coroutine on an io loop of its own and hands its result or exception to the test.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "gantry/async/awaitable.hpp"

namespace gantry::testing {

template <class T>
async::awaitable<void> keep_result(async::awaitable<T> task, std::optional<T>& result) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  result.emplace(co_await std::move(task));
}

inline async::awaitable<void> without_throwing_waits(async::awaitable<void> task) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

// Runs until nothing is left to do on the loop; throws what the task threw.
inline void run(boost::asio::io_context& loop, async::awaitable<void> task) {
  std::exception_ptr failure;
  boost::asio::co_spawn(loop, without_throwing_waits(std::move(task)),
                        [&failure](const std::exception_ptr& thrown) { failure = thrown; });
  loop.restart();
  loop.run();
  if (failure) std::rethrow_exception(failure);
}

template <class T>
T run_for(boost::asio::io_context& loop, async::awaitable<T> task) {
  std::optional<T> result;
  run(loop, keep_result<T>(std::move(task), result));
  if (!result) throw std::logic_error("the task waits for what never comes");
  return std::move(*result);
}

}  // namespace gantry::testing
