#include "gantry/net/admission_queue.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

// A ticket moves up one class for every such time that it waits.
constexpr auto kAgeing = 30s;
// What the way to the server may add to the time between two calls.
constexpr auto kWayToServer = 1s;
// With LaneOrder::kEarliestJobFirst, one slot in so many goes to the lanes in turn.
constexpr std::uint64_t kTurnEvery = 4;
// What the rate is measured over; less than the second makes no rate.
constexpr auto kRateWindow = 10s;
constexpr auto kShortestRateWindow = 1s;

}  // namespace

int AdmissionQueue::Budget::limit(TimePoint now) const {
  if (!halved_to) return calls;
  int grown = *halved_to;
  if (now > halved_at) {
    grown += static_cast<int>((now - halved_at) / window) * std::max(1, calls / 10);
  }
  return std::min(calls, grown);
}

void AdmissionQueue::Budget::expire(TimePoint now) {
  charged.erase(charged.begin(), charged.upper_bound(now));
}

std::optional<async::TimePoint> AdmissionQueue::Budget::ready_at(TimePoint now) {
  expire(now);
  int used = in_flight + static_cast<int>(charged.size());
  int excess = used - limit(now) + 1;  // calls that must stop counting first
  if (excess <= 0) return std::nullopt;
  if (static_cast<std::size_t>(excess) > charged.size()) return TimePoint::max();
  return *std::next(charged.begin(), excess - 1);
}

void AdmissionQueue::set_budget(const std::string& name, int calls, Duration window) {
  Budget& budget = budgets_[name];
  budget.calls = calls;
  budget.window = window;
}

void AdmissionQueue::charge(const std::string& name, TimePoint departed) {
  Budget& budget = budgets_[name];
  budget.charged.insert(departed + budget.window);
}

std::optional<std::pair<std::string, async::Duration>> AdmissionQueue::long_budget_of(
    TicketId granted, Duration longest) const {
  auto found = tickets_.find(granted);
  if (found == tickets_.end()) return std::nullopt;
  const Route* route = found->second.granted;
  if (route == nullptr || route->budget == nullptr) return std::nullopt;
  Duration window = route->budget->window;
  if (window <= longest) return std::nullopt;
  return std::pair(route->names->budget, window);
}

void AdmissionQueue::set_pool(const std::string& name, int slots, LaneOrder order) {
  auto place = pools_.try_emplace(name).first;
  Pool& pool = place->second;
  pool.name = &place->first;
  pool.slots = slots;
  pool.order = order;
  pool.removed = false;
}

void AdmissionQueue::remove_pool(const std::string& name) {
  auto found = pools_.find(name);
  if (found == pools_.end()) return;
  found->second.removed = true;
  if (is_over(found->second)) forget(found->second);
}

bool AdmissionQueue::is_over(const Pool& pool) {
  return pool.removed && pool.waiting == 0 && pool.used == 0;
}

void AdmissionQueue::forget(Pool& pool) {
  for (Route* route : pool.routes) {
    for (Pool* other : route->pools) {
      if (other != &pool) other->routes.erase(route);
    }
    routes_.erase(routes_.find(*route->names));
  }
  pools_.erase(pools_.find(*pool.name));
}

void AdmissionQueue::forget_what_is_over(const Route& route) {
  // The first pool that is forgotten takes the route with it.
  boost::container::small_vector<Pool*, 4> over;
  std::copy_if(route.pools.begin(), route.pools.end(), std::back_inserter(over),
               [](const Pool* pool) { return is_over(*pool); });
  for (Pool* pool : over) forget(*pool);
}

std::shared_ptr<HostGate> AdmissionQueue::gate(const std::string& host) {
  std::shared_ptr<HostGate>& gate = gates_[host];
  if (gate == nullptr) gate = std::make_shared<HostGate>();
  return gate;
}

std::size_t AdmissionQueue::RouteHash::operator()(const TicketRequest& request) const {
  std::hash<std::string> hash;
  auto mix = [](std::size_t sum, std::size_t next) { return (sum ^ next) * 0x9E3779B97F4A7C15U; };
  std::size_t sum = mix(mix(hash(request.budget), hash(request.host)), hash(request.pool));
  for (const std::string& cap : request.caps) sum = mix(sum, hash(cap));
  return sum ^ (sum >> 32);
}

bool AdmissionQueue::SameRoute::operator()(const TicketRequest& a, const TicketRequest& b) const {
  return a.pool == b.pool && a.caps == b.caps && a.budget == b.budget && a.host == b.host;
}

