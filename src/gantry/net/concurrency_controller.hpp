// How many requests at a time serve best, found while they are made. Pure: decisions take `now`.
//
// The rule is TCP Vegas's, on windows of about three round trips: the lowest mean latency is what
// the way takes when nothing queues. While latency stays near it, throughput grows with the limit,
// and so the limit grows, by half in the beginning as in a slow start; where latency rises above
// it, requests only queue, and the limit falls back in proportion. The lowest latency is probed
// again with fewer requests every ten seconds, as BBR does, and errors cut the limit as in AIMD.
#pragma once

#include <optional>

#include "gantry/async/clock.hpp"

namespace gantry::net {

class ConcurrencyController {
 public:
  struct Options {
    int least = 4;
    int start = 20;
    int most = 128;
  };

  explicit ConcurrencyController(Options options);

  // The limit to keep to from now on.
  int limit() const { return limit_; }
  // The same, but for a probe that is going on: what the next run may start at.
  int settled() const;
  // Where an earlier run has ended. Beats what was learned until now.
  void start_at(int limit);
  // A request has ended; `failed`: for a reason that fewer requests may mend, such as a reset, a
  // time-out or a 5xx. `in_flight`: how many were under way with it.
  void ended(async::TimePoint now, async::Duration latency, bool failed, int in_flight);

 private:
  using Seconds = std::chrono::duration<double>;

  struct Window {
    int left_out;  // of the beginning, sent under another limit
    int wanted;
    int succeeded = 0;
    int failed = 0;
    bool was_full = false;
    Seconds sum{};
  };

  static Window window_for(int limit, int under_way);
  bool is_failing() const;
  void back_off(async::TimePoint now);
  void judge(async::TimePoint now, Seconds mean);
  void end_probe(async::TimePoint now, Seconds mean);
  void shrink(Seconds mean);
  void grow(async::TimePoint now);
  void set(int limit);

  Options options_;
  int limit_;
  Window window_;
  bool is_starting_ = true;
  std::optional<Seconds> lowest_;
  // The mean before the limit fell for rising latency, and how often in a row that was in vain.
  std::optional<Seconds> risen_;
  int in_vain_ = 0;
  // The limit to come back to after a probe of the lowest latency, and the mean that it had.
  std::optional<int> probed_;
  Seconds before_probe_{};
  std::optional<async::TimePoint> next_probe_;
  // A limit at which requests have failed, less a little, and until when it is believed.
  std::optional<int> ceiling_;
  async::TimePoint ceiling_ends_{};
};

}  // namespace gantry::net
