// An io loop under virtual time: what would wait is woken at once, in the order of its time.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "gantry/async/clock.hpp"

#include "testing/io_loop.hpp"

namespace gantry::testing {

class VirtualLoop {
 public:
  boost::asio::io_context& context() { return loop_; }
  async::any_io_executor executor() { return loop_.get_executor(); }
  async::VirtualClock& clock() { return clock_; }

  // Everything that can be done now.
  void settle() {
    loop_.restart();
    loop_.poll();
  }

  // What can be done within `time` from now, each thing at its time.
  void advance(async::Duration time) {
    bool reached = false;
    clock_.call_at(clock_.now() + time, [&reached] { reached = true; });
    settle();
    while (!reached) {
      clock_.advance_to_next();
      settle();
    }
  }

  // Runs one task to its end; throws what it threw.
  void run(async::awaitable<void> task) {
    bool done = false;
    std::exception_ptr failure;
    boost::asio::co_spawn(loop_, without_throwing_waits(std::move(task)),
                          [&](const std::exception_ptr& thrown) {
                            done = true;
                            failure = thrown;
                          });
    settle();
    while (!done) {
      if (!clock_.advance_to_next()) throw std::logic_error("the task waits for what never comes");
      settle();
    }
    if (failure) std::rethrow_exception(failure);
  }

  template <class T>
  T run_for(async::awaitable<T> task) {
    std::optional<T> result;
    run(keep_result<T>(std::move(task), result));
    return std::move(*result);
  }

 private:
  boost::asio::io_context loop_{1};
  async::VirtualClock clock_;
};

}  // namespace gantry::testing
