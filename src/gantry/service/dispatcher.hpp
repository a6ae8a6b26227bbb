// Keeps the window of running attempts full: takes queued tasks, fairly from all batches, has them
// launched, and sees to it that every attempt ends, by its worker's word or without it.
//
// All state is in the store, written before anything is launched; what is here only follows it, so
// that a server that dies at any instant loses nothing. Io thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/async/event.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/service/launcher.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {

class Dispatcher {
 public:
  struct Options {
    int max_running = 10;
    double launches_per_second = 0;  // 0: no limit
    int launch_burst = 3;
    // Without a sign of life for so long after its launch, an attempt is lost.
    std::chrono::milliseconds lease = std::chrono::seconds(30);
    std::chrono::milliseconds time_limit = std::chrono::minutes(10);  // of an attempt
    // How often machines that nobody wants are looked for.
    std::chrono::milliseconds sweep_every = std::chrono::minutes(1);
    Secret token_key;
  };

  // All outlive it.
  Dispatcher(async::any_io_executor executor, async::Clock& clock, TaskStore& store,
             Launcher& launcher, Options options);

  // Takes up what an earlier server has left, then works until the task is cancelled; what runs
  // then is stopped, and its tasks wait for the next server.
  async::awaitable<void> run();
  // There may be something to launch.
  void wake() { woken_.notify(); }
  // Ends the workers of attempts that are over.
  async::awaitable<void> stop(std::vector<Attempt> attempts);

  // "http://127.0.0.1:8080/callback/", which a task follows. Before run().
  void set_callback_base(std::string url) { callback_base_ = std::move(url); }
  // Launches nothing more; what runs goes on.
  void pause() { is_paused_ = true; }
  int running() const { return running_; }

 private:
  async::awaitable<void> recover();
  async::awaitable<std::vector<Attempt>> machines();
  async::awaitable<void> fill_if_possible();
  async::awaitable<void> fill();
  async::awaitable<std::vector<Claim>> claim(std::uint64_t places);
  async::awaitable<void> wait_for_work();
  async::awaitable<void> attempt(Claim claim);
  async::awaitable<std::string> run_worker(Claim claim);
  async::awaitable<void> resume(Attempt attempt);
  async::awaitable<std::string> watch(Attempt attempt);
  async::awaitable<void> end(Attempt attempt, Result result, bool is_stopped);
  async::awaitable<void> settle(Attempt attempt, Result result);
  async::Duration launch_interval() const;
  std::uint64_t launches_allowed();
  async::awaitable<void> reap();
  async::awaitable<void> reap_once();
  async::awaitable<void> sweep();
  async::awaitable<void> sweep_once();

  async::any_io_executor executor_;
  async::Clock& clock_;
  TaskStore& store_;
  Launcher& launcher_;
  Options options_;
  std::string callback_base_;
  async::TaskScope attempts_;
  async::Event woken_;
  std::map<std::string, std::string> machines_;  // of attempts under way, by task
  bool is_paused_ = false;
  int running_ = 0;
  async::TimePoint bucket_full_{};  // when there may be a whole burst of launches again
};

}  // namespace gantry::service
