// Structured concurrency: tasks that belong to a scope, are cancelled together and are waited for.
// Nothing in Gantry runs detached outside a scope. Io thread only.
#pragma once

#include <exception>
#include <list>
#include <memory>

#include <boost/asio/cancellation_signal.hpp>

#include "gantry/async/awaitable.hpp"
#include "gantry/async/event.hpp"

namespace gantry::async {

class TaskScope {
 public:
  explicit TaskScope(const any_io_executor& executor);
  // Every task has ended: join() first.
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  // Starts a task. The first error that one of them throws cancels the others and is kept for
  // join(); a cancelled task's own kCancelled is not an error of the scope.
  // The signal of the task lives as long as the task: emit it to cancel this one alone.
  std::weak_ptr<boost::asio::cancellation_signal> spawn(awaitable<void> task);

  // Cancels what runs now. Tasks spawned later are not cancelled.
  void cancel();

  // Returns when no task runs; throws the first error. If the caller is cancelled meanwhile, the
  // tasks are cancelled, waited for all the same, and kCancelled is thrown.
  awaitable<void> join();

  std::size_t running() const { return tasks_.size(); }

 private:
  using Signal = std::shared_ptr<boost::asio::cancellation_signal>;
  void ended(std::list<Signal>::iterator task, const std::exception_ptr& failure);

  any_io_executor executor_;
  std::list<Signal> tasks_;
  std::exception_ptr failure_;
  Event changed_;
};

}  // namespace gantry::async
