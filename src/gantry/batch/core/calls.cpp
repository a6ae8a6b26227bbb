#include "gantry/batch/core/calls.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <boost/asio/post.hpp>

namespace gantry::batch::core {
namespace {

// Of flights that are over, in a call that waits.
constexpr std::size_t kSpareFlights = 16;

// All windows without a pool are one: what waits there waits in the same place.
std::shared_ptr<Window> pool_of(const Terms& terms) {
  return terms.window->has_pool() ? terms.window : nullptr;
}

bool has_task(const Call& call) {
  return call.state == Call::State::kAdmitted || call.state == Call::State::kSent;
}

auto find_place(Call& call, const Terms& terms) {
  return std::find_if(call.places.begin(), call.places.end(),
                      [window = pool_of(terms), lane = terms.options.job.lane](const auto& place) {
                        return place.window == window && place.lane == lane;
                      });
}

bool waits_in(const Call& call, const std::shared_ptr<Window>& window) {
  return std::any_of(call.places.begin(), call.places.end(),
                     [&window](const auto& place) { return place.window == window; });
}

// Of the one who began the flight, if he still waits, or else of somebody who does.
std::shared_ptr<const Terms> terms_of(const Flight& flight) {
  bool is_owned = flight.is_refresh ||
                  std::any_of(flight.waiters.begin(), flight.waiters.end(),
                              [&](const Waiter& one) { return one.run->terms == flight.terms; });
  return is_owned || flight.waiters.empty() ? flight.terms : flight.waiters.front().run->terms;
}

void sort_by_class(std::vector<FlightPtr>& flights) {
  std::array<std::vector<FlightPtr>, 3> classes;
  for (FlightPtr& flight : flights) {
    classes[static_cast<std::size_t>(flight->priority())].push_back(std::move(flight));
  }
  flights.clear();
  for (std::vector<FlightPtr>& one : classes) {
    flights.insert(flights.end(), std::make_move_iterator(one.begin()),
                   std::make_move_iterator(one.end()));
  }
}

}  // namespace

bool is_cheaper(const Cost& plan, std::size_t keys, std::size_t batch_size, int concurrency,
                async::Duration latency) {
  std::size_t calls = (keys + batch_size - 1) / batch_size;
  if (plan.calls * static_cast<double>(calls) >= static_cast<double>(keys)) return false;
  if (!plan.time || latency == async::Duration::zero()) return true;
  auto at_a_time = static_cast<std::size_t>(concurrency);
  auto rounds = [at_a_time](std::size_t count) {
    return at_a_time == 0 ? 1 : static_cast<std::int64_t>((count + at_a_time - 1) / at_a_time);
  };
  return *plan.time * rounds(calls) <= latency * rounds(keys);
}

Calls::Calls(const Services& services, const ProcessorOptions& options, Cache& cache,
             Metrics& metrics, Landed landed, Known known, Extra extra)
    : services_(services),
      options_(options),
      cache_(cache),
      metrics_(metrics),
      landed_(std::move(landed)),
      known_(std::move(known)),
      extra_(std::move(extra)),
      random_(options.seed) {}

void Calls::add(const FlightPtr& flight) {
  const BatchOptions& options = flight->terms->options;
  Group group;
  if (!planners_.empty()) {
    group = {flight->group, options.optimizations, static_cast<std::size_t>(options.batch_size)};
  }
  auto [place, is_new] = place_in_arrived_.try_emplace(std::move(group), arrived_.size());
  if (is_new) arrived_.emplace_back(place->first, std::vector<FlightPtr>());
  arrived_[place->second].second.push_back(flight);
  if (std::exchange(is_sorting_out_, true)) return;
  boost::asio::post(services_.executor, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) sort_out();
  });
}

void Calls::sort_out() {
  is_sorting_out_ = false;
  place_in_arrived_.clear();
  for (auto& [group, flights] : std::exchange(arrived_, {})) {
    std::erase_if(flights, [](const FlightPtr& flight) { return flight->is_over; });
    if (!flights.empty()) sort_out(group, std::move(flights));
  }
}

void Calls::sort_out(const Group& group, std::vector<FlightPtr> flights) {
  sort_by_class(flights);
  ErasedPlanner* planner = choose(group, flights);
  for (const FlightPtr& flight : flights) {
    if (flight->is_over) continue;  // brought by a call of this very turn
    bool alone = planner == nullptr || (!group.optimizations && flight->fetch != nullptr);
    if (alone) {
      fetch_alone(flight);
    } else {
      board(planner, group, flight);
    }
  }
  if (planner == nullptr || holds_ > 0) return;
  auto open = open_.find(std::pair(planner, group.name));
  if (open != open_.end() && open->second->state == Call::State::kGathering) {
    submit(CallPtr(open->second));
  }
}

