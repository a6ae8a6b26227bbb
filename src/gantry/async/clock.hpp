// Time as a dependency: everything that waits or reads the time does it through a Clock, so that a
// test or a simulation can run it under virtual time.
//
// now() and wall_now() may be called on any thread; everything else on the io thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "gantry/async/awaitable.hpp"

namespace gantry::async {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// The time of day, for what is outside of any run and its clock.
WallTime system_wall_time();

class Clock {
 public:
  using AlarmId = std::pair<TimePoint, std::uint64_t>;

  virtual ~Clock() = default;

  virtual TimePoint now() const = 0;
  // For lifetimes that outlive the process and for what people read; never for waits.
  virtual WallTime wall_now() const = 0;

  // Calls `action` once on the io thread, not before `time`. It must not throw.
  AlarmId call_at(TimePoint time, std::function<void()> action);
  void cancel(AlarmId alarm);

  // Suspends until `time`. Error kCancelled if the task is cancelled first.
  awaitable<void> sleep_until(TimePoint time);
  awaitable<void> sleep(Duration duration);

 protected:
  // Runs every alarm that is due at `time`.
  void ring(TimePoint time);
  bool has_alarms() const { return !alarms_.empty(); }
  TimePoint next_alarm() const { return alarms_.begin()->first.first; }
  // The earliest alarm has changed.
  virtual void rearm() = 0;
  // There is no alarm any more: nothing keeps the loop running.
  virtual void disarm() {}

 private:
  std::map<AlarmId, std::function<void()>> alarms_;
  std::uint64_t last_alarm_ = 0;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(const any_io_executor& executor);

  TimePoint now() const override;
  WallTime wall_now() const override;

 protected:
  void rearm() override;
  void disarm() override;

 private:
  void wait();
  boost::asio::steady_timer timer_;
  // Outlives the clock in a completion that is already queued when the clock goes.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// A clock that stands until it is told to move. Sleepers wake in order of their times.
class VirtualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  WallTime wall_now() const override;

  // Moves the time and rings what became due.
  void advance(Duration duration);
  // Moves to the earliest alarm, if there is one.
  bool advance_to_next();

 protected:
  void rearm() override {}

 private:
  TimePoint now_ = TimePoint() + std::chrono::hours(1000);
};

}  // namespace gantry::async
