// The one place where work waits: tickets for budgets, slots and lanes, granted by AdmissionQueue.
// Io thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/async/event.hpp"
#include "gantry/base/error.hpp"
#include "gantry/net/admission_queue.hpp"
#include "gantry/net/limit_ledger.hpp"

namespace gantry::net {

class Admission {
 public:
  // Tickets that a pause or a spent budget would hold longer than `max_wait` fail at once.
  Admission(async::any_io_executor executor, async::Clock& clock, async::Duration max_wait);
  ~Admission();

  // Budgets and pools are set on the queue before the first ticket.
  AdmissionQueue& queue() { return queue_; }

  // Takes up what earlier runs noted and notes what later ones must know. After set_budget(). The
  // ledger outlives this.
  void remember(LimitLedger& ledger);

  // The right to send one request. Gives its slot back when it goes; says when the call left, or
  // the call counts as never made.
  class Grant {
   public:
    Grant(Admission& admission, TicketId id) : admission_(&admission), id_(id) {}
    Grant(Grant&& other) noexcept;
    Grant& operator=(Grant&&) = delete;
    ~Grant();
    void left(AdmissionQueue::Departure departure) { departure_ = departure; }

   private:
    Admission* admission_;
    TicketId id_;
    std::optional<AdmissionQueue::Departure> departure_;
  };

  // Waits for a grant. Errors: kRateLimited with Scope::kRun if it would take longer than max_wait
  // (the message names the reset time and what the last 429 said), kCancelled.
  async::awaitable<Grant> admit(TicketRequest request);

  // A 429 for a call of this budget. `said` is what the server told of plan and seat, for people.
  void rate_limited(const std::string& budget, const std::string& host, async::Duration pause,
                    std::string said);

  // Fails every waiting and every later budgeted ticket to this host: for a credential that the
  // host has refused. Calls that are on their way are not touched.
  void close(const std::string& host, const Error& reason);

  // How long the host is paused from now; zero if it is not.
  async::Duration pause_left(const std::string& host);
  // How long from now until a pause or a spent budget lets the next call go; zero if nobody waits
  // for that.
  async::Duration wait_left() const;

 private:
  struct Waiter {
    async::Event granted;
    std::optional<Error> failure;
    explicit Waiter(const async::any_io_executor& executor) : granted(executor) {}
  };

  void pump();
  void fail_the_hopeless();
  void fail(TicketId ticket, const Error& reason);
  void release(TicketId id, std::optional<AdmissionQueue::Departure> departure);

  async::any_io_executor executor_;
  async::Clock& clock_;
  async::Duration max_wait_;
  AdmissionQueue queue_;
  std::map<TicketId, std::shared_ptr<Waiter>> waiters_;
  std::map<std::string, std::string> said_;  // by host
  std::map<std::string, Error> closed_;      // by host
  std::optional<async::Clock::AlarmId> alarm_;
  LimitLedger* ledger_ = nullptr;
  async::TimePoint alarm_at_{};
};

}  // namespace gantry::net
