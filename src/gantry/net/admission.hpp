// The one place where work waits: tickets for budgets, slots and lanes, granted by AdmissionQueue.
// Io thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gantry/async/clock.hpp"
#include "gantry/async/event.hpp"
#include "gantry/base/error.hpp"
#include "gantry/net/admission_queue.hpp"
#include "gantry/net/claims.hpp"
#include "gantry/net/limit_ledger.hpp"

namespace gantry::net {

class Admission {
 public:
  // Tickets that a pause or a spent budget would hold longer than `max_wait` fail at once.
  Admission(async::any_io_executor executor, async::Clock& clock, async::Duration max_wait);
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Budgets and pools are set on the queue before the first ticket.
  AdmissionQueue& queue() { return queue_; }
  // "batch/17": a name for a pool that nobody else has.
  std::string unique_name(std::string_view prefix);

  // Takes up what earlier runs noted and notes what later ones must know. After set_budget(). The
  // ledger outlives this.
  void remember(LimitLedger& ledger);

  // The right to send one request. Gives its slot back when it goes; says when the call left, or
  // the call counts as never made.
  class Grant {
   public:
    Grant(Admission& admission, TicketId id, Lane lane)
        : admission_(&admission), id_(id), lane_(lane) {}
    Grant(Grant&& other) noexcept;
    Grant& operator=(Grant&&) = delete;
    ~Grant();
    void left(AdmissionQueue::Departure departure) { departure_ = departure; }
    // The one that carries the call, of all that wanted it.
    Lane lane() const { return lane_; }

   private:
    Admission* admission_;
    TicketId id_;
    Lane lane_;
    std::optional<AdmissionQueue::Departure> departure_;
  };

  using Done = std::move_only_function<void(Outcome<Grant>)>;

  // Asks for a grant; `done` gets it, or an error as of admit(), once. That may be before this
  // returns. It must not throw, and may call everything here: what it causes follows after it, so
  // that the stack does not grow.
  TicketId request(TicketRequest request, Done done);
  // Nobody wants the ticket any more: `done` is destroyed uncalled. Nothing happens once it was
  // called, and so for join().
  void withdraw(TicketId waiting);
  // AdmissionQueue::join(): the ticket waits in another place too. The claims of `as` do not count.
  void join(TicketId waiting, const TicketRequest& as);

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
  // Rate, headroom and pauses at this moment.
  LimitStatus status();

 private:
  friend class Claims;
  // A ticket with claims.
  struct Claimed {
    TicketRequest request;
    // The ticket waits there though no claim says so, because it must wait somewhere.
    std::optional<Claims::Claim> kept;

    const TicketRequest& as(const Claims::Claim& claim);
  };
  struct Waiter {
    Done done;
    std::unique_ptr<Claimed> claimed;  // null: without claims
  };

  TicketId add(TicketRequest request, Done done);
  void forget(TicketId id, const Waiter& waiter);
  Claimed* find_claimed(TicketId id);
  void claim(TicketId id, const Claims::Claim& claim);
  void unclaim(TicketId id, const Claims::Claim& claim);
  void pump();
  bool deliver_next();
  void deliver(TicketId id, Outcome<Grant> outcome);
  void set_alarm(std::optional<async::TimePoint> time);
  void fail_the_hopeless(async::TimePoint now);
  void fail(TicketId ticket, Error reason);
  void release(TicketId id, std::optional<AdmissionQueue::Departure> departure);

  async::any_io_executor executor_;
  async::Clock& clock_;
  async::Duration max_wait_;
  AdmissionQueue queue_;
  std::unordered_map<TicketId, Waiter> waiters_;
  std::deque<std::pair<TicketId, Error>> failed_;  // to be told, unless withdrawn meanwhile
  bool pumping_ = false;
  std::map<std::string, std::string> said_;  // by host
  std::map<std::string, Error> closed_;      // by host
  std::optional<async::Clock::AlarmId> alarm_;
  async::TimePoint alarm_at_{};
  LimitLedger* ledger_ = nullptr;
  std::uint64_t last_name_ = 0;
};

}  // namespace gantry::net
