#include "gantry/service/task_store.hpp"

#include <boost/asio/post.hpp>

namespace gantry::service {

TaskStore::TaskStore(async::any_io_executor executor, const std::filesystem::path& path)
    : executor_(std::move(executor)),
      writer_(std::make_unique<TaskWriter>(path)),
      reader_(std::make_unique<TaskReader>(path)),
      thread_([this] { run(); }) {}

TaskStore::~TaskStore() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  added_.notify_one();
  thread_.join();
}

void TaskStore::add(std::function<void(TaskWriter&)> make,
                    std::function<void(std::exception_ptr)> answer) {
  {
    std::lock_guard lock(mutex_);
    changes_.push_back({std::move(make), std::move(answer), nullptr});
  }
  added_.notify_one();
}

void TaskStore::run() {
  while (true) {
    std::deque<Change> changes;
    {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [this] { return stopping_ || !changes_.empty(); });
      if (changes_.empty()) return;
      changes.swap(changes_);
    }
    make_all(changes);
    boost::asio::post(executor_, [changes = std::move(changes)] {
      for (const Change& change : changes) change.answer(change.failure);
    });
  }
}

// A change that throws is undone alone; if the transaction cannot be committed, all have failed.
void TaskStore::make_all(std::deque<Change>& changes) {
  SQLite::Database& database = writer_->database().connection();
  try {
    database.exec("BEGIN IMMEDIATE");
    for (Change& change : changes) {
      database.exec("SAVEPOINT change");
      try {
        change.make(*writer_);
      } catch (const SQLite::Exception& error) {
        change.failure = std::make_exception_ptr(error_of(error));
      } catch (...) {
        change.failure = std::current_exception();
      }
      if (change.failure) database.exec("ROLLBACK TO change");
      database.exec("RELEASE change");
    }
    database.exec("COMMIT");
  } catch (const SQLite::Exception& error) {
    database.tryExec("ROLLBACK");
    for (Change& change : changes) {
      if (!change.failure) change.failure = std::make_exception_ptr(error_of(error));
    }
  }
}

}  // namespace gantry::service