// A planner that throws here cannot serve the group.
std::optional<Cost> Calls::cost_of(const ErasedPlanner& planner, const Group& group,
                                   std::span<const std::string_view> keys) {
  try {
    return planner.cost(group.name, keys);
  } catch (...) {
    ++metrics_.counters.planner_failures;
    return std::nullopt;
  }
}

ErasedPlanner* Calls::choose(const Group& group, const std::vector<FlightPtr>& flights) {
  bool must_plan = std::any_of(flights.begin(), flights.end(),
                               [](const FlightPtr& flight) { return flight->fetch == nullptr; });
  if (!group.optimizations && !must_plan) return nullptr;
  std::vector<std::string_view> keys;
  keys.reserve(flights.size());
  for (const FlightPtr& flight : flights) keys.emplace_back(flight->key);
  int concurrency = flights.front()->terms->options.concurrency;
  async::Duration latency = metrics_.call_time.percentile(0.5);
  ErasedPlanner* best = nullptr;
  Cost lowest;
  for (const auto& planner : planners_) {
    std::optional<Cost> cost = cost_of(*planner, group, keys);
    if (!cost) continue;
    // A call that is open anyway takes one key more for nothing.
    bool has_room = open_.contains(std::pair(planner.get(), group.name));
    if (!must_plan && !has_room &&
        !is_cheaper(*cost, keys.size(), group.batch_size, concurrency, latency)) {
      continue;
    }
    bool better = best == nullptr ||
                  std::pair(cost->calls, cost->time) < std::pair(lowest.calls, lowest.time);
    if (!better) continue;
    best = planner.get();
    lowest = *cost;
  }
  return best;
}

// Into the open call of the group, or a new one; full ones go at once.
void Calls::board(ErasedPlanner* planner, const Group& group, const FlightPtr& flight) {
  if (!group.optimizations) {
    CallPtr own = make_call(flight, planner, 1);
    take_up(own, flight);
    return submit(own);
  }
  CallPtr open = open_[std::pair(planner, group.name)];
  if (open != nullptr && open->live >= group.batch_size) {
    // It has more keys than this one may travel with.
    close(*open);
    if (open->state == Call::State::kGathering) submit(open);
    open = nullptr;
  }
  if (open == nullptr) {
    open = make_call(flight, planner, group.batch_size);
    open_[std::pair(planner, group.name)] = open;
  }
  open->capacity = std::min(open->capacity, group.batch_size);
  take_up(open, flight);
  if (open->live < open->capacity) return;
  close(*open);
  if (open->state == Call::State::kGathering) submit(open);
}

CallPtr Calls::make_call(const FlightPtr& flight, ErasedPlanner* planner, std::size_t capacity) {
  auto call = std::make_shared<Call>();
  call->planner = planner;
  call->group = flight->group;
  call->capacity = capacity;
  call->number = ++last_number_;
  call->terms = terms_of(*flight);
  return call;
}

// The call may go, and the flight be over, as soon as somebody's window has room for it.
void Calls::take_up(const CallPtr& call, const FlightPtr& flight) {
  flight->call = call;
  call->flights.push_back(flight);
  ++call->live;
  if (flight->is_refresh) {
    claim(flight, Interest{flight->terms, Priority::kLow});
    if (flight->is_over || flight->call.lock() != call) return;
  }
  for (auto waiter = flight->waiters.begin(); waiter != flight->waiters.end(); ++waiter) {
    claim(flight, interest_of(*waiter));
    if (flight->is_over || flight->call.lock() != call) return;
  }
}

void Calls::fetch_alone(const FlightPtr& flight) {
  if (flight->fetch == nullptr) {
    landed_(flight,
            tl::unexpected(Error(ErrorCode::kUsage, "no planner serves '" + flight->key +
                                                        "', and its request has no fetch")));
    return;
  }
  CallPtr call = make_call(flight, nullptr, 1);
  take_up(call, flight);
  submit(call);
}

