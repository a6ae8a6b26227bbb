// The rules of admission, as a pure state machine: who may go next, and when.
//
// A ticket asks for a call of a budget and a slot of a pool together. It is granted in this order:
// budget neither paused nor spent -> pool has a slot -> class, aged -> lanes in turn -> first come.
// Nothing here waits or reads a clock: every decision takes `now`.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/net/host_gate.hpp"

namespace gantry::net {

// Lanes are jobs, numbered in the order of the run.
using Lane = std::uint32_t;

enum class TicketClass { kHigh, kNormal, kLow };

// How a pool chooses among lanes: each in turn, or the earliest job first with every fourth slot
// in turn, so that none starves.
enum class LaneOrder { kInTurn, kEarliestJobFirst };

struct TicketRequest {
  std::string budget;  // empty: costs no call and is not held by a pause
  std::string host;    // whose pauses hold it
  std::string pool;
  Lane lane = 0;
  TicketClass priority = TicketClass::kNormal;
};

using TicketId = std::uint64_t;

class AdmissionQueue {
 public:
  using Duration = async::Duration;
  using TimePoint = async::TimePoint;

  // In no `window` do more than `calls` leave. A later call changes the numbers and keeps the past.
  void set_budget(const std::string& name, int calls, Duration window);
  // A call of the past that still counts, from an earlier run.
  void charge(const std::string& budget, TimePoint departed);
  bool has_budget(const std::string& name) const { return budgets_.contains(name); }
  // The budget of a grant and its window, if that is longer than `longest`.
  std::optional<std::pair<std::string, Duration>> long_budget_of(TicketId granted,
                                                                 Duration longest) const;
  void set_pool(const std::string& name, int slots, LaneOrder order);
  // The gate of a host, made on first use. Closing it pauses every budgeted ticket to that host.
  std::shared_ptr<HostGate> gate(const std::string& host);

  TicketId add(const TicketRequest& request, TimePoint now);
  // A waiting ticket that nobody wants any more.
  void remove(TicketId ticket);

  struct Decision {
    std::optional<TicketId> granted;
    // Without a grant: when to ask again, if time alone will change the answer.
    std::optional<TimePoint> ask_again;
  };
  Decision next(TimePoint now);

  // Ends a grant. A call that left counts from `departed`; the server had it at `answered` at the
  // latest. One that never left costs nothing.
  struct Departure {
    TimePoint departed;
    TimePoint answered;
  };
  void release(TicketId granted, std::optional<Departure> departure);

  // A 429: the host is paused, the budget halved and emptied; it grows back by a tenth a window.
  void rate_limited(const std::string& budget, const std::string& host, TimePoint now,
                    Duration pause);

  // The waiting tickets that cannot be granted before `limit`, because of a pause or a budget.
  struct Hopeless {
    TicketId ticket;
    TimePoint until;
    std::string budget;
    std::string host;
    bool paused;  // by the host; else the budget is spent
  };
  std::vector<Hopeless> hopeless(TimePoint now, TimePoint limit);

  // The waiting tickets with a budget to this host.
  std::vector<TicketId> waiting_for(const std::string& host) const;

  struct BudgetState {
    int calls = 0;            // as set
    int limit = 0;            // after what 429s taught
    int used = 0;             // in flight or left within the window
    std::uint64_t total = 0;  // calls that left, ever
  };
  BudgetState budget_state(const std::string& name, TimePoint now);
  std::size_t waiting() const { return tickets_.size(); }
  int slots_in_use(const std::string& pool) const;

 private:
  struct Budget {
    int calls = 0;
    Duration window{};
    std::multiset<TimePoint> charged;  // when each call stops counting
    int in_flight = 0;
    std::uint64_t total = 0;
    std::optional<int> halved_to;
    TimePoint halved_at{};

    int limit(TimePoint now) const;
    void expire(TimePoint now);
    // Nothing: ready now. max(): only a release can help.
    std::optional<TimePoint> ready_at(TimePoint now);
  };
  struct Pool {
    int slots = 0;
    int used = 0;
    LaneOrder order = LaneOrder::kInTurn;
  };
  struct Ticket {
    TicketId id = 0;
    TimePoint since{};
  };
  using LaneQueues = std::map<Lane, std::deque<Ticket>>;
  // Tickets that wait for the same budget, host and pool are interchangeable but for their order.
  struct Route {
    std::string budget, host, pool;
    std::array<LaneQueues, 3> classes;
    Lane last_lane = 0;
    std::uint64_t grants = 0;
    std::uint64_t last_grant = 0;  // for turns among routes
    std::size_t waiting = 0;
  };
  struct Place {
    Route* route;
    std::size_t priority;
    Lane lane;
  };

  static void collect(const Route& route, std::vector<TicketId>& tickets);
  std::optional<TimePoint> blocked_until(Route& route, TimePoint now);
  static std::size_t best_class(const Route& route, TimePoint now);
  static int aged_class(const Route& route, std::size_t priority, TimePoint now);
  LaneQueues::iterator choose_lane(Route& route, LaneQueues& lanes);
  TicketId take(Route& route, TimePoint now);

  std::map<std::string, Budget> budgets_;
  std::map<std::string, Pool> pools_;
  std::map<std::string, std::shared_ptr<HostGate>> gates_;
  std::map<std::tuple<std::string, std::string, std::string>, Route> routes_;
  std::map<TicketId, Place> tickets_;  // waiting
  std::map<TicketId, Route*> grants_;  // granted, not released
  TicketId last_id_ = 0;
  std::uint64_t last_grant_ = 0;
};

}  // namespace gantry::net
