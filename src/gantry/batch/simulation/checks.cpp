// What must hold whatever is played, and the rules of Watch.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gantry/batch/simulation/simulation.hpp"

namespace gantry::batch::simulation {
namespace {

using namespace std::chrono_literals;
using Fate = KeyPlan::Fate;
using Kind = ActionPlan::Kind;
using Mood = PlannerPlan::Mood;

// A waiting call moves up one class in such a time; before, classes are strict.
constexpr auto kAgeing = 30s;

bool is_named(const ActionPlan& action, int key) {
  return std::any_of(action.requests.begin(), action.requests.end(),
                     [key](const RequestPlan& request) { return request.key == key; });
}

// Some request for the key can be served by a planner only, and so its failures are the key's.
bool may_lack_fetch(const Script& script, int key) {
  for (const ActionPlan& action : script.actions) {
    for (const RequestPlan& request : action.requests) {
      if (request.key == key && !request.has_fetch) return true;
    }
  }
  return false;
}

// The longest lifetime that anybody gives to the key.
std::chrono::milliseconds longest_ttl(const Script& script) {
  auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(script.processor.ttl);
  for (const ActionPlan& action : script.actions) {
    for (const RequestPlan& request : action.requests) {
      longest = std::max(longest, std::chrono::milliseconds(request.ttl.value_or(0)));
    }
  }
  return longest;
}

// Whether some call for the key may have been cut short by an item_timeout.
bool may_time_out(const Script& script, int key) {
  int slowest = script.keys[static_cast<std::size_t>(key)].latency;
  for (const PlannerPlan& planner : script.planners) slowest = std::max(slowest, planner.latency);
  return std::any_of(
      script.actions.begin(), script.actions.end(), [slowest](const ActionPlan& action) {
        auto limit = action.options.item_timeout.count();
        return limit > 0 && limit <= slowest;
      });
}

// Enough for every flaky key to come through.
bool outlasts(const Script& script, const KeyPlan& key) {
  return key.times <= script.processor.retry.max_retries;
}

}  // namespace

// All windows that may still have calls: of what has not ended, of what has ended but left
// refreshes behind, or calls that are asking a slow store once more, and one slot for each call
// that was already under way when a batch ended.
void Simulation::check_limits(const Operation& newest) {
  const auto& running = upstream_->running();
  auto count = static_cast<int>(running.size());
  if (script_.pool_slots > 0 && count > script_.pool_slots) {
    fault(fmt::format("{} calls where the pool has {} slots", count, script_.pool_slots));
  }
  int limit = 0;
  bool is_limited = true;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const BatchOptions& options = script_.actions[i].options;
    if (script_.actions[i].kind == Kind::kHold || !results_[i].has_begun) continue;
    bool leaves_some = options.stale_while_revalidate.count() > 0 || script_.store.latency > 0;
    if (results_[i].has_ended && !leaves_some) continue;
    is_limited = is_limited && options.concurrency > 0;
    limit += options.concurrency;
  }
  limit += static_cast<int>(std::count_if(running.begin(), running.end(),
                                          [](const Operation& one) { return one.is_orphan; }));
  if (is_limited && count > limit) {
    fault(fmt::format("{} calls where {} may run, the last for {}", count, limit, newest.keys));
  }
  bool same_groups = std::all_of(
      script_.actions.begin(), script_.actions.end(),
      [](const ActionPlan& one) { return one.options.grouping == Grouping::kPrefix; });
  std::map<int, int> groups;
  std::map<int, int> hosts;
  for (const Operation& one : running) {
    ++groups[one.keys.front() % kGroups];
    if (!one.by_planner()) ++hosts[one.keys.front() % 3];
  }
  int group_cap = script_.processor.calls_per_group;
  int group_calls = groups[newest.keys.front() % kGroups];
  if (same_groups && group_cap > 0 && group_calls > group_cap) {
    fault(fmt::format("{} calls of one group, and {} may run", group_calls, group_cap));
  }
  int host_cap = script_.processor.calls_per_host;
  int host_calls = hosts[newest.keys.front() % 3];
  if (!newest.by_planner() && host_cap > 0 && host_calls > host_cap) {
    fault(fmt::format("{} calls to one host, and {} may run", host_calls, host_cap));
  }
}

bool Simulation::is_deduplicated(int key) const {
  return std::all_of(script_.actions.begin(), script_.actions.end(), [key](const auto& action) {
    return action.options.deduplication || !is_named(action, key);
  });
}

void Simulation::check_single_flight(const Operation& newest) {
  for (const Operation& one : upstream_->running()) {
    if (&one == &newest || one.is_cancelled()) continue;
    for (int key : newest.keys) {
      bool is_here = std::find(one.keys.begin(), one.keys.end(), key) != one.keys.end();
      if (is_here && is_deduplicated(key)) fault(fmt::format("key {} is in flight twice", key));
    }
  }
  for (const ActionPlan& action : script_.actions) {
    auto limit = static_cast<std::size_t>(action.options.batch_size);
    bool all_here = std::all_of(newest.keys.begin(), newest.keys.end(),
                                [&](int key) { return is_named(action, key); });
    bool is_only = std::none_of(
        script_.actions.begin(), script_.actions.end(), [&](const ActionPlan& other) {
          return &other != &action && std::any_of(newest.keys.begin(), newest.keys.end(),
                                                  [&](int key) { return is_named(other, key); });
        });
    if (all_here && is_only && newest.keys.size() > limit) {
      fault(fmt::format("{} keys in one call of at most {}", newest.keys.size(), limit));
    }
  }
}

