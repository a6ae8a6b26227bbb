// The state of the service for coroutines. Changes run on a thread of their own, all that wait in
// one transaction, so that a commit to the disk is paid once for many; a change is answered when it
// is on the disk. Questions run on another thread and see what has been committed.
//
// Destroyed when nobody waits for an answer.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include "gantry/async/event.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/service/task_reader.hpp"
#include "gantry/service/task_writer.hpp"

namespace gantry::service {

class TaskStore {
 public:
  // Makes the database if there is none. What TaskDatabase throws. Blocks. `executor` is that of
  // the io thread, from which everything else is called.
  TaskStore(async::any_io_executor executor, const std::filesystem::path& path);
  ~TaskStore();
  TaskStore(const TaskStore&) = delete;
  TaskStore& operator=(const TaskStore&) = delete;

  // Runs `change(writer)` in a transaction and returns its result. If it throws, nothing of it
  // stays, and the others go on. A caller that is cancelled leaves; its change is made or not.
  template <class Change>
  async::awaitable<std::invoke_result_t<Change, TaskWriter&>> change(Change change) {
    using Answer = std::invoke_result_t<Change, TaskWriter&>;
    auto pending = std::make_shared<Pending<Answer>>(executor_);
    add(
        [pending, change = std::move(change)](TaskWriter& writer) mutable {
          if constexpr (std::is_void_v<Answer>) {
            change(writer);
          } else {
            pending->answer.emplace(change(writer));
          }
        },
        [pending](std::exception_ptr failure) {
          pending->failure = std::move(failure);
          pending->done.set();
        });
    co_await pending->done.wait();
    if (pending->failure) std::rethrow_exception(pending->failure);
    if constexpr (!std::is_void_v<Answer>) co_return std::move(*pending->answer);
  }

  // Runs `question(reader)` and returns its result.
  template <class Question>
  async::awaitable<std::invoke_result_t<Question, TaskReader&>> ask(Question question) {
    auto work = [this, question = std::move(question)]() mutable { return question(*reader_); };
    co_return co_await questions_.run(std::move(work));
  }

 private:
  struct None {};
  template <class Answer>
  struct Pending {
    explicit Pending(const async::any_io_executor& executor) : done(executor) {}
    async::Event done;
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<Answer>, None, Answer>> answer;
  };
  struct Change {
    std::function<void(TaskWriter&)> make;
    // On the io thread.
    std::function<void(std::exception_ptr)> answer;
    std::exception_ptr failure;
  };

  void add(std::function<void(TaskWriter&)> make, std::function<void(std::exception_ptr)> answer);
  void run();
  void make_all(std::deque<Change>& changes);

  async::any_io_executor executor_;
  std::unique_ptr<TaskWriter> writer_;  // the thread's
  std::unique_ptr<TaskReader> reader_;
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Change> changes_;
  bool stopping_ = false;
  std::thread thread_;
  async::WorkerPool questions_{1};
};

}  // namespace gantry::service
