// A wake-up for coroutines: unset, then set for good. Io thread only.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "gantry/async/awaitable.hpp"

namespace gantry::async {

class Event {
 public:
  explicit Event(const any_io_executor& executor);

  bool is_set() const { return set_; }
  // Wakes every waiter. The event may be destroyed only after they have resumed.
  void set();
  // Wakes every waiter without staying set: for a condition that each waiter checks again.
  void notify();

  // Returns once the event is set, or notified. Error kCancelled if the task is cancelled first.
  awaitable<void> wait();

 private:
  // A timer that never expires is Asio's wait without time: cancelling it wakes the waiters.
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

// Error kCancelled if the calling task has been cancelled: for a point before new work begins.
awaitable<void> throw_if_cancelled();

}  // namespace gantry::async