AdmissionQueue::Route& AdmissionQueue::route_of(const TicketRequest& request) {
  auto found = routes_.find(request);
  if (found != routes_.end()) return found->second;
  Route route;
  if (!request.budget.empty()) {
    route.budget = &budgets_.at(request.budget);
    route.gate = gate(request.host).get();
  }
  route.pools.push_back(&pools_.at(request.pool));
  for (const std::string& cap : request.caps) {
    Pool* pool = &pools_.at(cap);
    bool is_named = std::find(route.pools.begin(), route.pools.end(), pool) != route.pools.end();
    if (!is_named) route.pools.push_back(pool);
  }
  route.serial = ++last_route_;
  // It has not been passed over yet: a stream of new routes must not hold up the old ones.
  route.last_grant = last_grant_;
  TicketRequest names = request;
  names.claims = nullptr;
  auto place = routes_.emplace(std::move(names), std::move(route)).first;
  place->second.names = &place->first;
  for (Pool* pool : place->second.pools) pool->routes.insert(&place->second);
  return place->second;
}

TicketId AdmissionQueue::add(const TicketRequest& request, TimePoint now) {
  Route& route = route_of(request);
  TicketId id = ++last_id_;
  Ticket& ticket = tickets_[id];
  ticket.since = now;
  enter(id, ticket, route, request);
  ++waiting_;
  return id;
}

void AdmissionQueue::join(TicketId waiting, const TicketRequest& as) {
  auto found = tickets_.find(waiting);
  if (found == tickets_.end() || found->second.granted != nullptr) return;
  Route& route = route_of(as);
  if (find_place(found->second, route, as) == nullptr) enter(waiting, found->second, route, as);
}

bool AdmissionQueue::leave(TicketId waiting, const TicketRequest& as) {
  auto found = tickets_.find(waiting);
  auto route = routes_.find(as);
  if (found == tickets_.end() || route == routes_.end()) return false;
  Ticket& ticket = found->second;
  Place* place = find_place(ticket, route->second, as);
  if (place == nullptr || ticket.places.size() == 1) return false;
  Place left = *place;
  *place = ticket.places.back();
  ticket.places.pop_back();
  vacate(waiting, ticket, left);
  return true;
}

void AdmissionQueue::remove(TicketId waiting) {
  auto found = tickets_.find(waiting);
  if (found == tickets_.end() || found->second.granted != nullptr) return;
  vacate_all(waiting, found->second);
  tickets_.erase(found);
  --waiting_;
}

AdmissionQueue::Place* AdmissionQueue::find_place(Ticket& ticket, const Route& route,
                                                  const TicketRequest& as) {
  auto priority = static_cast<std::size_t>(as.priority);
  auto found = std::find_if(ticket.places.begin(), ticket.places.end(), [&](const Place& place) {
    return place.is_of(route, priority) && place.lane->first == as.lane;
  });
  return found == ticket.places.end() ? nullptr : &*found;
}

bool AdmissionQueue::has_place(const Ticket& ticket, const Route& route, std::size_t priority) {
  return std::any_of(ticket.places.begin(), ticket.places.end(),
                     [&](const Place& place) { return place.is_of(route, priority); });
}

void AdmissionQueue::enter(TicketId id, Ticket& ticket, Route& route, const TicketRequest& as) {
  auto priority = static_cast<std::size_t>(as.priority);
  Class& queue = route.classes[priority];
  if (!has_place(ticket, route, priority)) queue.all.join(id, ticket.since);
  auto lane = queue.lanes.try_emplace(as.lane).first;
  lane->second.join(id, ticket.since);
  ticket.places.push_back(Place{&route, priority, lane});
  for (Pool* pool : route.pools) ++pool->waiting;
  if (route.waiting++ > 0) return;
  route.index = active_.size();
  active_.push_back(&route);
}

void AdmissionQueue::vacate(TicketId id, const Ticket& ticket, const Place& place) {
  Route& route = *place.route;
  Class& queue = route.classes[place.priority];
  place.lane->second.leave(id, [&](TicketId other) { return waits_in(other, place); });
  if (place.lane->second.empty()) queue.lanes.erase(place.lane);
  if (!has_place(ticket, route, place.priority)) {
    queue.all.leave(id, [&](TicketId other) { return waits_in(other, route, place.priority); });
  }
  for (Pool* pool : route.pools) --pool->waiting;
  if (--route.waiting > 0) return;
  active_[route.index] = active_.back();
  active_[route.index]->index = route.index;
  active_.pop_back();
  forget_what_is_over(route);
}

