#include "gantry/cli/session.hpp"

#include <csignal>
#include <utility>

#include <boost/asio/signal_set.hpp>
#include <sys/time.h>
#include <unistd.h>

namespace gantry::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kRedraw = 100ms;
constexpr auto kLookAtTheLog = 1s;
constexpr int kPatienceMicroseconds = 500'000;  // beyond one second

volatile std::sig_atomic_t exit_code_of_last_resort = kFailure;

void leave_at_once(int) { _exit(exit_code_of_last_resort); }

// Ends the process in a second and a half, even if a thread of it never returns.
void set_last_resort(int exit_code) {
  exit_code_of_last_resort = exit_code;
  std::signal(SIGALRM, leave_at_once);
  itimerval timer{};
  timer.it_value.tv_sec = 1;
  timer.it_value.tv_usec = kPatienceMicroseconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

async::awaitable<void> redraw(Terminal& terminal, jobs::Engine& engine) {
  while (true) {
    co_await engine.clock().sleep(terminal.draws() ? kRedraw : kLookAtTheLog);
    terminal.tick(engine.limits(), engine.clock().now());
  }
}

class Session {
 public:
  Session(const jobs::EngineOptions& options, Terminal& terminal)
      : terminal_(terminal),
        engine_(loop_, options, terminal),
        scope_(loop_.get_executor()),
        helpers_(loop_.get_executor()),
        signals_(loop_, SIGINT, SIGTERM) {}

  int run(std::function<async::awaitable<int>(jobs::Engine&)> body) {
    watch_signals();
    terminal_.tick(engine_.limits(), engine_.clock().now());
    helpers_.spawn(redraw(terminal_, engine_));
    scope_.spawn(main(std::move(body)));
    // Not run(): an alarm far away must not keep a run that is over.
    while (!done_ || helpers_.running() > 0) loop_.run_one();
    return signal_ == 0 ? code_ : 128 + signal_;
  }

 private:
  async::awaitable<void> main(std::function<async::awaitable<int>(jobs::Engine&)> body) {
    try {
      code_ = co_await body(engine_);
      co_await engine_.flush();
    } catch (...) {
      Error error = current_error();
      if (error.code() != ErrorCode::kCancelled) terminal_.error(error.message());
      code_ = kFailure;
    }
    helpers_.cancel();
    done_ = true;
  }

  void watch_signals() {
    signals_.async_wait([this](boost::system::error_code failure, int number) {
      if (failure) return;
      if (signal_ != 0) {
        terminal_.hold();
        _exit(128 + number);
      }
      signal_ = number;
      set_last_resort(128 + number);
      engine_.interrupt(number == SIGINT ? "SIGINT" : "SIGTERM");
      scope_.cancel();
      watch_signals();
    });
  }

  boost::asio::io_context loop_{1};
  Terminal& terminal_;
  jobs::Engine engine_;
  async::TaskScope scope_;
  async::TaskScope helpers_;
  boost::asio::signal_set signals_;
  int code_ = kFailure;
  int signal_ = 0;
  bool done_ = false;
};

}  // namespace

int run_session(const jobs::EngineOptions& options, Terminal& terminal,
                std::function<async::awaitable<int>(jobs::Engine&)> body) {
  Session session(options, terminal);
  return session.run(std::move(body));
}

}  // namespace gantry::cli
