#include "gantry/async/for_each.hpp"

#include <algorithm>

namespace gantry::async {
namespace {

struct Window {
  std::size_t next = 0;
  std::size_t count;
  std::function<awaitable<void>(std::size_t)> body;
};

awaitable<void> work_through(std::shared_ptr<Window> window) {
  while (window->next < window->count) {
    std::size_t index = window->next++;
    co_await window->body(index);
  }
}

}  // namespace

awaitable<void> for_each(std::size_t count, std::size_t width,
                         std::function<awaitable<void>(std::size_t)> body) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto window = std::make_shared<Window>();
  window->count = count;
  window->body = std::move(body);
  TaskScope scope(executor);
  for (std::size_t i = 0; i < std::min(count, width); ++i) scope.spawn(work_through(window));
  co_await scope.join();
}

}  // namespace gantry::async
