// The pause of one host, seen by the curl thread without a detour: closed the moment the status
// line and Retry-After of a 429 have been read, asked just before each request leaves. Any thread.
#pragma once

#include <atomic>

#include "gantry/async/clock.hpp"

namespace gantry::net {

class HostGate {
 public:
  // Closes until `time`; a shorter pause never cuts a longer one.
  void close_until(async::TimePoint time) {
    async::Duration::rep wanted = time.time_since_epoch().count();
    async::Duration::rep current = closed_until_.load();
    while (current < wanted && !closed_until_.compare_exchange_weak(current, wanted)) {
    }
  }

  bool is_closed(async::TimePoint now) const {
    return now.time_since_epoch().count() < closed_until_.load();
  }

  async::TimePoint closed_until() const {
    return async::TimePoint(async::Duration(closed_until_.load()));
  }

 private:
  std::atomic<async::Duration::rep> closed_until_{0};
};

}  // namespace gantry::net
