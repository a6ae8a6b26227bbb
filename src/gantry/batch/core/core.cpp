#include "gantry/batch/core/core.hpp"

#include <algorithm>
#include <utility>

namespace gantry::batch::core {
namespace {

StaleWindows windows_of(const BatchOptions& options) {
  return {options.stale_while_revalidate, options.stale_if_error};
}

// Of two lifetimes; zero, not to be kept, gives way to any other.
async::Duration shorter(async::Duration a, async::Duration b) {
  bool both_keep = a.count() > 0 && b.count() > 0;
  return both_keep ? std::min(a, b) : std::max(a, b);
}

void count(const Landing& landing, BatchMetrics& metrics) {
  if (landing.failure) ++metrics.failed_requests;
  switch (landing.provenance.source) {
    case Provenance::Source::kMemory:
    case Provenance::Source::kStore:
      ++metrics.cached_requests;
      break;
    case Provenance::Source::kUpstream:
      ++metrics.fetched_requests;
      break;
    case Provenance::Source::kNone:
      break;
  }
}

std::shared_ptr<const Error> failure(ErrorCode code, std::string message) {
  return std::make_shared<const Error>(code, std::move(message));
}

}  // namespace

Places find_places(const RequestView& requests, bool deduplication) {
  Places places;
  auto count = static_cast<std::uint32_t>(requests.size());
  places.first.reserve(count);
  if (!deduplication || count < 2) {
    for (std::uint32_t i = 0; i < count; ++i) places.first.push_back(i);
    return places;
  }
  places.of.reserve(count);
  std::unordered_map<std::string_view, std::uint32_t> by_key;
  by_key.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto next = static_cast<std::uint32_t>(places.first.size());
    auto [place, is_new] = by_key.try_emplace(requests.key(i), next);
    places.of.push_back(place->second);
    if (is_new) {
      places.first.push_back(i);
    } else if (!requests.agree(places.first[place->second], i)) {
      ++places.conflicts;
    }
  }
  if (places.first.size() == count) places.of.clear();
  return places;
}

// A batch whose answers are all wanted together.
class Core::Batch final : public Run {
 public:
  Batch(const async::any_io_executor& executor, std::size_t places) : Run(executor) {
    landings.resize(places);
  }
  void landed(std::uint32_t place, Landing landing) override {
    landings[place] = std::move(landing);
  }

  std::vector<Landing> landings;
};

Core::Core(const Services& services, ProcessorOptions options, ErasedCodec codec)
    : services_(services),
      options_(std::move(options)),
      cache_(services_, options_, std::move(codec), metrics_),
      calls_(
          services_, options_, cache_, metrics_,
          [this](const FlightPtr& flight, Outcome<Value> outcome) {
            landed(flight, std::move(outcome));
          },
          [this](const FlightPtr& flight, Landing landing) { known(flight, std::move(landing)); },
          [this](const std::string& key, Value value) { extra(key, std::move(value)); }) {}

Core::~Core() {
  if (prefetcher_ != nullptr) prefetcher_->leave();
  for (const auto& [key, flight] : std::exchange(table_, {})) {
    flight->is_over = true;
    calls_.abandon(flight, {});
  }
}

void Core::begin(Run& run, BatchOptions options, std::uint64_t most_flights) {
  check(options);
  auto terms = std::make_shared<Terms>();
  // A flight has one call, and beside it at most one that has been given up and does not end.
  terms->window = std::make_shared<Window>(services_.admission, options_.name, options.concurrency,
                                           2 * most_flights);
  terms->options = std::move(options);
  run.terms = std::move(terms);
  run.started = services_.clock.now();
  auto limit = run.terms->options.timeout;
  if (limit.count() > 0) run.deadline = in(run.started, limit);
}

bool Core::answer_at_once(const RequestView& requests, const BatchOptions& options,
                          AnswerPlaces& answers) {
  check(options);
  // Predictions are made of what is asked for, which only add() tells.
  if (requests.size() == 0 || prefetcher_ != nullptr) return false;
  async::TimePoint started = services_.clock.now();
  auto answered = cache_.answer_all(requests, options.deduplication, answers);
  if (!answered) return false;
  Counters& counters = metrics_.counters;
  counters.requests += requests.size();
  counters.shared += requests.size() - answered->keys;
  counters.conflicting_requests += answered->conflicts;
  counters.memory_hits += answered->keys;
  counters.failed += answered->failed;
  counters.stale += answered->stale;
  BatchMetrics batch;
  batch.total_requests = requests.size();
  batch.cached_requests = answered->keys;
  batch.limit = options.concurrency;
  set_times(batch, started);
  metrics_.record(batch);
  return true;
}

