#include "gantry/async/clock.hpp"

#include <boost/asio/this_coro.hpp>

#include "gantry/async/event.hpp"

namespace gantry::async {

Clock::AlarmId Clock::call_at(TimePoint time, std::function<void()> action) {
  AlarmId alarm{time, ++last_alarm_};
  auto place = alarms_.emplace(alarm, std::move(action)).first;
  if (place == alarms_.begin()) rearm();
  return alarm;
}

void Clock::cancel(AlarmId alarm) {
  if (alarms_.erase(alarm) > 0 && alarms_.empty()) disarm();
}

void Clock::ring(TimePoint time) {
  while (!alarms_.empty() && alarms_.begin()->first.first <= time) {
    std::function<void()> action = std::move(alarms_.begin()->second);
    alarms_.erase(alarms_.begin());
    action();
  }
}

awaitable<void> Clock::sleep_until(TimePoint time) {
  auto executor = co_await boost::asio::this_coro::executor;
  Event due(executor);
  AlarmId alarm = call_at(time, [&due] { due.set(); });
  try {
    co_await due.wait();
  } catch (...) {
    cancel(alarm);
    throw;
  }
}

awaitable<void> Clock::sleep(Duration duration) { return sleep_until(now() + duration); }

SystemClock::SystemClock(const any_io_executor& executor) : timer_(executor) {}

TimePoint SystemClock::now() const { return std::chrono::steady_clock::now(); }
WallTime SystemClock::wall_now() const { return system_wall_time(); }
WallTime system_wall_time() { return std::chrono::system_clock::now(); }

void SystemClock::rearm() {
  timer_.expires_at(next_alarm());
  wait();
}

void SystemClock::disarm() { timer_.cancel(); }

void SystemClock::wait() {
  std::weak_ptr<bool> alive = alive_;
  timer_.async_wait([this, alive](boost::system::error_code failure) {
    if (failure || alive.expired()) return;  // rearmed for an earlier alarm, or the clock is gone
    ring(now());
    if (has_alarms()) rearm();
  });
}

WallTime VirtualClock::wall_now() const {
  return WallTime() + std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
}

void VirtualClock::advance(Duration duration) {
  TimePoint target = now_ + duration;
  while (has_alarms() && next_alarm() <= target) {
    if (next_alarm() > now_) now_ = next_alarm();
    ring(now_);
  }
  now_ = target;
}

bool VirtualClock::advance_to_next() {
  if (!has_alarms()) return false;
  if (next_alarm() > now_) now_ = next_alarm();
  ring(now_);
  return true;
}

}  // namespace gantry::async
