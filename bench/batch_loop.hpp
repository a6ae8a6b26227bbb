// What a batch processor runs on, with the machine's clock: for the benches of the engine.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gantry/batch/batch_processor.hpp"

#include "testing/io_loop.hpp"

namespace gantry::bench {

using Request = batch::Request<std::string>;
using Processor = batch::BatchProcessor<std::string>;

class BatchLoop {
 public:
  batch::Services services() { return {loop.get_executor(), clock, flights, admission}; }
  void run(async::awaitable<void> task) { testing::run(loop, std::move(task)); }

  boost::asio::io_context loop{1};
  async::SystemClock clock{loop.get_executor()};
  net::Admission admission{loop.get_executor(), clock, std::chrono::minutes(15)};
  async::TaskScope flights{loop.get_executor()};
};

// A thread that does nothing. A real program has several, and then reference counts are atomic.
class IdleThread {
 public:
  IdleThread()
      : thread_([](const std::stop_token& stop) {
          while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace gantry::bench
