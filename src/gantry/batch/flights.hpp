// Single flight: whoever wants the same thing at the same time shares one piece of work.
//
// A flight is a child of the process's scope and not of a caller. Its waiters wait with their own
// cancellation; when the last one leaves, the flight is taken out of the table first and then
// cancelled, so that no waiter ever receives another's cancellation. Io thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gantry/async/event.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/base/error.hpp"

namespace gantry::batch {

// What becomes of a result: forgotten when the flight has landed, or kept for the whole run.
// Failures are never kept.
enum class Keep { kNothing, kResult };

// T is cheap to copy: a value handle or a shared_ptr<const ...>.
template <class T>
class Flights {
 public:
  Flights(async::any_io_executor executor, async::TaskScope& scope, Keep keep)
      : executor_(std::move(executor)), scope_(scope), keep_(keep) {}

  // The result of the flight `key`, started by `start` if there is none. `start` and what it
  // captures belong to the flight: copies, or things that outlive the scope.
  async::awaitable<T> join(std::string key, std::function<async::awaitable<T>()> start) {
    co_await async::throw_if_cancelled();
    std::shared_ptr<Flight> flight = table_[key];
    if (flight == nullptr) {
      flight = std::make_shared<Flight>(executor_);
      table_[key] = flight;
      flight->signal = scope_.spawn(fly(key, flight, std::move(start)));
    }
    ++flight->waiters;
    std::optional<Error> left;
    try {
      co_await flight->landed.wait();
    } catch (const Error& error) {
      left = error;
    }
    --flight->waiters;
    if (left) {
      abandon(key, flight);
      throw *left;
    }
    if (!*flight->outcome) throw flight->outcome->error();
    co_return **flight->outcome;
  }

 private:
  struct Flight {
    explicit Flight(const async::any_io_executor& executor) : landed(executor) {}
    async::Event landed;
    std::optional<Outcome<T>> outcome;
    int waiters = 0;
    std::weak_ptr<boost::asio::cancellation_signal> signal;
  };

  async::awaitable<void> fly(std::string key, std::shared_ptr<Flight> flight,
                             std::function<async::awaitable<T>()> start) {
    try {
      T result = co_await start();
      flight->outcome.emplace(std::move(result));
    } catch (...) {
      flight->outcome.emplace(tl::unexpected(current_error()));
    }
    if (keep_ == Keep::kNothing || !*flight->outcome) forget(key, flight);
    flight->landed.set();
  }

  void abandon(const std::string& key, const std::shared_ptr<Flight>& flight) {
    if (flight->waiters > 0 || flight->outcome) return;
    forget(key, flight);
    if (auto signal = flight->signal.lock()) {
      signal->emit(boost::asio::cancellation_type::terminal);
    }
  }

  void forget(const std::string& key, const std::shared_ptr<Flight>& flight) {
    auto found = table_.find(key);
    if (found != table_.end() && found->second == flight) table_.erase(found);
  }

  async::any_io_executor executor_;
  async::TaskScope& scope_;
  Keep keep_;
  std::map<std::string, std::shared_ptr<Flight>> table_;
};

}  // namespace gantry::batch
