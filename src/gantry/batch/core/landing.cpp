// How flights end: for those who wait for them, and without those who leave.
#include <algorithm>
#include <utility>

#include "gantry/batch/core/core.hpp"

namespace gantry::batch::core {
namespace {

// Failures after which an old value is better than none.
bool may_be_passing(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
    case ErrorCode::kServer:
    case ErrorCode::kRateLimited:
    case ErrorCode::kBadResponse:
      return true;
    default:
      return error.retry() == Retry::kSameRequest;
  }
}

}  // namespace

async::awaitable<void> Core::wait(Run& run) {
  bool is_late = false;
  std::optional<async::Clock::AlarmId> alarm;
  if (run.deadline && run.pending > 0) {
    alarm = services_.clock.call_at(*run.deadline, [&run, &is_late] {
      is_late = true;
      run.changed.notify();
    });
  }
  std::optional<Error> cancelled;
  while (run.pending > 0 && !is_late && !cancelled) {
    try {
      co_await run.changed.wait();
    } catch (const Error& error) {
      cancelled = error;
    }
  }
  if (alarm) services_.clock.cancel(*alarm);
  if (is_late) metrics_.counters.timeouts += run.pending;
  if (cancelled) {
    metrics_.counters.cancelled += run.pending;
    throw *cancelled;
  }
}

void Core::leave(Run& run) {
  run.has_left = true;
  if (run.pending == 0) return;
  // In the order of the requests: what goes on for others keeps it.
  auto seats = std::exchange(run.seats, {});
  std::vector<std::uint32_t> places;
  places.reserve(seats.size());
  for (const auto& [place, seat] : seats) places.push_back(place);
  std::sort(places.begin(), places.end());
  for (std::uint32_t place : places) {
    Seat& seat = seats.at(place);
    FlightPtr flight = seat.flight;
    if (flight->is_over) continue;
    Interest interest = interest_of(*seat.waiter);
    flight->waiters.erase(seat.waiter);
    bool goes_on = !flight->waiters.empty() || flight->is_refresh || calls_.set_adrift(flight);
    // Out of the table first, so that nobody joins what is being cancelled.
    if (!goes_on) finish(flight);
    if (goes_on) {
      calls_.disclaim(flight, interest);
    } else {
      calls_.abandon(flight, std::span(&interest, 1));
    }
  }
  run.pending = 0;
}

void Core::finish(const FlightPtr& flight) {
  flight->is_over = true;
  if (flight->is_shared) table_.erase(flight->key);
  --metrics_.gauges.flights;
  metrics_.gauges.bytes.in_flight -= flight->bytes();
}

void Core::landed(const FlightPtr& flight, Outcome<Value> outcome) {
  finish(flight);
  Landing landing;
  landing.provenance.source = Provenance::Source::kUpstream;
  landing.provenance.tier = "upstream";
  if (outcome) {
    landing.value = std::move(*outcome);
    cache_.keep(flight->key, landing.value, flight->ttl, flight->windows);
    ++metrics_.counters.fetched;
    return deliver(flight, std::move(landing), false);
  }
  landing.failure = std::make_shared<const Error>(std::move(outcome.error()));
  if (landing.failure->code() == ErrorCode::kNotFound && flight->ttl.count() > 0) {
    cache_.keep_absence(flight->key, landing.failure);
  }
  if (flight->is_refresh && flight->waiters.empty()) ++metrics_.counters.failed;
  bool may_pass = may_be_passing(*landing.failure);
  deliver(flight, std::move(landing), may_pass);
}

// Brought by somebody else, into the cache, while the flight waited.
void Core::known(const FlightPtr& flight, Landing landing) {
  finish(flight);
  bool is_in_memory = landing.provenance.source == Provenance::Source::kMemory;
  metrics_.counters.memory_hits += is_in_memory ? 1 : 0;
  metrics_.counters.store_hits += is_in_memory ? 0 : 1;
  deliver(flight, std::move(landing), false);
}

// A planner brought it, and its call has not been for this key.
void Core::extra(const std::string& key, Value value) {
  auto found = table_.find(key);
  if (found == table_.end()) return cache_.keep(key, value, options_.ttl, StaleWindows());
  FlightPtr flight = found->second;
  // Its own call is asking for it and cannot be told to leave it out: to land here would let the
  // next who wants the key ask a second time meanwhile.
  if (calls_.is_under_way(*flight)) return;
  std::vector<Interest> interests;
  for (const Waiter& waiter : flight->waiters) interests.push_back(interest_of(waiter));
  landed(flight, std::move(value));
  calls_.abandon(flight, interests);
}

void Core::deliver(const FlightPtr& flight, Landing landing, bool may_pass) {
  landing.provenance.attempts = flight->attempts;
  landing.provenance.queue_wait = flight->queue_wait;
  landing.provenance.latency = services_.clock.now() - flight->since;
  landing.provenance.group = flight->group;
  for (Waiter& waiter : std::exchange(flight->waiters, {})) {
    Run& run = *waiter.run;
    run.seats.erase(waiter.place);
    run.bytes.in_flight -= flight->bytes();
    Landing own = landing;
    if (may_pass && waiter.stale != nullptr) {
      own = std::move(*waiter.stale);
      own.provenance.attempts = landing.provenance.attempts;
      own.provenance.latency = landing.provenance.latency;
      ++metrics_.counters.stale;
    }
    if (own.failure) ++metrics_.counters.failed;
    own.provenance.shared = waiter.joined;
    give(run, waiter.place, std::move(own));
    if (--run.pending == 0) run.changed.notify();
  }
}

}  // namespace gantry::batch::core
