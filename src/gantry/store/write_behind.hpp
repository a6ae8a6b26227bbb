// A bounded queue of changes and the thread that writes them in groups.
//
// A transaction costs as much as twenty small changes, so that the thread waits a little for
// company; whoever reads asks the queue first and finds what is not written yet. Any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

namespace gantry::store {

// A Change has a `std::string key`, `std::size_t weight() const`, the bytes that it holds in memory
// while it waits, and `bool is_visible() const`: whether readers of the key shall see it.
template <class Change>
class WriteBehind {
 public:
  // Valid as long as the call that they are handed to.
  using Batch = std::deque<Change>;

  struct Steps {
    // Writes a group, in the order in which it was added. On the writer's thread; never throws.
    std::function<void(const Batch&)> write;
    // Something was written. On the writer's thread.
    std::function<void()> written = [] {};
  };

  WriteBehind(std::size_t max_queued_bytes, Steps steps)
      : max_queued_bytes_(max_queued_bytes), steps_(std::move(steps)) {}
  // Writes what is queued.
  ~WriteBehind() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_writer_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  void add(Change change) {
    std::lock_guard lock(mutex_);
    add_locked(std::move(change));
  }
  // All of them at once, if it is a container of changes.
  template <class Changes>
  void add_all(Changes changes) {
    std::lock_guard lock(mutex_);
    for (Change& change : changes) add_locked(std::move(change));
  }
  // False if too much is queued; then nothing was added.
  bool offer(Change change) {
    std::lock_guard lock(mutex_);
    if (weight_ > max_queued_bytes_) return false;
    add_locked(std::move(change));
    return true;
  }

  // Calls `visit(i, change)` for each of the keys that has a visible change in the queue, with the
  // latest. `visit` must not call the queue.
  template <class Keys, class Visit>
  void look_up(const Keys& keys, Visit visit) const {
    std::lock_guard lock(mutex_);
    if (pending_.empty()) return;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto found = pending_.find(std::string_view(keys[i]));
      if (found != pending_.end()) visit(i, *found->second);
    }
  }

  std::size_t queued_bytes() const {
    std::lock_guard lock(mutex_);
    return weight_;
  }
  bool is_full() const { return queued_bytes() > max_queued_bytes_; }
  void wait_for_room() const {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [this] { return weight_ <= max_queued_bytes_; });
  }

  // Has what is queued written without delay; is_written() of the result says when it is.
  std::uint64_t hurry() {
    std::lock_guard lock(mutex_);
    hurry_to_ = added_;
    wake_writer_.notify_one();
    return added_;
  }
  bool is_written(std::uint64_t position) const {
    std::lock_guard lock(mutex_);
    return done_ >= position;
  }
  void flush() {
    std::uint64_t position = hurry();
    std::unique_lock lock(mutex_);
    written_.wait(lock, [&] { return done_ >= position; });
  }

 private:
  static constexpr auto kGatherTime = std::chrono::milliseconds(100);
  static constexpr std::size_t kGatherBytes = std::size_t{2} << 20;

  bool is_enough() const {
    return stopping_ || hurry_to_ > done_ || weight_ >= std::min(kGatherBytes, max_queued_bytes_);
  }

  void add_locked(Change change) {
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    weight_ += change.weight();
    ++added_;
    bool was_empty = queue_.empty();
    const Change& added = queue_.emplace_back(std::move(change));
    if (added.is_visible()) {
      // The key of the table must be that of the change which it stands for.
      pending_.erase(added.key);
      pending_.emplace(added.key, &added);
    }
    if (was_empty || is_enough()) wake_writer_.notify_one();
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_writer_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      wake_writer_.wait_for(lock, kGatherTime, [this] { return is_enough(); });
      // A deque that is moved keeps its elements where they are.
      Batch batch = std::exchange(queue_, Batch());
      std::size_t weight = weight_;
      lock.unlock();
      steps_.write(batch);
      lock.lock();
      for (const Change& change : batch) {
        auto pending = pending_.find(change.key);
        if (pending != pending_.end() && pending->second == &change) pending_.erase(pending);
      }
      weight_ -= weight;
      done_ += batch.size();
      written_.notify_all();
      lock.unlock();
      steps_.written();
      batch.clear();
      lock.lock();
    }
  }

  const std::size_t max_queued_bytes_;
  const Steps steps_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_writer_;
  mutable std::condition_variable written_;
  Batch queue_;
  std::size_t weight_ = 0;  // of all changes that are not written yet
  std::unordered_map<std::string_view, const Change*> pending_;
  std::uint64_t added_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t hurry_to_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gantry::store
