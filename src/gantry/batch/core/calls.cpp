#include "gantry/batch/core/calls.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace gantry::batch::core {
namespace {

using namespace std::chrono_literals;

// A call that has waited for so long asks the store once more: another process may have been there.
constexpr async::Duration kLookAgainAfter = 1s;

bool has_own_window(const Call& call, const Waiter& waiter) {
  const std::shared_ptr<Window>& window = waiter.run->terms->window;
  return window != call.terms->window && window->is_limited();
}

Error not_brought(const Flight& flight) {
  return Error(ErrorCode::kNotFound, "upstream's answer does not hold '" + flight.key + "'");
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
             Metrics& metrics, Landed landed, Extra extra)
    : services_(services),
      options_(options),
      cache_(cache),
      metrics_(metrics),
      landed_(std::move(landed)),
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
  std::stable_sort(flights.begin(), flights.end(), [](const FlightPtr& a, const FlightPtr& b) {
    return a->priority() < b->priority();
  });
  ErasedPlanner* planner = choose(group, flights);
  for (const FlightPtr& flight : flights) {
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

ErasedPlanner* Calls::choose(const Group& group, const std::vector<FlightPtr>& flights) const {
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
    std::optional<Cost> cost = planner->cost(group.name, keys);
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
  CallPtr& open = open_[std::pair(planner, group.name)];
  if (open == nullptr) open = make_call(flight, planner, group.batch_size);
  CallPtr call = open;
  take_up(call, flight);
  if (call->live < std::min(call->capacity, group.batch_size)) return;
  close(*call);
  if (call->state == Call::State::kGathering) submit(call);
}

CallPtr Calls::make_call(const FlightPtr& flight, ErasedPlanner* planner, std::size_t capacity) {
  auto call = std::make_shared<Call>();
  call->planner = planner;
  call->group = flight->group;
  call->capacity = capacity;
  call->terms = flight->terms;
  return call;
}

void Calls::take_up(const CallPtr& call, const FlightPtr& flight) {
  flight->call = call;
  call->flights.push_back(flight);
  ++call->live;
  if (flight->waiters.empty()) call->claims->add(call->terms->options.job.lane, Priority::kLow);
  for (const Waiter& waiter : flight->waiters) claim(flight, waiter);
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

void Calls::claim(const FlightPtr& flight, const Waiter& waiter) {
  CallPtr call = flight->call.lock();
  if (call == nullptr) return;
  call->claims->add(waiter.run->terms->options.job.lane, waiter.priority);
  if (call->ticket && has_own_window(*call, waiter)) {
    services_.admission.join(*call->ticket, ticket_of(*call, waiter));
  }
}

void Calls::disclaim(const FlightPtr& flight, const Waiter& waiter) {
  if (CallPtr call = flight->call.lock()) {
    call->claims->remove(waiter.run->terms->options.job.lane, waiter.priority);
  }
}

void Calls::abandon(const FlightPtr& flight) {
  CallPtr call = flight->call.lock();
  if (call == nullptr || call->is_answered || --call->live > 0) return;
  close(*call);
  call->is_answered = true;
  if (call->ticket) services_.admission.withdraw(*std::exchange(call->ticket, std::nullopt));
  if (call->alarm) services_.clock.cancel(*std::exchange(call->alarm, std::nullopt));
  if (call->state != Call::State::kSent) return end(call);
  if (auto signal = call->signal.lock()) {
    signal->emit(boost::asio::cancellation_type::terminal);
  }
}

void Calls::unhold() {
  if (--holds_ > 0) return;
  std::vector<CallPtr> gathered;
  for (const auto& [key, call] : open_) {
    if (call->state == Call::State::kGathering) gathered.push_back(call);
  }
  for (const CallPtr& call : gathered) submit(call);
}

net::TicketRequest Calls::ticket_of(Call& call) const {
  net::TicketRequest request = options_.ticket.value_or(net::TicketRequest());
  auto add_cap = [&](std::string name, int slots) {
    services_.admission.queue().set_pool(name, slots, net::LaneOrder::kInTurn);
    call.caps.push_back(name);
    request.caps.push_back(std::move(name));
  };
  if (call.terms->window->is_limited()) request.caps.push_back(call.terms->window->pool());
  call.caps.clear();
  if (options_.calls_per_group > 0) {
    add_cap(options_.name + "/group/" + call.group, options_.calls_per_group);
  }
  const std::string& host = call.flights.front()->host;
  if (options_.calls_per_host > 0 && !host.empty()) {
    add_cap(options_.name + "/host/" + host, options_.calls_per_host);
  }
  if (request.pool.empty() && !request.caps.empty()) {
    request.pool = std::move(request.caps.front());
    request.caps.erase(request.caps.begin());
  }
  request.lane = call.terms->options.job.lane;
  request.claims = call.claims;
  return request;
}

// The same call as it waits for somebody with a window of his own.
net::TicketRequest Calls::ticket_of(const Call& call, const Waiter& waiter) const {
  net::TicketRequest request = options_.ticket.value_or(net::TicketRequest());
  request.caps.push_back(waiter.run->terms->window->pool());
  request.caps.insert(request.caps.end(), call.caps.begin(), call.caps.end());
  if (request.pool.empty()) {
    request.pool = std::move(request.caps.front());
    request.caps.erase(request.caps.begin());
  }
  request.lane = waiter.run->terms->options.job.lane;
  request.priority = waiter.priority;
  return request;
}

void Calls::submit(const CallPtr& call) {
  call->state = Call::State::kWaiting;
  call->since = services_.clock.now();
  net::TicketRequest request = ticket_of(*call);
  if (request.pool.empty()) return start(call, nullptr);
  net::TicketId ticket =
      services_.admission.request(std::move(request), [this, call](auto outcome) {
        call->ticket.reset();
        if (!outcome) {
          call->state = Call::State::kOver;
          close(*call);
          fail(call, outcome.error());
          return end(call);
        }
        start(call, std::make_shared<net::Admission::Grant>(std::move(*outcome)));
      });
  if (call->state != Call::State::kWaiting) return;
  call->ticket = ticket;
  for (const FlightPtr& flight : call->flights) {
    for (const Waiter& waiter : flight->waiters) {
      if (has_own_window(*call, waiter)) {
        services_.admission.join(ticket, ticket_of(*call, waiter));
      }
      if (!call->ticket) return;
    }
  }
}

void Calls::start(const CallPtr& call, std::shared_ptr<net::Admission::Grant> grant) {
  close(*call);
  call->state = Call::State::kSent;
  call->admitted = services_.clock.now();
  ++call->attempts;
  call->signal = services_.scope.spawn(send(call, std::move(grant)));
}

async::awaitable<void> Calls::send(CallPtr call, std::shared_ptr<net::Admission::Grant> grant) {
  async::Duration waited = call->admitted - call->since;
  metrics_.queue_wait.add(waited);
  if (waited >= kLookAgainAfter) co_await look_again(call);
  if (call->live == 0) {
    end(call);
    co_return;
  }
  CallContext context;
  context.job = call->terms->options.job;
  context.attempt = call->attempts;
  context.grant = grant;
  context.claims = call->claims;
  if (call->terms->options.item_timeout > async::Duration::zero()) {
    std::weak_ptr<Call> weak = call;
    call->alarm =
        services_.clock.call_at(call->admitted + call->terms->options.item_timeout, [this, weak] {
          if (CallPtr late = weak.lock()) time_out(late);
        });
  }
  ++metrics_.counters.upstream_calls;
  ++metrics_.gauges.calls;
  call->terms->window->call_began();
  async::TimePoint began = services_.clock.now();
  bool served_many = call->live > 1;
  if (served_many) ++metrics_.counters.optimized_calls;
  for (const FlightPtr& flight : call->flights) {
    flight->queue_wait += waited;
    ++flight->attempts;
  }
  co_await fetch(call, std::move(context));
  async::Duration busy = services_.clock.now() - began;
  --metrics_.gauges.calls;
  metrics_.call_time.add(busy);
  call->terms->window->call_ended(busy, served_many);
  if (call->is_answered) end(call);
  // The grant goes last: who gets its slot finds this call at its end.
}

// Whatever has come into the cache while the call waited needs no call any more.
async::awaitable<void> Calls::look_again(CallPtr call) {
  std::vector<FlightPtr> flights;
  std::vector<std::string_view> keys;
  for (const FlightPtr& flight : call->flights) {
    if (flight->is_over) continue;
    flights.push_back(flight);
    keys.emplace_back(flight->key);
  }
  std::vector<Landing> landings(keys.size());
  std::vector<Knowledge> known(keys.size(), Knowledge::kNothing);
  try {
    co_await cache_.look_up(keys, StaleWindows(), landings, known);
  } catch (const Error&) {
    co_return;  // cancelled: everybody has left
  }
  for (std::size_t i = 0; i < flights.size(); ++i) {
    if (known[i] != Knowledge::kFresh || flights[i]->is_over) continue;
    --call->live;
    if (landings[i].failure) {
      landed_(flights[i], tl::unexpected(*landings[i].failure));
    } else {
      landed_(flights[i], landings[i].value);
    }
  }
}

async::awaitable<void> Calls::fetch(CallPtr call, CallContext context) {
  std::optional<Error> failure;
  try {
    if (call->planner == nullptr) {
      FlightPtr flight = call->flights.front();
      Value value = co_await flight->fetch(std::move(context));
      answer(call, std::move(value));
    } else {
      std::vector<std::string> keys;
      for (const FlightPtr& flight : call->flights) {
        if (!flight->is_over) keys.push_back(flight->key);
      }
      ErasedAnswers answers =
          co_await call->planner->fetch(call->group, std::move(keys), std::move(context));
      answer(call, std::move(answers));
    }
  } catch (...) {
    failure = current_error();
  }
  if (failure) fail(call, *failure);
}

void Calls::time_out(const CallPtr& call) {
  call->alarm.reset();
  if (call->is_answered) return;
  ++metrics_.counters.timeouts;
  auto limit =
      std::chrono::duration_cast<std::chrono::milliseconds>(call->terms->options.item_timeout);
  fail(call, Error(ErrorCode::kTimeout,
                   "no answer in " + std::to_string(limit.count()) + " ms (item_timeout)"));
  // Its slot is free when it really ends.
  if (auto signal = call->signal.lock()) {
    signal->emit(boost::asio::cancellation_type::terminal);
  }
}

void Calls::answer(const CallPtr& call, Outcome<Value> outcome) {
  if (std::exchange(call->is_answered, true)) return;
  FlightPtr flight = call->flights.front();
  if (!flight->is_over) landed_(flight, std::move(outcome));
}

void Calls::answer(const CallPtr& call, ErasedAnswers answers) {
  if (std::exchange(call->is_answered, true)) return;
  std::vector<FlightPtr> flights = std::exchange(call->flights, {});
  for (const FlightPtr& flight : flights) {
    if (flight->is_over) continue;
    auto found = answers.find(flight->key);
    if (found == answers.end()) {
      ++metrics_.counters.fallbacks;
      fall_back(flight, not_brought(*flight));
    } else {
      landed_(flight, found->second);
    }
  }
  for (const FlightPtr& flight : flights) answers.erase(flight->key);
  for (auto& [key, outcome] : answers) {
    if (outcome) extra_(key, std::move(*outcome));
  }
}

void Calls::fail(const CallPtr& call, const Error& error) {
  if (call->is_answered || try_again(call, error)) return;
  call->is_answered = true;
  if (call->planner == nullptr) {
    FlightPtr flight = call->flights.front();
    if (!flight->is_over) landed_(flight, tl::unexpected(error));
    return;
  }
  ++metrics_.counters.planner_failures;
  for (const FlightPtr& flight : std::exchange(call->flights, {})) {
    if (!flight->is_over) fall_back(flight, error);
  }
}

// A new ticket for every attempt: a call that sleeps holds nothing.
bool Calls::try_again(const CallPtr& call, const Error& error) {
  if (call->attempts == 0) return false;  // it was refused admission
  double random = std::uniform_real_distribution<double>(0, 1)(random_);
  auto delay = options_.retry.next_delay(call->attempts - 1, error, random);
  if (!delay) return false;
  ++metrics_.counters.retries;
  if (call->alarm) services_.clock.cancel(*call->alarm);
  call->state = Call::State::kSleeping;
  // The alarm holds the call: while it sleeps, nobody else does.
  call->alarm = services_.clock.call_at(services_.clock.now() + *delay, [this, call] {
    call->alarm.reset();
    submit(call);
  });
  return true;
}

void Calls::fall_back(const FlightPtr& flight, const Error& error) {
  bool goes_for_all = error.scope() == Scope::kRun || error.code() == ErrorCode::kCancelled;
  if (flight->fetch == nullptr || goes_for_all) {
    landed_(flight, tl::unexpected(error));
    return;
  }
  fetch_alone(flight);
}

void Calls::close(Call& call) {
  if (call.planner == nullptr) return;
  auto open = open_.find(std::pair(call.planner, call.group));
  if (open != open_.end() && open->second.get() == &call) open_.erase(open);
}

void Calls::end(const CallPtr& call) {
  call->state = Call::State::kOver;
  if (call->alarm) services_.clock.cancel(*std::exchange(call->alarm, std::nullopt));
  for (const std::string& cap : call->caps) services_.admission.queue().remove_pool(cap);
  call->caps.clear();
  call->flights.clear();
}

}  // namespace gantry::batch::core
