// When calls left, for the last minute. O(log n) for calls that are noted nearly in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "gantry/async/clock.hpp"

namespace gantry::net {

class Departures {
 public:
  static constexpr async::Duration kKept = std::chrono::minutes(1);

  void note(async::TimePoint departed) {
    times_.insert(std::upper_bound(times_.begin(), times_.end(), departed), departed);
    while (times_.back() - times_.front() > kKept) times_.pop_front();
  }

  // Those of the last `window`, which is at most kKept.
  std::size_t count(async::TimePoint now, async::Duration window) const {
    auto first = std::upper_bound(times_.begin(), times_.end(), now - window);
    return static_cast<std::size_t>(times_.end() - first);
  }

 private:
  std::deque<async::TimePoint> times_;
};

}  // namespace gantry::net
