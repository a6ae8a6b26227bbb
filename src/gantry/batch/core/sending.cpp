// The second half of Calls: from a call that is put together to its answer.
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "gantry/batch/core/calls.hpp"

namespace gantry::batch::core {
namespace {

using namespace std::chrono_literals;

// A call that has waited for so long asks the store once more: another process may have been there.
constexpr async::Duration kLookAgainAfter = 1s;
// And this is how long it waits for the answer.
constexpr std::chrono::milliseconds kPatienceWithStore = 1s;

Error not_brought(const Flight& flight) {
  return Error(ErrorCode::kNotFound, "upstream's answer does not hold '" + flight.key + "'");
}

}  // namespace

net::TicketRequest Calls::ticket_of(Call& call) const {
  net::TicketRequest request = options_.ticket.value_or(net::TicketRequest());
  auto add_cap = [&](std::string name, int slots) {
    services_.admission.queue().set_pool(name, slots, net::LaneOrder::kInTurn);
    call.caps.push_back(name);
    request.caps.push_back(std::move(name));
  };
  if (call.terms->window->has_pool()) request.caps.push_back(call.terms->window->pool());
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
net::TicketRequest Calls::ticket_of(const Call& call, const Interest& interest) const {
  net::TicketRequest request = options_.ticket.value_or(net::TicketRequest());
  const Window& window = *interest.terms->window;
  if (window.has_pool()) request.caps.push_back(window.pool());
  request.caps.insert(request.caps.end(), call.caps.begin(), call.caps.end());
  if (request.pool.empty() && !request.caps.empty()) {
    request.pool = std::move(request.caps.front());
    request.caps.erase(request.caps.begin());
  }
  request.lane = interest.terms->options.job.lane;
  request.priority = interest.priority;
  return request;
}

void Calls::submit(const CallPtr& call) {
  adopt(*call);
  call->state = Call::State::kWaiting;
  call->since = services_.clock.now();
  ask_for_admission(call);
}

void Calls::ask_for_admission(const CallPtr& call) {
  net::TicketRequest request = ticket_of(*call);
  if (request.pool.empty()) return start(call, nullptr, call->terms->window);
  net::TicketId ticket =
      services_.admission.request(std::move(request), [this, call](auto outcome) {
        call->ticket.reset();
        if (outcome) {
          auto grant = std::make_shared<net::Admission::Grant>(std::move(*outcome));
          return start(call, std::move(grant), window_of(*call));
        }
        close(*call);
        give_up(call, outcome.error());
        end(call);
      });
  if (call->state != Call::State::kWaiting) return;
  call->ticket = ticket;
  for (const FlightPtr& flight : call->flights) {
    for (const Waiter& waiter : flight->waiters) {
      wait_as(call, interest_of(waiter));
      if (!call->ticket) return;
    }
  }
}

// A call that waits goes as soon as any of those who want it has room for it.
void Calls::wait_as(const CallPtr& call, const Interest& interest) {
  const Window& window = *interest.terms->window;
  const Window& own = *call->terms->window;
  bool is_same = &window == &own || (!window.has_pool() && !own.has_pool());
  if (!call->ticket || is_same) return;
  net::TicketRequest request = ticket_of(*call, interest);
  if (!request.pool.empty()) return services_.admission.join(*call->ticket, request);
  services_.admission.withdraw(*std::exchange(call->ticket, std::nullopt));
  start(call, nullptr, interest.terms->window);
}

// Whose slot it was that the call has been granted: of one who still wants it, or did until now.
// Without a pool there is none to tell it by.
std::shared_ptr<Window> Calls::window_of(const Call& call) {
  std::shared_ptr<Window> own = call.terms->window;
  if (call.places.size() < 2 || own->has_newcomer()) return own;
  for (const WaitingPlace& place : call.places) {
    if (place.window != nullptr && place.window->has_newcomer()) return place.window;
  }
  if (!own->has_pool()) return own;
  for (const FlightPtr& flight : call.flights) {
    for (const Waiter& waiter : flight->waiters) {
      if (!waiter.run->terms->window->has_pool()) return waiter.run->terms->window;
    }
  }
  return own;
}

void Calls::start(const CallPtr& call, std::shared_ptr<net::Admission::Grant> grant,
                  std::shared_ptr<Window> window) {
  close(*call);
  if (is_stopping_) {
    give_up(call, Error(ErrorCode::kCancelled, "the engine has been stopped"));
    return end(call);
  }
  call->state = Call::State::kAdmitted;
  call->admitted = services_.clock.now();
  ++call->attempts;
  call->window = std::move(window);
  call->window->take_slot();
  call->signal = services_.scope.spawn(send(call, std::move(grant)));
}

async::awaitable<void> Calls::send(CallPtr call, std::shared_ptr<net::Admission::Grant> grant) {
  async::Duration waited = call->admitted - call->since;
  metrics_.queue_wait.add(waited);
  if (waited >= kLookAgainAfter) co_await look_again(call);
  if (call->live == 0) {
    call->window->give_slot();
    end(call);
    co_return;
  }
  call->state = Call::State::kSent;
  CallContext context;
  context.job = call->terms->options.job;
  context.attempt = call->attempts;
  context.grant = grant;
  context.claims = call->claims;
  if (call->terms->options.item_timeout.count() > 0) {
    std::weak_ptr<Call> weak = call;
    async::TimePoint end_of_patience = in(services_.clock.now(), call->terms->options.item_timeout);
    call->alarm = services_.clock.call_at(end_of_patience, [this, weak] {
      if (CallPtr late = weak.lock()) time_out(late);
    });
  }
  ++metrics_.counters.upstream_calls;
  ++metrics_.gauges.calls;
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
  call->window->give_slot();
  call->window->call_ended(busy, served_many);
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
  async::TimePoint deadline = in(services_.clock.now(), kPatienceWithStore);
  try {
    co_await cache_.look_up(keys, StaleWindows(), deadline, landings, known);
  } catch (const Error&) {
    co_return;  // cancelled: everybody has left
  }
  for (std::size_t i = 0; i < flights.size(); ++i) {
    if (known[i] != Knowledge::kFresh || flights[i]->is_over) continue;
    --call->live;
    known_(flights[i], std::move(landings[i]));
  }
}

async::awaitable<void> Calls::fetch(CallPtr call, CallContext context) {
  std::optional<Error> failure;
  Value value;
  ErasedAnswers answers;
  try {
    if (call->planner == nullptr) {
      FlightPtr flight = call->flights.front();
      value = co_await flight->fetch(std::move(context));
    } else {
      std::vector<std::string> keys;
      for (const FlightPtr& flight : call->flights) {
        if (!flight->is_over) keys.push_back(flight->key);
      }
      answers = co_await call->planner->fetch(call->group, std::move(keys), std::move(context));
    }
  } catch (...) {
    failure = current_error();
  }
  if (call->is_answered) co_return;
  // Whoever leaves a call, or lets it time out, has his answer before it is cancelled: the one
  // that still owes one is cancelled with all others.
  auto state = co_await boost::asio::this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none) is_stopping_ = true;
  if (failure) {
    fail(call, *failure);
  } else if (call->planner == nullptr) {
    answer(call, std::move(value));
  } else {
    answer(call, std::move(answers));
  }
}

// Its slot is free when it really ends.
void Calls::time_out(const CallPtr& call) {
  call->alarm.reset();
  if (call->is_answered) return;
  ++metrics_.counters.timeouts;
  auto limit =
      std::chrono::duration_cast<std::chrono::milliseconds>(call->terms->options.item_timeout);
  // It is told before anything takes its place.
  call->is_answered = true;
  std::vector<FlightPtr> flights = std::exchange(call->flights, {});
  ErasedPlanner* planner = call->planner;
  if (auto signal = call->signal.lock()) {
    signal->emit(boost::asio::cancellation_type::terminal);
  }
  fail(planner, flights,
       Error(ErrorCode::kTimeout,
             "no answer in " + std::to_string(limit.count()) + " ms (item_timeout)"));
}

void Calls::answer(const CallPtr& call, Value value) {
  call->is_answered = true;
  FlightPtr flight = call->flights.front();
  if (!flight->is_over) landed_(flight, std::move(value));
}

void Calls::answer(const CallPtr& call, ErasedAnswers answers) {
  call->is_answered = true;
  std::vector<FlightPtr> flights = std::exchange(call->flights, {});
  for (const FlightPtr& flight : flights) {
    if (flight->is_over) continue;
    auto found = answers.find(flight->key);
    if (found == answers.end()) {
      fall_back(flight, not_brought(*flight));
    } else if (found->second || found->second.error().retry() == Retry::kNever) {
      landed_(flight, found->second);
    } else {
      fall_back(flight, found->second.error());
    }
  }
  for (const FlightPtr& flight : flights) answers.erase(flight->key);
  for (auto& [key, outcome] : answers) {
    if (outcome) extra_(key, std::move(*outcome));
  }
}

void Calls::fail(const CallPtr& call, const Error& error) {
  if (!try_again(call, error)) give_up(call, error);
}

void Calls::give_up(const CallPtr& call, const Error& error) {
  call->is_answered = true;
  fail(call->planner, std::exchange(call->flights, {}), error);
}

void Calls::fail(ErasedPlanner* planner, const std::vector<FlightPtr>& flights,
                 const Error& error) {
  if (planner != nullptr) ++metrics_.counters.planner_failures;
  for (const FlightPtr& flight : flights) {
    if (flight->is_over) continue;
    if (planner == nullptr) {
      landed_(flight, tl::unexpected(error));
    } else {
      fall_back(flight, error);
    }
  }
}

// A new ticket for every attempt: a call that sleeps holds nothing.
bool Calls::try_again(const CallPtr& call, const Error& error) {
  bool was_refused_admission = call->attempts == 0;
  if (is_stopping_ || was_refused_admission) return false;
  double random = std::uniform_real_distribution<double>(0, 1)(random_);
  auto delay = options_.retry.next_delay(call->attempts - 1, error, random);
  if (!delay) return false;
  ++metrics_.counters.retries;
  drop_adrift(call->flights);
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
  if (flight->is_adrift) return drop_adrift({flight});
  bool goes_for_all = error.scope() == Scope::kRun || is_stopping_;
  if (flight->fetch == nullptr || goes_for_all) return landed_(flight, tl::unexpected(error));
  ++metrics_.counters.fallbacks;
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
