#include "gantry/cli/session.hpp"

#include <csignal>
#include <utility>

#include <unistd.h>

#include "gantry/cli/signals.hpp"

namespace gantry::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kRedraw = 100ms;
constexpr auto kLookAtTheLog = 1s;
// What is cancelled gets that long to end by itself; half a second later SignalWatch ends it all.
constexpr auto kPatience = 1s;

async::awaitable<void> redraw(Terminal& terminal, jobs::Engine& engine) {
  while (true) {
    co_await engine.clock().sleep(terminal.draws() ? kRedraw : kLookAtTheLog);
    terminal.tick(engine.limits(), engine.clock().now());
  }
}

class Session {
 public:
  Session(const jobs::EngineOptions& options, Terminal& terminal, LastWords last_words)
      : terminal_(terminal),
        last_words_(std::move(last_words)),
        engine_(loop_, options, terminal),
        scope_(loop_.get_executor()),
        helpers_(loop_.get_executor()),
        signals_(loop_, [this](int number) { end_because_of(number); }) {}

  int run(std::function<async::awaitable<int>(jobs::Engine&)> body) {
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

  void end_because_of(int signal) {
    signal_ = signal;
    engine_.interrupt(signal == SIGINT ? "SIGINT" : "SIGTERM");
    scope_.cancel();
    helpers_.spawn(leave_what_hangs());
  }

  async::awaitable<void> leave_what_hangs() {
    co_await engine_.clock().sleep(kPatience);
    if (last_words_) last_words_(engine_);
    terminal_.hold();
    _exit(128 + signal_);
  }

  boost::asio::io_context loop_{1};
  Terminal& terminal_;
  LastWords last_words_;
  jobs::Engine engine_;
  async::TaskScope scope_;
  async::TaskScope helpers_;
  SignalWatch signals_;
  int code_ = kFailure;
  int signal_ = 0;
  bool done_ = false;
};

}  // namespace

int run_session(const jobs::EngineOptions& options, Terminal& terminal,
                std::function<async::awaitable<int>(jobs::Engine&)> body, LastWords last_words) {
  Session session(options, terminal, std::move(last_words));
  return session.run(std::move(body));
}

}  // namespace gantry::cli
