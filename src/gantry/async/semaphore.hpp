// A counting semaphore for coroutines, first come first served. Io thread only.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "gantry/async/event.hpp"

namespace gantry::async {

class Semaphore {
 public:
  Semaphore(any_io_executor executor, std::size_t permits)
      : executor_(std::move(executor)), permits_(permits) {}

  // Holds one permit and gives it back when it goes.
  class Permit {
   public:
    explicit Permit(Semaphore& semaphore) : semaphore_(&semaphore) {}
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (semaphore_ != nullptr) semaphore_->release();
    }

   private:
    Semaphore* semaphore_;
  };

  // Waits for a permit. Error kCancelled if the task is cancelled first.
  awaitable<Permit> acquire();

 private:
  void release();

  any_io_executor executor_;
  std::size_t permits_;
  std::list<std::shared_ptr<Event>> waiting_;
};

}  // namespace gantry::async
