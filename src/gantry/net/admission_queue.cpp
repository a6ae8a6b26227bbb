#include "gantry/net/admission_queue.hpp"

#include <algorithm>
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
  auto grant = grants_.find(granted);
  if (grant == grants_.end() || grant->second->budget.empty()) return std::nullopt;
  const std::string& name = grant->second->budget;
  Duration window = budgets_.at(name).window;
  if (window <= longest) return std::nullopt;
  return std::pair(name, window);
}

void AdmissionQueue::set_pool(const std::string& name, int slots, LaneOrder order) {
  Pool& pool = pools_[name];
  pool.slots = slots;
  pool.order = order;
}

std::shared_ptr<HostGate> AdmissionQueue::gate(const std::string& host) {
  std::shared_ptr<HostGate>& gate = gates_[host];
  if (gate == nullptr) gate = std::make_shared<HostGate>();
  return gate;
}

TicketId AdmissionQueue::add(const TicketRequest& request, TimePoint now) {
  auto [place, fresh] = routes_.try_emplace(std::tuple(request.budget, request.host, request.pool));
  Route& route = place->second;
  if (fresh) {
    route.budget = request.budget;
    route.host = request.host;
    route.pool = request.pool;
  }
  TicketId id = ++last_id_;
  auto priority = static_cast<std::size_t>(request.priority);
  route.classes[priority][request.lane].push_back(Ticket{id, now});
  ++route.waiting;
  tickets_.emplace(id, Place{&route, priority, request.lane});
  return id;
}

void AdmissionQueue::remove(TicketId ticket) {
  auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return;
  auto [route, priority, lane] = found->second;
  LaneQueues& lanes = route->classes[priority];
  std::deque<Ticket>& queue = lanes[lane];
  std::erase_if(queue, [ticket](const Ticket& waiting) { return waiting.id == ticket; });
  if (queue.empty()) lanes.erase(lane);
  --route->waiting;
  tickets_.erase(found);
}

std::optional<async::TimePoint> AdmissionQueue::blocked_until(Route& route, TimePoint now) {
  if (!route.budget.empty()) {
    std::shared_ptr<HostGate> host = gate(route.host);
    if (host->is_closed(now)) return host->closed_until();
    if (auto ready = budgets_.at(route.budget).ready_at(now)) return ready;
  }
  Pool& pool = pools_.at(route.pool);
  if (pool.used >= pool.slots) return TimePoint::max();
  return std::nullopt;
}

int AdmissionQueue::aged_class(const Route& route, std::size_t priority, TimePoint now) {
  TimePoint oldest = TimePoint::max();
  for (const auto& [lane, queue] : route.classes[priority]) {
    oldest = std::min(oldest, queue.front().since);
  }
  return static_cast<int>(priority) - static_cast<int>((now - oldest) / kAgeing);
}

std::size_t AdmissionQueue::best_class(const Route& route, TimePoint now) {
  std::size_t best = route.classes.size();
  int best_rank = 0;
  for (std::size_t priority = 0; priority < route.classes.size(); ++priority) {
    if (route.classes[priority].empty()) continue;
    int rank = aged_class(route, priority, now);
    if (best == route.classes.size() || rank < best_rank) {
      best = priority;
      best_rank = rank;
    }
  }
  return best;
}

AdmissionQueue::LaneQueues::iterator AdmissionQueue::choose_lane(Route& route, LaneQueues& lanes) {
  bool earliest = pools_.at(route.pool).order == LaneOrder::kEarliestJobFirst &&
                  route.grants % kTurnEvery != kTurnEvery - 1;
  if (earliest) return lanes.begin();
  auto turn = lanes.upper_bound(route.last_lane);
  if (turn == lanes.end()) turn = lanes.begin();
  route.last_lane = turn->first;
  return turn;
}

TicketId AdmissionQueue::take(Route& route, TimePoint now) {
  LaneQueues& lanes = route.classes[best_class(route, now)];
  auto lane = choose_lane(route, lanes);
  TicketId id = lane->second.front().id;
  lane->second.pop_front();
  if (lane->second.empty()) lanes.erase(lane);
  --route.waiting;
  ++route.grants;
  route.last_grant = ++last_grant_;
  tickets_.erase(id);
  grants_.emplace(id, &route);
  ++pools_.at(route.pool).used;
  if (!route.budget.empty()) ++budgets_.at(route.budget).in_flight;
  return id;
}

AdmissionQueue::Decision AdmissionQueue::next(TimePoint now) {
  Decision decision;
  Route* best = nullptr;
  int best_rank = 0;
  for (auto& [key, route] : routes_) {
    if (route.waiting == 0) continue;
    if (auto until = blocked_until(route, now)) {
      if (*until != TimePoint::max() && (!decision.ask_again || *until < *decision.ask_again)) {
        decision.ask_again = until;
      }
      continue;
    }
    int rank = aged_class(route, best_class(route, now), now);
    bool better = best == nullptr || rank < best_rank ||
                  (rank == best_rank && route.last_grant < best->last_grant);
    if (better) {
      best = &route;
      best_rank = rank;
    }
  }
  if (best != nullptr) decision.granted = take(*best, now);
  return decision;
}

void AdmissionQueue::release(TicketId granted, std::optional<Departure> departure) {
  auto found = grants_.find(granted);
  if (found == grants_.end()) return;
  Route& route = *found->second;
  grants_.erase(found);
  --pools_.at(route.pool).used;
  if (route.budget.empty()) return;
  Budget& budget = budgets_.at(route.budget);
  --budget.in_flight;
  if (!departure) return;
  ++budget.total;
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
  for (auto& [key, route] : routes_) {
    if (route.waiting == 0 || route.budget.empty()) continue;
    auto until = blocked_until(route, now);
    if (!until || *until == TimePoint::max() || *until <= limit) continue;
    bool paused = gate(route.host)->is_closed(now);
    std::vector<TicketId> tickets;
    collect(route, tickets);
    for (TicketId ticket : tickets) {
      found.push_back(Hopeless{ticket, *until, route.budget, route.host, paused});
    }
  }
  return found;
}

void AdmissionQueue::collect(const Route& route, std::vector<TicketId>& tickets) {
  for (const LaneQueues& lanes : route.classes) {
    for (const auto& [lane, queue] : lanes) {
      for (const Ticket& ticket : queue) tickets.push_back(ticket.id);
    }
  }
}

std::vector<TicketId> AdmissionQueue::waiting_for(const std::string& host) const {
  std::vector<TicketId> tickets;
  for (const auto& [key, route] : routes_) {
    if (route.host == host && !route.budget.empty()) collect(route, tickets);
  }
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

int AdmissionQueue::slots_in_use(const std::string& pool) const {
  auto found = pools_.find(pool);
  return found == pools_.end() ? 0 : found->second.used;
}

}  // namespace gantry::net
