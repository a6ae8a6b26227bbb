// Simulated time that passes in a coroutine.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/batch/simulation/script.hpp"

namespace gantry::batch::simulation {

// As work on another thread: nothing cuts it short.
inline async::awaitable<void> wait_stubbornly(async::Clock& clock, async::Duration duration) {
  auto initiation = [&clock, duration](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    clock.call_at(clock.now() + duration, [shared] {
      auto executor = boost::asio::get_associated_executor(*shared);
      boost::asio::post(executor, [shared] { std::move (*shared)(); });
    });
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      std::move(initiation), boost::asio::use_awaitable);
}

inline async::awaitable<void> wait(async::Clock& clock, Delay delay, bool is_stubborn) {
  if (delay < 0) co_return;
  if (is_stubborn) {
    co_await wait_stubbornly(clock, std::chrono::milliseconds(delay));
  } else {
    co_await clock.sleep(std::chrono::milliseconds(delay));
  }
}

}  // namespace gantry::batch::simulation
