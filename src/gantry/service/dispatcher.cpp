#include "gantry/service/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gantry/service/attempt_token.hpp"
#include "gantry/service/fair_share.hpp"

namespace gantry::service {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReapEvery{1000};
// A queued task becomes ready with time; nobody wakes the window for it.
constexpr milliseconds kLookForWorkEvery{1000};
constexpr milliseconds kLookAgain{2000};

bool is_same(const Attempt& a, const Attempt& b) {
  return a.task_id == b.task_id && a.number == b.number;
}

Result lost(std::string why) {
  Result result;
  result.error_code = "lost";
  result.error = std::move(why);
  result.may_be_tried_again = true;
  return result;
}

Result launch_failed(const Error& error) {
  Result result;
  result.error_code = std::string(to_string(error.code()));
  result.error = "no worker could be started: " + error.message();
  result.may_be_tried_again = error.retry() == Retry::kSameRequest;
  return result;
}

}  // namespace

Dispatcher::Dispatcher(async::any_io_executor executor, async::Clock& clock, TaskStore& store,
                       Launcher& launcher, Options options)
    : executor_(executor),
      clock_(clock),
      store_(store),
      launcher_(launcher),
      options_(std::move(options)),
      attempts_(executor),
      woken_(executor) {}

async::awaitable<void> Dispatcher::run() {
  std::exception_ptr failure;
  try {
    co_await recover();
    attempts_.spawn(reap());
    if (launcher_.workers_outlive_server()) attempts_.spawn(sweep());
    while (true) {
      co_await fill_if_possible();
      co_await wait_for_work();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  attempts_.cancel();
  // Not cancelled again: every worker must have ended, or the next server would find it.
  co_await boost::asio::this_coro::reset_cancellation_state();
  co_await attempts_.join();
  std::rethrow_exception(failure);
}

async::awaitable<void> Dispatcher::recover() {
  const bool workers_have_ended = !launcher_.workers_outlive_server();
  std::vector<Attempt> there;
  if (!workers_have_ended) there = co_await machines();
  async::WallTime now = clock_.wall_now();
  // An attempt without a machine was not launched, or not seen to be: if it was after all, sweep()
  // finds its machine.
  auto find_machines = [now, there, workers_have_ended,
                        lease = options_.lease](TaskWriter& writer) {
    std::vector<Attempt> found;
    for (Attempt& attempt : writer.claimed()) {
      for (const Attempt& machine : there) {
        if (is_same(machine, attempt)) attempt.machine = machine.machine;
      }
      if (attempt.machine.empty() || workers_have_ended) {
        writer.give_back(attempt, now);
      } else {
        // Nobody was there to hear its worker.
        writer.heartbeat(attempt, now, lease);
        found.push_back(std::move(attempt));
      }
    }
    return found;
  };
  std::vector<Attempt> found = co_await store_.change(std::move(find_machines));
  for (Attempt& each : found) {
    ++running_;
    attempts_.spawn(resume(std::move(each)));
  }
}

// Asks until there is an answer: nothing is decided about workers that cannot be seen.
async::awaitable<std::vector<Attempt>> Dispatcher::machines() {
  while (true) {
    try {
      co_return co_await launcher_.machines();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
    }
    co_await clock_.sleep(kLookAgain);
  }
}

// With a full disk nothing can be noted, and so nothing be launched; it is tried again.
async::awaitable<void> Dispatcher::fill_if_possible() {
  try {
    co_await fill();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
}

async::awaitable<void> Dispatcher::fill() {
  while (running_ < options_.max_running && !is_paused_) {
    auto places = static_cast<std::uint64_t>(options_.max_running - running_);
    std::uint64_t launches = launches_allowed();
    if (launches == 0) co_return;
    std::vector<Claim> claims = co_await claim(std::min(places, launches));
    if (claims.empty()) co_return;
    bucket_full_ += launch_interval() * static_cast<int>(claims.size());
    for (Claim& each : claims) {
      ++running_;
      attempts_.spawn(attempt(std::move(each)));
    }
  }
}

async::awaitable<std::vector<Claim>> Dispatcher::claim(std::uint64_t places) {
  async::WallTime now = clock_.wall_now();
  auto take = [this, places, now](TaskWriter& writer) {
    std::vector<Claim> claims;
    for (const Share& share : share_out(places, writer.ready_batches(now))) {
      std::vector<Claim> some =
          writer.claim(share.batch, share.places, now, options_.lease, options_.time_limit);
      std::move(some.begin(), some.end(), std::back_inserter(claims));
    }
    return claims;
  };
  co_return co_await store_.change(std::move(take));
}

async::awaitable<void> Dispatcher::wait_for_work() {
  async::TimePoint look = clock_.now() + kLookForWorkEvery;
  if (launches_allowed() == 0) {
    look = std::min(look, bucket_full_ - (options_.launch_burst - 1) * launch_interval());
  }
  async::Clock::AlarmId alarm = clock_.call_at(look, [this] { woken_.notify(); });
  std::exception_ptr failure;
  try {
    co_await woken_.wait();
  } catch (...) {
    failure = std::current_exception();
  }
  clock_.cancel(alarm);
  if (failure) std::rethrow_exception(failure);
}

async::awaitable<void> Dispatcher::attempt(Claim claim) {
  Attempt its{claim.task_id, claim.attempt, ""};
  Result result;
  bool is_stopped = false;
  try {
    std::string end = co_await run_worker(claim);
    result = lost("its worker ended without a word: " + end);
  } catch (const Error& error) {
    is_stopped = error.code() == ErrorCode::kCancelled;
    result = launch_failed(error);
  }
  co_await end(std::move(its), std::move(result), is_stopped);
}

// Of an earlier server, whose worker goes on.
async::awaitable<void> Dispatcher::resume(Attempt attempt) {
  Result result;
  bool is_stopped = false;
  try {
    std::string end = co_await watch(attempt);
    result = lost("its worker ended without a word: " + end);
  } catch (const Error& error) {
    is_stopped = error.code() == ErrorCode::kCancelled;
    result = lost("its worker cannot be watched: " + error.message());
  }
  co_await end(std::move(attempt), std::move(result), is_stopped);
}

// A worker that has called back has ended its attempt itself; whatever is said here then comes too
// late and changes nothing.
async::awaitable<void> Dispatcher::end(Attempt attempt, Result result, bool is_stopped) {
  --running_;
  machines_.erase(attempt.task_id);
  // The server ends: recover() of the next one takes up the attempt, or gives the task back.
  if (is_stopped) throw Error(ErrorCode::kCancelled, "the server ends");
  co_await settle(std::move(attempt), std::move(result));
  woken_.notify();
}

// How the worker has ended.
async::awaitable<std::string> Dispatcher::run_worker(Claim claim) {
  Assignment assignment{
      claim, callback_base_ + claim.task_id,
      attempt_token(options_.token_key, claim.task_id, claim.attempt, claim.deadline)};
  Attempt its{claim.task_id, claim.attempt, ""};
  its.machine = co_await launcher_.launch(std::move(assignment));
  co_return co_await watch(std::move(its));
}

async::awaitable<std::string> Dispatcher::watch(Attempt its) {
  machines_[its.task_id] = its.machine;
  std::exception_ptr failure;
  bool goes_on = false;
  try {
    async::WallTime now = clock_.wall_now();
    auto note = [its, now, lease = options_.lease](TaskWriter& writer) {
      return writer.started(its, now, lease);
    };
    bool is_wanted = co_await store_.change(std::move(note));
    if (!is_wanted) co_await launcher_.stop(its.machine);
    co_return co_await launcher_.wait(its.machine);
  } catch (const Error& error) {
    goes_on = error.code() == ErrorCode::kCancelled && launcher_.workers_outlive_server();
    failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  if (goes_on) std::rethrow_exception(failure);
  co_await boost::asio::this_coro::reset_cancellation_state();
  co_await launcher_.stop(its.machine);
  if (!launcher_.workers_outlive_server()) co_await launcher_.wait(its.machine);
  std::rethrow_exception(failure);
}

// What cannot be noted now is found by its lease later.
async::awaitable<void> Dispatcher::settle(Attempt attempt, Result result) {
  async::WallTime now = clock_.wall_now();
  auto end = [attempt = std::move(attempt), result = std::move(result), now](TaskWriter& writer) {
    return writer.settle(attempt, result, now);
  };
  try {
    co_await store_.change(std::move(end));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
  }
}

async::Duration Dispatcher::launch_interval() const {
  if (options_.launches_per_second <= 0) return async::Duration(0);
  return std::chrono::duration_cast<async::Duration>(
      std::chrono::duration<double>(1 / options_.launches_per_second));
}

// What is in a token bucket that holds `launch_burst` of them. A task is claimed when it may be
// launched, not before: its lease and its time run from then.
std::uint64_t Dispatcher::launches_allowed() {
  async::Duration interval = launch_interval();
  if (interval == async::Duration(0)) return UINT64_MAX;
  async::TimePoint now = clock_.now();
  bucket_full_ = std::max(bucket_full_, now);
  return static_cast<std::uint64_t>(
      options_.launch_burst - (bucket_full_ - now + interval - async::Duration(1)) / interval);
}

async::awaitable<void> Dispatcher::stop(std::vector<Attempt> attempts) {
  for (const Attempt& each : attempts) {
    auto known = machines_.find(each.task_id);
    std::string machine = known != machines_.end() ? known->second : each.machine;
    if (!machine.empty()) co_await launcher_.stop(machine);
  }
}

async::awaitable<void> Dispatcher::reap() {
  while (true) {
    co_await clock_.sleep(kReapEvery);
    try {
      co_await reap_once();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
    }
  }
}

async::awaitable<void> Dispatcher::reap_once() {
  async::WallTime now = clock_.wall_now();
  auto look = [now](TaskWriter& writer) {
    std::vector<Attempt> over = writer.overdue(now);
    for (const Attempt& attempt : over) {
      writer.settle(attempt, lost("no sign of life from its worker in time"), now);
    }
    std::vector<Attempt> expired = writer.expire(now);
    std::move(expired.begin(), expired.end(), std::back_inserter(over));
    return over;
  };
  std::vector<Attempt> over = co_await store_.change(std::move(look));
  co_await stop(std::move(over));
}

// Ends machines whose attempts are over: what an earlier server has launched without noting it, and
// what could not be stopped in its time.
async::awaitable<void> Dispatcher::sweep() {
  while (true) {
    try {
      co_await sweep_once();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
    }
    co_await clock_.sleep(options_.sweep_every);
  }
}

async::awaitable<void> Dispatcher::sweep_once() {
  // In this order: every machine that is seen has been claimed before.
  std::vector<Attempt> there = co_await launcher_.machines();
  auto look = [](TaskWriter& writer) { return writer.claimed(); };
  std::vector<Attempt> claimed = co_await store_.change(std::move(look));
  for (const Attempt& machine : there) {
    bool is_wanted = std::any_of(claimed.begin(), claimed.end(),
                                 [&](const Attempt& attempt) { return is_same(attempt, machine); });
    if (!is_wanted) co_await launcher_.stop(machine.machine);
  }
}

}  // namespace gantry::service
