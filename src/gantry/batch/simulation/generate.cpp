#include "gantry/batch/simulation/generate.hpp"

#include <stdexcept>
#include <utility>

namespace gantry::batch::simulation {
namespace {

using Fate = KeyPlan::Fate;
using Kind = ActionPlan::Kind;
using Mood = PlannerPlan::Mood;
using namespace std::chrono_literals;

// A number that may be anything below `count` in the smallest case, too; it shrinks to 0.
int any_below(int count) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, count)); }
// A number that grows with the size of the case.
int small_below(int count) { return *rc::gen::inRange(0, count); }
bool one_in(int count) { return any_below(count) == count - 1; }

template <class T>
T any_of(std::initializer_list<T> values) {
  return *(values.begin() + any_below(static_cast<int>(values.size())));
}

Delay any_latency() {
  int kind = any_below(20);
  if (kind < 3) return -1;
  if (kind < 5) return 0;
  if (kind == 19) return 1500 + any_below(2000);
  return 5 * (1 + small_below(60));
}

KeyPlan key_plan(const Scope& scope) {
  KeyPlan plan;
  if (scope.failures && one_in(3)) {
    plan.fate = any_of({Fate::kFlaky, Fate::kFlaky, Fate::kFading, Fate::kBroken,
                        Fate::kUnreachable, Fate::kAbsent, Fate::kForeign, Fate::kCancels});
    plan.times = 1 + any_below(3);
  }
  plan.latency = any_latency();
  plan.is_stubborn = one_in(8);
  return plan;
}

PlannerPlan planner_plan(const Scope& scope) {
  PlannerPlan plan;
  plan.mood = any_of({Mood::kWhole, Mood::kWhole, Mood::kPartial, Mood::kGenerous});
  if (scope.failures && one_in(2)) {
    plan.mood = any_of({Mood::kBroken, Mood::kFlaky, Mood::kForeign, Mood::kCancels,
                        Mood::kThrowing, Mood::kUntrusted});
  }
  plan.times = 1 + any_below(3);
  plan.groups = static_cast<unsigned>(any_below(2) * any_below(1 << kGroups));
  plan.calls = 1 + any_below(2);
  if (one_in(3)) plan.time = 50 * any_below(10);
  plan.latency = any_latency();
  plan.is_stubborn = one_in(8);
  return plan;
}

StorePlan store_plan(const Scope& scope) {
  StorePlan plan;
  plan.kind = any_of({StorePlan::Kind::kNone, StorePlan::Kind::kSound, StorePlan::Kind::kSound});
  if (scope.failures && one_in(3)) plan.kind = StorePlan::Kind::kFailing;
  plan.fails_every = 1 + any_below(4);
  if (one_in(2)) plan.latency = any_latency();
  plan.is_stubborn = one_in(4);
  return plan;
}

std::string group_by_parity(std::string_view key) {
  int number = key_number(key);
  if (number % 7 == 3) throw std::runtime_error("not a key of mine");
  if (number % 7 == 5) return {};
  return number % 2 == 0 ? "even" : "odd";
}

