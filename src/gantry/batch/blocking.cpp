#include "gantry/batch/blocking.hpp"

#include <optional>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace gantry::batch {
namespace {

struct Waiting {
  std::promise<void> ended;
  std::weak_ptr<boost::asio::cancellation_signal> signal;  // io thread
};

async::awaitable<void> and_then_tell(async::awaitable<void> task,
                                     std::shared_ptr<Waiting> waiting) {
  co_await std::move(task);
  waiting->ended.set_value();
}

}  // namespace

Runtime::Runtime(RuntimeOptions options)
    : clock_(std::make_unique<async::SystemClock>(loop_.get_executor())),
      admission_(std::make_unique<net::Admission>(loop_.get_executor(), *clock_, options.max_wait)),
      workers_(std::make_unique<async::WorkerPool>(options.workers)),
      callers_(loop_.get_executor()) {
  thread_ = std::thread([this, work = boost::asio::make_work_guard(loop_)] { loop_.run(); });
}

Runtime::~Runtime() {
  boost::asio::post(loop_, [this] { stop_when_idle(); });
  thread_.join();
  workers_.reset();
}

// A task that has told its caller of its end has still to be taken off the scope.
void Runtime::stop_when_idle() {
  if (callers_.running() == 0) return loop_.stop();
  boost::asio::post(loop_, [this] { stop_when_idle(); });
}

void Runtime::run(async::awaitable<void> task, const std::stop_token& stop) {
  if (std::this_thread::get_id() == thread_.get_id()) {
    throw Error(ErrorCode::kUsage,
                "a blocking call on the io thread would wait for itself: use BatchProcessor there");
  }
  auto waiting = std::make_shared<Waiting>();
  std::future<void> ended = waiting->ended.get_future();
  auto begin = [this, waiting, task = std::move(task)]() mutable {
    waiting->signal = callers_.spawn(and_then_tell(std::move(task), waiting));
  };
  boost::asio::post(loop_, std::move(begin));
  std::stop_callback cancel(stop, [this, waiting] {
    boost::asio::post(loop_, [waiting] {
      if (auto signal = waiting->signal.lock()) {
        signal->emit(boost::asio::cancellation_type::terminal);
      }
    });
  });
  ended.wait();
}

}  // namespace gantry::batch
