#include "gantry/async/semaphore.hpp"

namespace gantry::async {

awaitable<Semaphore::Permit> Semaphore::acquire() {
  if (permits_ > 0) {
    --permits_;
    co_return Permit(*this);
  }
  auto turn = std::make_shared<Event>(executor_);
  auto place = waiting_.insert(waiting_.end(), turn);
  try {
    co_await turn->wait();
  } catch (...) {
    // The permit may have been handed over in the moment of the cancellation.
    if (turn->is_set()) {
      release();
    } else {
      waiting_.erase(place);
    }
    throw;
  }
  co_return Permit(*this);
}

void Semaphore::release() {
  if (waiting_.empty()) {
    ++permits_;
    return;
  }
  std::shared_ptr<Event> next = waiting_.front();
  waiting_.pop_front();
  next->set();
}

}  // namespace gantry::async