void Simulation::check_class(const Operation& newest) {
  Waiting& own = waiting(newest.keys.front());
  if (loop_.clock().now() - own.since_time >= kAgeing) return;
  for (std::size_t key = 0; key < waiting_.size(); ++key) {
    const Waiting& other = waiting_[key];
    if (other.actions.empty() || other.sleeps || other.priority >= own.priority) continue;
    bool is_flying = std::any_of(
        upstream_->running().begin(), upstream_->running().end(), [key](const Operation& one) {
          return one.keys.front() == static_cast<int>(key) && !one.is_cancelled();
        });
    if (is_flying || other.since >= step_) continue;
    fault(fmt::format("key {} of class {} went before key {} of class {}", newest.keys.front(),
                      static_cast<int>(own.priority), key, static_cast<int>(other.priority)));
  }
}

// When nothing can be done before time passes: everything that is wanted flies, sleeps or has no
// slot; everything that flies is wanted.
void Simulation::check_slots() {
  if (!watch_.slots) return;
  int slots = script_.pool_slots;
  if (slots == 0) slots = script_.actions.front().options.concurrency;
  const auto& running = upstream_->running();
  if (static_cast<int>(running.size()) >= slots) return;
  for (std::size_t key = 0; key < waiting_.size(); ++key) {
    if (waiting_[key].actions.empty() || waiting_[key].sleeps) continue;
    bool flies = std::any_of(running.begin(), running.end(), [key](const Operation& one) {
      auto found = std::find(one.keys.begin(), one.keys.end(), static_cast<int>(key));
      return found != one.keys.end() && !one.is_cancelled();
    });
    if (!flies) {
      fault(fmt::format("key {} waits, and {} of {} slots are in use", key, running.size(), slots));
    }
  }
}

void Simulation::check_flights() {
  if (!watch_.waiters) return;
  for (const auto& [keys, waiters] : std::exchange(cancelled_, {})) {
    for (int action : waiters) {
      if (!result(action).has_ended) {
        fault(fmt::format("the call for {} was cancelled, and action {} waits", keys, action));
      }
    }
  }
  for (const Operation& one : upstream_->running()) {
    bool is_wanted = std::any_of(one.keys.begin(), one.keys.end(),
                                 [this](int key) { return !waiting(key).actions.empty(); });
    if (!is_wanted && !one.is_cancelled()) {
      fault(fmt::format("{} runs, and nobody waits for it", one.keys));
    }
  }
}

void Simulation::check_result(int number) {
  const ActionPlan& its = plan(number);
  const ActionResult& got = result(number);
  if (!got.has_begun && is_shut_down_) return;
  if (!got.has_ended) return fault(fmt::format("action {} hangs", number));
  if (its.kind == Kind::kHold) return;
  auto timeout = its.options.timeout;
  bool is_timed = its.kind != Kind::kStream && timeout.count() > 0;
  if (is_timed && got.ended > got.began + timeout) {
    fault(fmt::format("action {} took {} ms of {}", number,
                      milliseconds(got.ended) - milliseconds(got.began), timeout.count()));
  }
  if (got.failure) {
    bool is_stop = got.failure->code() == ErrorCode::kCancelled && got.was_cancelled;
    if (!is_stop) fault(fmt::format("action {} threw: {}", number, got.failure->message()));
  }
  bool is_whole = !got.failure && !its.takes;
  if (is_whole && got.items.size() != its.requests.size()) {
    fault(fmt::format("action {} has {} answers for {} requests", number, got.items.size(),
                      its.requests.size()));
  }
  std::vector<bool> seen(its.requests.size(), false);
  std::uint64_t next = 0;
  for (const auto& [place, item] : got.items) {
    if (place >= seen.size() || seen[place]) {
      fault(fmt::format("action {} was told of request {} twice", number, place));
      continue;
    }
    seen[place] = true;
    if (its.in_order && place != next++) {
      fault(fmt::format("request {} of action {} is out of order", place, number));
    }
    check_item(number, place, item);
  }
}

void Simulation::check_item(int number, std::uint64_t place, const ActionResult::Item& item) {
  int key = plan(number).requests[place].key;
  if (item) {
    check_value(number, key, item);
  } else {
    check_error(number, key, item);
  }
}

