#include "gantry/service/running_downloads.hpp"

namespace gantry::service {

std::shared_ptr<void> RunningDownloads::begin() {
  std::uint64_t number = ++state_->last;
  state_->running.insert(number);
  return std::shared_ptr<void>(nullptr, [state = state_, number](void*) {
    state->running.erase(number);
    state->ended.notify();
  });
}

async::awaitable<void> RunningDownloads::wait_for_those_begun() {
  std::uint64_t last = state_->last;
  while (!state_->running.empty() && *state_->running.begin() <= last) {
    co_await state_->ended.wait();
  }
}

}  // namespace gantry::service