BatchOptions batch_options(const Scope& scope) {
  BatchOptions options;
  options.concurrency = 1 + small_below(20);
  options.optimizations = !one_in(5);
  options.grouping =
      any_of({Grouping::kPrefix, Grouping::kPrefix, Grouping::kNone, Grouping::kCustom});
  options.grouper = group_by_parity;
  options.batch_size = 1 + small_below(100);
  if (one_in(3)) options.batch_size = 1 + any_below(4);
  options.timeout = 60'000ms;
  if (scope.timeouts) {
    if (one_in(2)) options.timeout = std::chrono::milliseconds(1'000 + 100 * any_below(20));
    if (one_in(4)) options.item_timeout = std::chrono::milliseconds(50 * (1 + any_below(8)));
  } else {
    // Slow keys that go one after another take longer than any deadline within the limits.
    options.beyond_limits = true;
    options.timeout = 0ms;
  }
  if (scope.shared_keys && one_in(6)) options.deduplication = false;
  if (scope.caches && one_in(3)) {
    options.stale_while_revalidate = std::chrono::milliseconds(any_below(2) * 400);
    options.stale_if_error = std::chrono::milliseconds(any_below(2) * 1'000);
  }
  if (one_in(6)) {
    options.beyond_limits = true;
    options.concurrency = any_below(2) * (1 + any_below(40));
    if (scope.timeouts) options.timeout = std::chrono::milliseconds(50 * any_below(8));
  }
  options.job.lane = static_cast<net::Lane>(any_below(3));
  return options;
}

RequestPlan request_plan(int drawn, int keys, bool may_lack_fetch, const Scope& scope) {
  RequestPlan plan;
  plan.key = drawn % keys;
  int rest = drawn / keys;
  if (rest % 6 == 4) plan.priority = Priority::kHigh;
  if (rest % 6 == 5) plan.priority = Priority::kLow;
  if (scope.caches && rest / 6 == 2) plan.ttl = 0;
  if (scope.caches && rest / 6 == 3) plan.ttl = 150;
  plan.has_fetch = !may_lack_fetch || plan.key % 5 != 0;
  return plan;
}

std::vector<RequestPlan> request_plans(int keys, const Scope& scope) {
  auto drawn = *rc::gen::scale(0.6, rc::gen::container<std::vector<int>>(rc::gen::resize(
                                        rc::kNominalSize, rc::gen::inRange(0, keys * 24))));
  bool may_lack_fetch = scope.planners && scope.failures && one_in(8);
  std::vector<RequestPlan> plans;
  plans.reserve(drawn.size());
  for (int number : drawn) plans.push_back(request_plan(number, keys, may_lack_fetch, scope));
  return plans;
}

ActionPlan action_plan(int keys, const Scope& scope) {
  ActionPlan plan;
  plan.kind = any_of({Kind::kBatch, Kind::kBatch, Kind::kBatch, Kind::kGet, Kind::kStream});
  if (plan.kind == Kind::kStream && !scope.streams) plan.kind = Kind::kBatch;
  if (scope.holds && scope.planners && one_in(12)) plan.kind = Kind::kHold;
  plan.at = any_below(3) == 0 ? 0 : 10 * small_below(150);
  plan.lasts = 10 * any_below(50);
  plan.options = batch_options(scope);
  if (plan.kind != Kind::kHold) plan.requests = request_plans(keys, scope);
  if (plan.kind == Kind::kGet) {
    if (plan.requests.empty()) plan.requests.emplace_back();
    plan.requests.resize(1);
  }
  if (scope.cancellations && one_in(3)) plan.cancelled_after = 10 * any_below(60);
  if (plan.kind == Kind::kStream) {
    plan.in_order = one_in(2);
    if (one_in(3)) plan.pace = 10 * any_below(20);
    if (one_in(4)) plan.takes = any_below(20);
    if (one_in(3)) plan.byte_budget = static_cast<std::uint64_t>(1 + any_below(5'000));
  }
  return plan;
}

ProcessorOptions processor_options(const Scope& scope) {
  ProcessorOptions options;
  options.seed = static_cast<std::uint64_t>(any_below(1000));
  options.retry.max_retries = any_below(4);
  options.retry.first_delay = std::chrono::milliseconds(any_of({0, 20, 300}));
  options.retry.longest_delay = 1'000ms;
  options.ttl = 0s;
  if (scope.caches) {
    options.ttl = any_of<async::Duration>({24h, 24h, 300ms, 1500ms});
    options.negative_ttl = any_of<async::Duration>({1min, 200ms, 0s});
    if (one_in(2)) options.memory_bytes = std::uint64_t{1} << (10 + any_below(12));
  }
  if (scope.caps && one_in(4)) options.calls_per_group = 1 + any_below(4);
  if (scope.caps && one_in(4)) options.calls_per_host = 1 + any_below(4);
  return options;
}

}  // namespace

rc::Gen<Script> script_in(Scope scope) {
  return rc::gen::exec([scope] {
    Script script;
    int keys = 1 + small_below(40);
    for (int i = 0; i < keys; ++i) script.keys.push_back(key_plan(scope));
    int planners = scope.planners ? any_below(3) : 0;
    for (int i = 0; i < planners; ++i) script.planners.push_back(planner_plan(scope));
    if (scope.caches) script.store = store_plan(scope);
    script.processor = processor_options(scope);
    if (scope.pool && one_in(3)) script.pool_slots = 1 + any_below(8);
    int actions = 1 + small_below(static_cast<int>(scope.actions));
    for (int i = 0; i < actions; ++i) script.actions.push_back(action_plan(keys, scope));
    return script;
  });
}

}  // namespace gantry::batch::simulation