void Calls::claim(const FlightPtr& flight, const Interest& interest) {
  CallPtr call = flight->call.lock();
  if (call == nullptr) return;
  if (std::exchange(flight->is_adrift, false)) ++call->live;
  if (auto found = find_place(*call, *interest.terms); found != call->places.end()) {
    ++found->waiters;
  } else {
    call->places.push_back({pool_of(*interest.terms), interest.terms->options.job.lane, 1});
  }
  call->claims->add(interest.terms->options.job.lane, interest.priority);
  wait_as(call, interest);
}

void Calls::disclaim(const FlightPtr& flight, const Interest& interest) {
  CallPtr call = flight->call.lock();
  if (call == nullptr || call->is_answered) return;
  call->claims->remove(interest.terms->options.job.lane, interest.priority);
  auto found = find_place(*call, *interest.terms);
  if (found == call->places.end() || --found->waiters > 0) return;
  call->places.erase(found);
  leave_place(call, interest);
}

// The call goes on, but no longer at the expense of a batch that wants nothing of it.
void Calls::leave_place(const CallPtr& call, const Interest& interest) {
  if (has_task(*call)) return;
  if (pool_of(*interest.terms) == pool_of(*call->terms)) {
    if (waits_in(*call, pool_of(*call->terms))) return;
    adopt(*call);
    if (!call->ticket) return;
    services_.admission.withdraw(*std::exchange(call->ticket, std::nullopt));
    return ask_for_admission(call);
  }
  if (!call->ticket) return;
  Interest as = interest;
  for (Priority priority : {Priority::kHigh, Priority::kNormal, Priority::kLow}) {
    as.priority = priority;
    services_.admission.queue().leave(*call->ticket, ticket_of(*call, as));
  }
}

// Makes the call one of somebody who waits for it, if its owner does not any more.
void Calls::adopt(Call& call) {
  if (waits_in(call, pool_of(*call.terms))) return;
  for (const FlightPtr& flight : call.flights) {
    if (flight->is_over || flight->waiters.empty()) continue;
    call.terms = flight->waiters.front().run->terms;
    return;
  }
}

void Calls::abandon(const FlightPtr& flight, std::span<const Interest> interests) {
  CallPtr call = flight->call.lock();
  if (call == nullptr || call->is_answered || flight->is_adrift) return;
  if (call->live > 1) {
    // It goes on for others, and on their behalf alone.
    for (const Interest& interest : interests) disclaim(flight, interest);
    if (call->is_answered) return;
  }
  if (--call->live > 0) {
    // Those that are over go when they are the most, so that keys may come and go for ever.
    if (!has_task(*call) && call->flights.size() > 2 * call->live + kSpareFlights) {
      std::erase_if(call->flights, [](const FlightPtr& one) { return one->is_over; });
    }
    return;
  }
  close(*call);
  call->is_answered = true;
  if (call->ticket) services_.admission.withdraw(*std::exchange(call->ticket, std::nullopt));
  if (call->alarm) services_.clock.cancel(*std::exchange(call->alarm, std::nullopt));
  if (!has_task(*call)) return end(call);
  drop_adrift(std::exchange(call->flights, {}));
  if (auto signal = call->signal.lock()) {
    signal->emit(boost::asio::cancellation_type::terminal);
  }
}

bool Calls::is_under_way(const Flight& flight) {
  CallPtr call = flight.call.lock();
  return call != nullptr && has_task(*call) && !call->is_answered;
}

bool Calls::set_adrift(const FlightPtr& flight) {
  CallPtr call = flight->call.lock();
  bool comes_along = call != nullptr && call->state == Call::State::kSent && !call->is_answered &&
                     call->live > 1 && flight->is_shared;
  if (!comes_along) return false;
  flight->is_adrift = true;
  --call->live;
  return true;
}

void Calls::drop_adrift(const std::vector<FlightPtr>& flights) {
  for (const FlightPtr& flight : flights) {
    if (flight->is_over || !flight->is_adrift) continue;
    landed_(flight, tl::unexpected(Error(ErrorCode::kCancelled, "nobody waits for it")));
  }
}

void Calls::unhold() {
  if (--holds_ > 0) return;
  std::vector<CallPtr> gathered;
  for (const auto& [key, call] : open_) {
    if (call->state == Call::State::kGathering) gathered.push_back(call);
  }
  std::sort(gathered.begin(), gathered.end(),
            [](const CallPtr& a, const CallPtr& b) { return a->number < b->number; });
  for (const CallPtr& call : gathered) submit(call);
}

}  // namespace gantry::batch::core