async::awaitable<std::vector<Landing>> Core::process(const RequestView& requests,
                                                     BatchOptions options) {
  if (requests.size() == 0) {
    check(options);
    co_return std::vector<Landing>();
  }
  Places places = find_places(requests, options.deduplication);
  Batch batch(services_.executor, places.first.size());
  begin(batch, std::move(options), places.first.size());
  std::optional<Error> cancelled;
  try {
    co_await add(batch, requests, places, 0);
    co_await wait(batch);
  } catch (const Error& error) {
    cancelled = error;
  }
  leave(batch);
  if (cancelled) {
    end(batch);
    throw *cancelled;
  }
  for (Landing& landing : batch.landings) {
    if (landing.value.object != nullptr || landing.failure != nullptr) continue;
    auto limit = batch.terms->options.timeout.count();
    landing.failure =
        failure(ErrorCode::kTimeout, "not there in the batch's " + std::to_string(limit) + " ms");
    ++batch.metrics.failed_requests;
  }
  std::vector<Landing> landings;
  if (places.of.empty()) {
    landings = std::move(batch.landings);
  } else {
    landings.reserve(places.of.size());
    for (std::uint32_t i = 0; i < places.of.size(); ++i) {
      landings.push_back(batch.landings[places.of[i]]);
      if (places.first[places.of[i]] == i) continue;
      landings.back().provenance.shared = true;
      count(landings.back(), batch.metrics);
    }
  }
  end(batch);
  co_return landings;
}

async::awaitable<void> Core::add(Run& run, const RequestView& requests, const Places& places,
                                 std::uint32_t first) {
  std::size_t count = places.first.size();
  metrics_.counters.requests += requests.size();
  metrics_.counters.conflicting_requests += places.conflicts;
  metrics_.counters.shared += requests.size() - count;
  run.metrics.total_requests += requests.size();
  std::vector<std::string_view> keys;
  keys.reserve(count);
  for (std::uint32_t index : places.first) keys.push_back(requests.key(index));
  std::vector<Landing> landings(count);
  std::vector<Knowledge> known(count, Knowledge::kNothing);
  co_await cache_.look_up(keys, windows_of(run.terms->options), run.deadline, landings, known);
  if (run.has_left) co_return;
  bool may_wait = !is_late(run);
  std::vector<std::uint32_t> joined;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t index = places.first[i];
    bool is_answer = known[i] == Knowledge::kFresh || known[i] == Knowledge::kRevalidate;
    if (!is_answer && !may_wait) {
      ++metrics_.counters.timeouts;
      continue;
    }
    switch (known[i]) {
      case Knowledge::kRevalidate:
        refresh(run, requests, index);
        [[fallthrough]];
      case Knowledge::kFresh:
        if (prefetcher_ != nullptr && prefetcher_->has_foreseen(keys[i])) {
          ++metrics_.counters.prefetch_hits;
        }
        take(run, first + i, std::move(landings[i]));
        break;
      case Knowledge::kIfError:
      case Knowledge::kNothing: {
        std::unique_ptr<Landing> stale;
        if (known[i] == Knowledge::kIfError) stale = std::make_unique<Landing>(landings[i]);
        if (want(run, requests, index, first + i, std::move(stale))) joined.push_back(first + i);
        break;
      }
    }
  }
  for (std::uint32_t i = 0; i < places.of.size(); ++i) {
    std::uint32_t place = places.of[i];
    if (places.first[place] == i) continue;
    auto seat = run.seats.find(first + place);
    if (seat != run.seats.end()) want_again(requests, i, seat->second);
  }
  // Now that the run waits for all of them: a call may go, and end, as soon as it is claimed.
  for (std::uint32_t place : joined) {
    auto seat = run.seats.find(place);
    if (seat == run.seats.end()) continue;
    calls_.claim(FlightPtr(seat->second.flight), interest_of(*seat->second.waiter));
  }
  if (prefetcher_ != nullptr && !run.is_prefetch) prefetcher_->asked(keys);
}

// Equal keys get what suits all of them: the highest class, the shortest time.
void Core::want_again(const RequestView& requests, std::uint32_t index, const Seat& seat) {
  seat.flight->ttl = shorter(seat.flight->ttl, ttl_of(requests, index));
  seat.waiter->priority = std::min(seat.waiter->priority, requests.priority(index));
}

async::Duration Core::ttl_of(const RequestView& requests, std::uint32_t index) const {
  return requests.ttl(index).value_or(options_.ttl);
}

void Core::take(Run& run, std::uint32_t place, Landing landing) {
  if (landing.provenance.source == Provenance::Source::kMemory) ++metrics_.counters.memory_hits;
  if (landing.provenance.source == Provenance::Source::kStore) ++metrics_.counters.store_hits;
  if (landing.provenance.stale) ++metrics_.counters.stale;
  if (landing.failure) ++metrics_.counters.failed;
  give(run, place, std::move(landing));
}

