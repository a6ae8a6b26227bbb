// The rules of admission, as a pure state machine: who may go next, and when.
//
// A ticket asks for a call of a budget and a slot of each of its pools together. It is granted in
// this order: budget neither paused nor spent -> pool and caps have a slot -> class, aged -> lanes
// in turn -> first come. What cannot be granted never holds up what can.
// Nothing here waits or reads a clock: every decision takes `now`, which never goes back.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/net/departures.hpp"
#include "gantry/net/host_gate.hpp"
#include "gantry/net/limit_status.hpp"
#include "gantry/net/ticket.hpp"
#include "gantry/net/waiting_line.hpp"

namespace gantry::net {

// How a pool chooses among lanes: each in turn, or the earliest job first with every fourth slot
// in turn, so that none starves.
enum class LaneOrder { kInTurn, kEarliestJobFirst };

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
  // Forgets a pool, now or when nothing waits for it and nothing is granted there any more. Until
  // then it works as before; set_pool() keeps it.
  void remove_pool(const std::string& name);
  // The gate of a host, made on first use. Closing it pauses every budgeted ticket to that host.
  std::shared_ptr<HostGate> gate(const std::string& host);

  // A ticket in the one place that the request names. Its budget, pool and caps have been set (else
  // std::out_of_range).
  TicketId add(const TicketRequest& request, TimePoint now);
  // The ticket waits as this request too, with the age that it has: another pool, caps, lane or
  // class for the same budget and host. The first place that is granted carries it, the others
  // vanish. Nothing happens if it has that place, or does not wait.
  void join(TicketId waiting, const TicketRequest& as);
  // Takes back what add() or join() did, unless it is the ticket's only place. Whether it did.
  bool leave(TicketId waiting, const TicketRequest& as);
  // A waiting ticket that nobody wants any more. O(1) amortised.
  void remove(TicketId waiting);

  struct Decision {
    std::optional<TicketId> granted;
    Lane lane = 0;  // of the place that was granted: who pays
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

  // The waiting tickets that cannot be granted before `limit`, because of a pause or a budget,
  // oldest first.
  struct Hopeless {
    TicketId ticket;
    TimePoint until;
    std::string budget;
    std::string host;
    bool paused;  // by the host; else the budget is spent
  };
  std::vector<Hopeless> hopeless(TimePoint now, TimePoint limit);

  // The waiting tickets with a budget to this host, oldest first.
  std::vector<TicketId> waiting_for(const std::string& host) const;

  struct BudgetState {
    int calls = 0;            // as set
    int limit = 0;            // after what 429s taught
    int used = 0;             // in flight or left within the window
    std::uint64_t total = 0;  // calls that left, ever
  };
  BudgetState budget_state(const std::string& name, TimePoint now);
  // All but LimitStatus::wait, for people to watch.
  LimitStatus status(TimePoint now);
  std::size_t waiting() const { return waiting_; }
  int slots_in_use(const std::string& pool) const;
  // Of what is remembered, to see that it stays bounded.
  std::size_t pools() const { return pools_.size(); }
  std::size_t routes() const { return routes_.size(); }

 private:
  struct Budget {
    int calls = 0;
    Duration window{};
    std::multiset<TimePoint> charged;  // when each call stops counting
    int in_flight = 0;
    std::uint64_t total = 0;
    Departures departures;
    std::optional<int> halved_to;
    TimePoint halved_at{};

    int limit(TimePoint now) const;
    void expire(TimePoint now);
    // Nothing: ready now. max(): only a release can help.
    std::optional<TimePoint> ready_at(TimePoint now);
  };
  struct Route;
  struct Pool {
    const std::string* name = nullptr;
    int slots = 0;
    int used = 0;
    LaneOrder order = LaneOrder::kInTurn;
    bool removed = false;
    std::size_t waiting = 0;            // places in its routes
    std::unordered_set<Route*> routes;  // that name it
  };
  using LaneLines = std::map<Lane, WaitingLine>;
  struct Class {
    WaitingLine all;  // each ticket once, for the age of the oldest
    LaneLines lanes;  // none is empty
  };
  // Tickets that wait for the same budget, host and pools are interchangeable but for their order.
  struct Route {
    const TicketRequest* names = nullptr;
    Budget* budget = nullptr;  // may be null
    HostGate* gate = nullptr;
    std::vector<Pool*> pools;  // each once; the first one's order counts
    std::array<Class, 3> classes;
    Lane last_lane = 0;
    std::uint64_t serial = 0;
    std::uint64_t grants = 0;
    std::uint64_t last_grant = 0;  // for turns among routes
    std::size_t waiting = 0;
    std::size_t index = 0;  // in active_, if any waits
  };
  struct Place {
    Route* route;
    std::size_t priority;
    LaneLines::iterator lane;
    bool operator==(const Place&) const = default;
    bool is_of(const Route& of, std::size_t with) const { return route == &of && priority == with; }
  };
  struct Ticket {
    TimePoint since{};
    boost::container::small_vector<Place, 1> places;  // none: granted
    Route* granted = nullptr;
  };
  // Routes are told apart by all of a request but who wants it.
  struct RouteHash {
    std::size_t operator()(const TicketRequest& request) const;
  };
  struct SameRoute {
    bool operator()(const TicketRequest& a, const TicketRequest& b) const;
  };
  struct Choice {
    Route* route = nullptr;
    std::size_t priority = 0;
    int rank = 0;
  };

  Route& route_of(const TicketRequest& request);
  void enter(TicketId id, Ticket& ticket, Route& route, const TicketRequest& as);
  static Place* find_place(Ticket& ticket, const Route& route, const TicketRequest& as);
  static bool has_place(const Ticket& ticket, const Route& route, std::size_t priority);
  // The place is no longer among those of the ticket.
  void vacate(TicketId id, const Ticket& ticket, const Place& place);
  void vacate_all(TicketId id, Ticket& ticket);
  bool waits_in(TicketId id, const Route& route, std::size_t priority) const;
  bool waits_in(TicketId id, const Place& place) const;
  static bool is_over(const Pool& pool);
  void forget_what_is_over(const Route& route);
  void forget(Pool& pool);
  void collect(const Route& route, std::vector<TicketId>& tickets) const;
  static std::optional<TimePoint> blocked_until(const Route& route, TimePoint now);
  static Choice best_class(Route& route, TimePoint now);
  static bool goes_before(const Choice& a, const Choice& b);
  static LaneLines::iterator choose_lane(Route& route, LaneLines& lanes);
  void take(const Choice& choice, Decision& decision);

  std::unordered_map<std::string, Budget> budgets_;
  std::unordered_map<std::string, Pool> pools_;
  std::unordered_map<std::string, std::shared_ptr<HostGate>> gates_;
  std::unordered_map<TicketRequest, Route, RouteHash, SameRoute> routes_;
  std::vector<Route*> active_;                    // where any waits
  std::unordered_map<TicketId, Ticket> tickets_;  // waiting or granted
  std::optional<TimePoint> first_departure_;
  std::size_t waiting_ = 0;
  TicketId last_id_ = 0;
  std::uint64_t last_route_ = 0;
  std::uint64_t last_grant_ = 0;
};

}  // namespace gantry::net