void Simulation::check_value(int number, int key, const ActionResult::Item& item) {
  const std::string& value = *item;
  std::size_t at = value.find('@');
  std::int64_t made = -1;
  if (at != std::string::npos) std::from_chars(&value[at + 1], &value[value.size()], made);
  auto describe = [&](std::string_view what) {
    fault(fmt::format("action {} got '{}' for key {}: {}", number, value, key, what));
  };
  if (value.substr(0, at) != key_name(key)) return describe("another key's value");
  Fate fate = script_.keys[static_cast<std::size_t>(key)].fate;
  if (!may_have_value(fate)) return describe("there is none");
  const ActionResult& its = result(number);
  const BatchOptions& options = plan(number).options;
  const Provenance& from = item.provenance();
  std::int64_t age = milliseconds(its.began) - made;  // when the batch was begun
  auto ttl = longest_ttl(script_).count();
  if (from.stale) {
    async::Duration window = std::max(options.stale_while_revalidate, options.stale_if_error);
    if (window.count() == 0) return describe("stale, and the batch takes nothing stale");
    auto slack = std::chrono::duration_cast<std::chrono::milliseconds>(window).count();
    if (age > ttl + slack) describe("older than the windows allow");
  } else if (from.source == Provenance::Source::kUpstream) {
    if (age > 0) describe("made before it was asked for, and said to come from upstream");
  } else if (age > ttl) {
    describe("past its time, and not marked as stale");
  }
}

void Simulation::check_error(int number, int key, const ActionResult::Item& item) {
  const KeyPlan& its = script_.keys[static_cast<std::size_t>(key)];
  ErrorCode code = item.error().code();
  auto describe = [&](std::string_view what) {
    fault(fmt::format("action {} got '{}' for key {}: {}", number, item.error().message(), key,
                      what));
  };
  bool is_cached = item.provenance().source == Provenance::Source::kMemory ||
                   item.provenance().source == Provenance::Source::kStore;
  if (is_cached && code != ErrorCode::kNotFound) return describe("a cached failure");
  if (may_lack_fetch(script_, key) || is_shut_down_) return;
  const ActionResult& got = result(number);
  bool at_deadline = got.ended == got.began + plan(number).options.timeout;
  switch (code) {
    case ErrorCode::kTimeout:
      if (!at_deadline && !may_time_out(script_, key)) describe("before its time was up");
      return;
    case ErrorCode::kNotFound:
      if (its.fate != Fate::kAbsent) describe("it is there");
      return;
    case ErrorCode::kServer:
      if (its.fate != Fate::kBroken && its.fate != Fate::kFading) describe("it is not broken");
      return;
    case ErrorCode::kNetwork: {
      bool is_out_of_luck = its.fate == Fate::kFlaky && !outlasts(script_, its);
      if (its.fate != Fate::kUnreachable && !is_out_of_luck) describe("it can be reached");
      return;
    }
    case ErrorCode::kInternal:
      if (its.fate != Fate::kForeign) describe("nothing foreign was thrown");
      return;
    case ErrorCode::kCancelled:
      if (its.fate != Fate::kCancels) describe("nobody has cancelled it");
      return;
    default:
      describe("not an error of this world");
  }
}

void Simulation::check_store() {
  for (const auto& [name, record] : store_.records()) {
    int key = key_number(name);
    Fate fate = script_.keys[static_cast<std::size_t>(key)].fate;
    bool is_value = record.kind == store::Record::Kind::kValue;
    bool is_own = record.bytes->starts_with(name + "@");
    if (is_value && !(is_own && may_have_value(fate))) {
      fault(fmt::format("the store has '{}' for '{}'", *record.bytes, name));
    }
    if (!is_value && fate != Fate::kAbsent && !may_lack_fetch(script_, key)) {
      fault(fmt::format("the store says that '{}' does not exist", name));
    }
  }
}

void Simulation::check_nothing_is_left() {
  MetricsSnapshot metrics = processor_->metrics();
  const Gauges& gauges = metrics.gauges;
  if (gauges.calls != 0) fault(fmt::format("{} calls are left", gauges.calls));
  if (gauges.flights != 0) fault(fmt::format("{} flights are left", gauges.flights));
  if (gauges.bytes.in_flight != 0 || gauges.bytes.results != 0) {
    fault(fmt::format("{} and {} bytes are left", gauges.bytes.in_flight, gauges.bytes.results));
  }
  if (callers_->running() + flights_->running() != 0) {
    fault(fmt::format("{} callers and {} tasks are left", callers_->running(),
                      flights_->running()));
  }
  const net::AdmissionQueue& queue = admission_->queue();
  if (queue.waiting() != 0) fault(fmt::format("{} tickets are left", queue.waiting()));
  std::size_t own = script_.pool_slots > 0 ? 1 : 0;
  if (queue.pools() > own || queue.routes() > own) {
    fault(fmt::format("{} pools and {} routes are left", queue.pools(), queue.routes()));
  }
  if (own > 0 && queue.slots_in_use("upstream") != 0) fault("slots of the pool are left");
  if (!upstream_->running().empty()) fault("calls run on");
  std::optional<BatchMetrics> last = processor_->last_batch();
  if (!last) return;
  if (last->limit > 0 && last->peak_calls > last->limit) {
    fault(fmt::format("a batch says {} calls of {}", last->peak_calls, last->limit));
  }
  if (last->concurrency_utilization > 1.000001) {
    fault(fmt::format("a batch says that it used {} of its slots", last->concurrency_utilization));
  }
}

}  // namespace gantry::batch::simulation
