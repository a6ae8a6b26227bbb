#include "gantry/cli/question.hpp"

#include <cstdio>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "gantry/base/error.hpp"

namespace gantry::cli {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kLongestAnswer = 4096;

}  // namespace

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

async::awaitable<bool> ask(std::string question) {
  fmt::print(stderr, "{}", question);
  auto executor = co_await asio::this_coro::executor;
  // Opened anew: what Asio does to it must not stay with the terminal of the shell. There is no
  // such file for a process without a terminal of its own.
  int terminal = ::open("/dev/tty", O_RDONLY | O_CLOEXEC);
  if (terminal < 0) terminal = ::dup(STDIN_FILENO);
  asio::posix::stream_descriptor input(executor, terminal);
  std::string line;
  boost::system::error_code failure;
  auto done = asio::redirect_error(asio::use_awaitable, failure);
  co_await asio::async_read_until(input, asio::dynamic_buffer(line, kLongestAnswer), '\n', done);
  if (failure == asio::error::operation_aborted) throw Error(ErrorCode::kCancelled, "cancelled");
  co_return line.starts_with('y') || line.starts_with('Y');
}

}  // namespace gantry::cli
