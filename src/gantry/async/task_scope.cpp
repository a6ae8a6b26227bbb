#include "gantry/async/task_scope.hpp"

#include <cassert>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "gantry/base/error.hpp"

namespace gantry::async {
namespace asio = boost::asio;

namespace {

// The root of every task: waits report a cancellation by themselves (Event::wait), so that
// clean-up code may still await.
awaitable<void> root(awaitable<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

TaskScope::TaskScope(const any_io_executor& executor) : executor_(executor), changed_(executor) {}

TaskScope::~TaskScope() { assert(tasks_.empty()); }

std::weak_ptr<asio::cancellation_signal> TaskScope::spawn(awaitable<void> task) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  auto place = tasks_.insert(tasks_.end(), signal);
  asio::co_spawn(executor_, root(std::move(task)),
                 asio::bind_cancellation_slot(
                     signal->slot(),
                     [this, place](const std::exception_ptr& failure) { ended(place, failure); }));
  return signal;
}

void TaskScope::ended(std::list<Signal>::iterator task, const std::exception_ptr& failure) {
  // The signal must outlive the emission that may have led here.
  Signal keep = std::move(*task);
  tasks_.erase(task);
  bool cancelled = false;
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (...) {
      cancelled = current_error().code() == ErrorCode::kCancelled;
    }
  }
  if (failure && !cancelled && !failure_) {
    failure_ = failure;
    cancel();
  }
  if (tasks_.empty()) changed_.notify();
}

void TaskScope::cancel() {
  std::vector<Signal> signals(tasks_.begin(), tasks_.end());
  for (const Signal& signal : signals) signal->emit(asio::cancellation_type::terminal);
}

awaitable<void> TaskScope::join() {
  bool cancelled = false;
  while (!tasks_.empty()) {
    try {
      co_await changed_.wait();
    } catch (const Error&) {
      cancelled = true;
    }
    if (cancelled) {
      // From here on the wait itself must not be cut short: the tasks use what the caller owns.
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      cancel();
    }
  }
  if (cancelled) throw Error(ErrorCode::kCancelled, "cancelled");
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace gantry::async