void AdmissionQueue::vacate_all(TicketId id, Ticket& ticket) {
  while (!ticket.places.empty()) {
    Place place = ticket.places.back();
    ticket.places.pop_back();
    vacate(id, ticket, place);
  }
}

bool AdmissionQueue::waits_in(TicketId id, const Route& route, std::size_t priority) const {
  auto found = tickets_.find(id);
  return found != tickets_.end() && has_place(found->second, route, priority);
}

bool AdmissionQueue::waits_in(TicketId id, const Place& place) const {
  auto found = tickets_.find(id);
  if (found == tickets_.end()) return false;
  const auto& places = found->second.places;
  return std::find(places.begin(), places.end(), place) != places.end();
}

std::optional<async::TimePoint> AdmissionQueue::blocked_until(const Route& route, TimePoint now) {
  if (route.budget != nullptr) {
    if (route.gate->is_closed(now)) return route.gate->closed_until();
    if (auto ready = route.budget->ready_at(now)) return ready;
  }
  bool is_full = std::any_of(route.pools.begin(), route.pools.end(),
                             [](const Pool* pool) { return pool->used >= pool->slots; });
  if (is_full) return TimePoint::max();
  return std::nullopt;
}

AdmissionQueue::Choice AdmissionQueue::best_class(Route& route, TimePoint now) {
  Choice best;
  for (std::size_t priority = 0; priority < route.classes.size(); ++priority) {
    const WaitingLine& line = route.classes[priority].all;
    if (line.empty()) continue;
    int rank = static_cast<int>(priority) - static_cast<int>((now - line.front_since()) / kAgeing);
    if (best.route == nullptr || rank < best.rank) best = Choice{&route, priority, rank};
  }
  return best;
}

bool AdmissionQueue::goes_before(const Choice& a, const Choice& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.route->last_grant != b.route->last_grant) return a.route->last_grant < b.route->last_grant;
  return a.route->serial < b.route->serial;
}

AdmissionQueue::LaneLines::iterator AdmissionQueue::choose_lane(Route& route, LaneLines& lanes) {
  bool earliest = route.pools.front()->order == LaneOrder::kEarliestJobFirst &&
                  route.grants % kTurnEvery != kTurnEvery - 1;
  if (earliest) return lanes.begin();
  auto turn = lanes.upper_bound(route.last_lane);
  if (turn == lanes.end()) turn = lanes.begin();
  route.last_lane = turn->first;
  return turn;
}

void AdmissionQueue::take(const Choice& choice, Decision& decision) {
  Route& route = *choice.route;
  auto lane = choose_lane(route, route.classes[choice.priority].lanes);
  TicketId id = lane->second.front();
  decision.granted = id;
  decision.lane = lane->first;
  ++route.grants;
  route.last_grant = ++last_grant_;
  for (Pool* pool : route.pools) ++pool->used;
  if (route.budget != nullptr) ++route.budget->in_flight;
  Ticket& ticket = tickets_.at(id);
  ticket.granted = &route;
  vacate_all(id, ticket);
  --waiting_;
}

AdmissionQueue::Decision AdmissionQueue::next(TimePoint now) {
  Decision decision;
  Choice best;
  for (Route* route : active_) {
    if (auto until = blocked_until(*route, now)) {
      if (*until != TimePoint::max() && (!decision.ask_again || *until < *decision.ask_again)) {
        decision.ask_again = until;
      }
      continue;
    }
    Choice choice = best_class(*route, now);
    if (best.route == nullptr || goes_before(choice, best)) best = choice;
  }
  if (best.route != nullptr) take(best, decision);
  return decision;
}

void AdmissionQueue::release(TicketId granted, std::optional<Departure> departure) {
  auto found = tickets_.find(granted);
  if (found == tickets_.end() || found->second.granted == nullptr) return;
  const Route& route = *found->second.granted;
  Budget* spent = route.budget;
  tickets_.erase(found);
  for (Pool* pool : route.pools) --pool->used;
  forget_what_is_over(route);
  if (spent == nullptr) return;
  Budget& budget = *spent;
  --budget.in_flight;
  if (!departure) return;
  ++budget.total;
  budget.departures.note(departure->departed);
  first_departure_ = std::min(first_departure_.value_or(TimePoint::max()), departure->departed);
  // The server counts from the moment it gets the call, which is later than when it left.
  TimePoint counted = std::min(departure->answered, departure->departed + kWayToServer);
  budget.charged.insert(std::max(counted, departure->departed) + budget.window);
}

