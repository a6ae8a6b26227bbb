// Where a run stands with its rate limits, as measured: what has left, and what may still leave.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"

namespace gantry::net {

struct BudgetStatus {
  std::string name;
  async::Duration window{};
  int limit = 0;             // calls of a window, after what 429s taught
  int used = 0;              // in flight or left within the window; earlier runs count, too
  std::size_t last_10s = 0;  // calls of this run that left, once they are answered
  std::size_t last_60s = 0;

  int left() const { return std::max(0, limit - used); }
};

struct HostPause {
  std::string host;
  async::Duration left{};
};

struct LimitStatus {
  std::vector<BudgetStatus> budgets;  // by name
  std::vector<HostPause> pauses;      // by host; only hosts that are paused
  // Calls of all budgets in the last ten seconds, or since the first call if that is less.
  double calls_per_second = 0;
  // Until a pause or a spent budget lets the next call go; zero if nobody waits for that.
  async::Duration wait{};
};

}  // namespace gantry::net
