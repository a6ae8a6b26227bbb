// SIGINT and SIGTERM while a run lasts.
//
// The first one is told to the loop, and from then on the process has a second and a half to end by
// itself; then it is ended, whatever its threads do, the one of the loop included. The second one
// ends it at once. The exit code is 128 and the number of the signal.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace gantry::cli {

class SignalWatch {
 public:
  // One at a time in a process. `on_signal` is called on the loop, once.
  SignalWatch(boost::asio::io_context& loop, std::function<void(int signal)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  boost::asio::posix::stream_descriptor wake_up_;
};

}  // namespace gantry::cli
