// A window over many items: at most `width` of them are worked on at a time, in order.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "gantry/async/task_scope.hpp"

namespace gantry::async {

// Calls `body(i)` for each i in [0, count) and returns when all have ended. The first error cancels
// the rest and is thrown. Memory is bounded by `width`, not by `count`.
awaitable<void> for_each(std::size_t count, std::size_t width,
                         std::function<awaitable<void>(std::size_t)> body);

}  // namespace gantry::async
