// Which downloads are under way, so that what they need is kept until they end. Io thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "gantry/async/event.hpp"

namespace gantry::service {

class RunningDownloads {
 public:
  explicit RunningDownloads(const async::any_io_executor& executor)
      : state_(std::make_shared<State>(executor)) {}

  // A download is under way for as long as it has what this returns.
  std::shared_ptr<void> begin();
  // Returns when all that are under way now have ended, whatever has begun since.
  async::awaitable<void> wait_for_those_begun();

 private:
  struct State {
    explicit State(const async::any_io_executor& executor) : ended(executor) {}
    std::uint64_t last = 0;
    std::set<std::uint64_t> running;
    async::Event ended;
  };
  std::shared_ptr<State> state_;  // downloads may end after this
};

}  // namespace gantry::service