// An answer, from wherever it is.
void Core::give(Run& run, std::uint32_t place, Landing landing) {
  count(landing, run.metrics);
  run.bytes.results += landing.value.bytes;
  metrics_.gauges.bytes.results += landing.value.bytes;
  run.metrics.peak_bytes.results = std::max(run.metrics.peak_bytes.results, run.bytes.results);
  run.landed(place, std::move(landing));
}

std::string Core::group_of(std::string_view key, const BatchOptions& options) {
  switch (options.grouping) {
    case Grouping::kNone:
      return std::string(key);
    case Grouping::kPrefix:
      return std::string(prefix_of(key));
    case Grouping::kCustom:
      break;
  }
  std::string group;
  try {
    group = options.grouper(key);
  } catch (...) {
    // As one that gives nothing.
  }
  if (!group.empty()) return group;
  ++metrics_.counters.grouper_failures;
  return std::string(key);
}

FlightPtr Core::begin_flight(Run& run, const RequestView& requests, std::uint32_t index) {
  const BatchOptions& options = run.terms->options;
  auto flight = std::make_shared<Flight>();
  flight->key = requests.key(index);
  flight->group = group_of(flight->key, options);
  flight->host = requests.host(index);
  flight->fetch = requests.fetch(index);
  flight->ttl = ttl_of(requests, index);
  flight->windows = windows_of(options);
  flight->is_shared = options.deduplication;
  flight->terms = run.terms;
  flight->since = services_.clock.now();
  if (flight->is_shared) table_.emplace(flight->key, flight);
  ++metrics_.gauges.flights;
  metrics_.gauges.bytes.in_flight += flight->bytes();
  return flight;
}

bool Core::want(Run& run, const RequestView& requests, std::uint32_t index, std::uint32_t place,
                std::unique_ptr<Landing> stale) {
  FlightPtr flight;
  if (run.terms->options.deduplication) {
    auto found = table_.find(requests.key(index));
    if (found != table_.end()) flight = found->second;
  }
  bool joined = flight != nullptr;
  if (!joined && options_.offline) {
    Landing landing;
    landing.failure =
        failure(ErrorCode::kNotFound, "it is not in the cache, and this run is offline");
    take(run, place, std::move(landing));
    return false;
  }
  if (joined) {
    ++metrics_.counters.shared;
    flight->ttl = shorter(flight->ttl, ttl_of(requests, index));
  } else {
    flight = begin_flight(run, requests, index);
  }
  Priority priority = run.is_prefetch ? Priority::kLow : requests.priority(index);
  flight->waiters.push_back(Waiter{&run, place, priority, joined, std::move(stale)});
  run.seats.emplace(place, Seat{flight, std::prev(flight->waiters.end())});
  ++run.pending;
  run.bytes.in_flight += flight->bytes();
  run.metrics.peak_bytes.in_flight =
      std::max(run.metrics.peak_bytes.in_flight, run.bytes.in_flight);
  if (!joined) calls_.add(flight);
  return joined;
}

void Core::refresh(Run& run, const RequestView& requests, std::uint32_t index) {
  if (table_.contains(requests.key(index))) return;
  FlightPtr flight = begin_flight(run, requests, index);
  flight->is_refresh = true;
  if (!flight->is_shared) {
    flight->is_shared = true;
    table_.emplace(flight->key, flight);
  }
  calls_.add(flight);
}

bool Core::is_late(const Run& run) const {
  return run.deadline && services_.clock.now() >= *run.deadline;
}

void Core::set_times(BatchMetrics& batch, async::TimePoint started) const {
  batch.total_time = services_.clock.now() - started;
  if (batch.total_requests == 0) return;
  batch.avg_time_per_request = batch.total_time / static_cast<std::int64_t>(batch.total_requests);
}

void Core::end(Run& run) {
  const Window& window = *run.terms->window;
  BatchMetrics& batch = run.metrics;
  set_times(batch, run.started);
  batch.limit = window.limit();
  batch.peak_calls = window.peak();
  batch.upstream_calls = window.calls();
  batch.optimized_groups = window.optimized();
  int slots = window.limit() > 0 ? window.limit() : window.peak();
  if (slots > 0 && batch.total_time.count() > 0) {
    batch.concurrency_utilization = static_cast<double>(window.busy().count()) /
                                    (slots * static_cast<double>(batch.total_time.count()));
  }
  metrics_.gauges.bytes.results -= run.bytes.results;
  run.bytes.results = 0;
  metrics_.record(batch);
}

MetricsSnapshot Core::snapshot() const {
  MetricsSnapshot snapshot;
  snapshot.name = options_.name;
  snapshot.counters = metrics_.counters;
  snapshot.gauges = metrics_.gauges;
  snapshot.average = metrics_.average();
  snapshot.batch_time = metrics_.batch_time;
  snapshot.queue_wait = metrics_.queue_wait;
  snapshot.call_time = metrics_.call_time;
  if (options_.store != nullptr) snapshot.stores = options_.store->stats();
  return snapshot;
}

}  // namespace gantry::batch::core