void AdmissionQueue::rate_limited(const std::string& name, const std::string& host, TimePoint now,
                                  Duration pause) {
  TimePoint end = now + pause;
  gate(host)->close_until(end);
  Budget& budget = budgets_.at(name);
  // Calls that were already on their way when the limit was hit teach nothing new.
  if (budget.halved_to && now < budget.halved_at) return;
  int limit = std::max(1, budget.limit(now) / 2);
  budget.halved_to = limit;
  budget.halved_at = end;
  budget.expire(now);
  int left = limit - budget.in_flight - static_cast<int>(budget.charged.size());
  for (int i = 0; i < left; ++i) {
    budget.charged.insert(end + budget.window * i / limit);
  }
}

std::vector<AdmissionQueue::Hopeless> AdmissionQueue::hopeless(TimePoint now, TimePoint limit) {
  std::vector<Hopeless> found;
  for (const Route* route : active_) {
    if (route->budget == nullptr) continue;
    auto until = blocked_until(*route, now);
    if (!until || *until == TimePoint::max() || *until <= limit) continue;
    bool paused = route->gate->is_closed(now);
    std::vector<TicketId> tickets;
    collect(*route, tickets);
    for (TicketId ticket : tickets) {
      found.push_back(Hopeless{ticket, *until, route->names->budget, route->names->host, paused});
    }
  }
  // All places of a ticket share its budget and host, and so its fate.
  std::sort(found.begin(), found.end(),
            [](const Hopeless& a, const Hopeless& b) { return a.ticket < b.ticket; });
  auto same = [](const Hopeless& a, const Hopeless& b) { return a.ticket == b.ticket; };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

void AdmissionQueue::collect(const Route& route, std::vector<TicketId>& tickets) const {
  for (std::size_t priority = 0; priority < route.classes.size(); ++priority) {
    route.classes[priority].all.collect(
        tickets, [&](TicketId ticket) { return waits_in(ticket, route, priority); });
  }
}

std::vector<TicketId> AdmissionQueue::waiting_for(const std::string& host) const {
  std::vector<TicketId> tickets;
  for (const Route* route : active_) {
    if (route->budget != nullptr && route->names->host == host) collect(*route, tickets);
  }
  std::sort(tickets.begin(), tickets.end());
  tickets.erase(std::unique(tickets.begin(), tickets.end()), tickets.end());
  return tickets;
}

AdmissionQueue::BudgetState AdmissionQueue::budget_state(const std::string& name, TimePoint now) {
  Budget& budget = budgets_.at(name);
  budget.expire(now);
  BudgetState state;
  state.calls = budget.calls;
  state.limit = budget.limit(now);
  state.used = budget.in_flight + static_cast<int>(budget.charged.size());
  state.total = budget.total;
  return state;
}

LimitStatus AdmissionQueue::status(TimePoint now) {
  LimitStatus status;
  std::size_t recent = 0;
  for (auto& [name, budget] : budgets_) {
    BudgetState state = budget_state(name, now);
    BudgetStatus& shown = status.budgets.emplace_back();
    shown.name = name;
    shown.window = budget.window;
    shown.limit = state.limit;
    shown.used = state.used;
    shown.last_10s = budget.departures.count(now, kRateWindow);
    shown.last_60s = budget.departures.count(now, Departures::kKept);
    recent += shown.last_10s;
  }
  for (const auto& [host, gate] : gates_) {
    if (gate->is_closed(now)) status.pauses.push_back({host, gate->closed_until() - now});
  }
  auto by_name = [](const BudgetStatus& a, const BudgetStatus& b) { return a.name < b.name; };
  std::sort(status.budgets.begin(), status.budgets.end(), by_name);
  auto by_host = [](const HostPause& a, const HostPause& b) { return a.host < b.host; };
  std::sort(status.pauses.begin(), status.pauses.end(), by_host);
  if (first_departure_) {
    Duration measured =
        std::clamp<Duration>(now - *first_departure_, kShortestRateWindow, kRateWindow);
    status.calls_per_second =
        static_cast<double>(recent) / std::chrono::duration<double>(measured).count();
  }
  return status;
}

int AdmissionQueue::slots_in_use(const std::string& pool) const {
  auto found = pools_.find(pool);
  return found == pools_.end() ? 0 : found->second.used;
}

}  // namespace gantry::net
