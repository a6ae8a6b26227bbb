#include "gantry/async/event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gantry/base/error.hpp"

namespace gantry::async {
namespace asio = boost::asio;

Event::Event(const any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void Event::set() {
  set_ = true;
  timer_.cancel();
}

void Event::notify() { timer_.cancel(); }

awaitable<void> Event::wait() {
  if (set_) co_return;
  co_await throw_if_cancelled();
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  co_await throw_if_cancelled();
}

awaitable<void> throw_if_cancelled() {
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw Error(ErrorCode::kCancelled, "cancelled");
  }
}

}  // namespace gantry::async
