#include "gantry/cli/signals.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

namespace gantry::cli {
namespace {

constexpr int kPatienceMicroseconds = 500'000;  // beyond one second

// A handler of signals has nothing but globals.
std::atomic<int> first_signal{0};
std::atomic<int> wake_up_descriptor{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void leave_at_once(int) { _exit(128 + first_signal); }

void handle(int number) {
  int saved = errno;
  if (first_signal.exchange(number) != 0) _exit(128 + number);
  itimerval timer{};
  timer.it_value.tv_sec = 1;
  timer.it_value.tv_usec = kPatienceMicroseconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(wake_up_descriptor, &one, sizeof one);
  errno = saved;
}

void set_handler(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

}  // namespace

SignalWatch::SignalWatch(boost::asio::io_context& loop, std::function<void(int signal)> on_signal)
    : wake_up_(loop, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  wake_up_descriptor = wake_up_.native_handle();
  wake_up_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [on_signal = std::move(on_signal)](const boost::system::error_code& failure) {
                        if (!failure) on_signal(first_signal);
                      });
  set_handler(SIGALRM, leave_at_once);
  set_handler(SIGINT, handle);
  set_handler(SIGTERM, handle);
}

SignalWatch::~SignalWatch() {
  set_handler(SIGINT, SIG_DFL);
  set_handler(SIGTERM, SIG_DFL);
}

}  // namespace gantry::cli
