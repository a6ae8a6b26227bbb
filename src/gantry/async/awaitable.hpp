// The coroutine type of Gantry and its few Asio headers, in one place.
//
// A coroutine is a named function with typed by-value parameters and one co_await per statement;
// no lambda coroutine and no aggregate temporary inside it (compilers differ on both).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace gantry::async {

using boost::asio::any_io_executor;
using boost::asio::awaitable;

}  // namespace gantry::async
