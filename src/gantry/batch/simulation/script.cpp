#include "gantry/batch/simulation/script.hpp"

#include <charconv>
#include <ostream>

#include <fmt/format.h>

namespace gantry::batch::simulation {
namespace {

std::string_view name_of(KeyPlan::Fate fate) {
  constexpr std::string_view kNames[] = {"good",        "flaky",  "fading",  "broken",
                                         "unreachable", "absent", "foreign", "cancels"};
  return kNames[static_cast<std::size_t>(fate)];
}

std::string_view name_of(PlannerPlan::Mood mood) {
  constexpr std::string_view kNames[] = {"whole",   "partial", "generous", "broken",   "flaky",
                                         "foreign", "cancels", "throwing", "untrusted"};
  return kNames[static_cast<std::size_t>(mood)];
}

std::string_view name_of(ActionPlan::Kind kind) {
  constexpr std::string_view kNames[] = {"batch", "get", "stream", "hold"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string text_of(std::optional<int> number) { return number ? std::to_string(*number) : "-"; }

std::int64_t milliseconds(async::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

void print(std::ostream& out, const BatchOptions& options) {
  out << fmt::format(
      "concurrency {}, optimizations {}, grouping {}, batch_size {}, timeout {}, item_timeout {}, "
      "deduplication {}, while_revalidate {}, if_error {}, beyond_limits {}",
      options.concurrency, options.optimizations, static_cast<int>(options.grouping),
      options.batch_size, options.timeout.count(), options.item_timeout.count(),
      options.deduplication, milliseconds(options.stale_while_revalidate),
      milliseconds(options.stale_if_error), options.beyond_limits);
}

void print(std::ostream& out, const ActionPlan& action) {
  out << fmt::format("  at {} {}", action.at, name_of(action.kind));
  if (action.kind == ActionPlan::Kind::kHold) {
    out << " for " << action.lasts << "\n";
    return;
  }
  out << ": ";
  print(out, action.options);
  if (action.cancelled_after) out << ", cancelled after " << *action.cancelled_after;
  if (action.kind == ActionPlan::Kind::kStream) {
    out << fmt::format(", in_order {}, pace {}, takes {}, byte_budget {}", action.in_order,
                       action.pace, text_of(action.takes), action.byte_budget);
  }
  out << "\n    keys";
  for (const RequestPlan& request : action.requests) {
    out << " " << request.key;
    if (request.priority == Priority::kHigh) out << "h";
    if (request.priority == Priority::kLow) out << "l";
    if (request.ttl) out << "t" << *request.ttl;
    if (!request.has_fetch) out << "!";
  }
  out << "\n";
}

}  // namespace

std::string key_name(int key) { return fmt::format("part:{}:{}", key % kGroups, key); }

int key_number(std::string_view name) {
  std::string_view digits = name.substr(name.rfind(':') + 1);
  int key = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), key);
  return key;
}

bool is_retryable(KeyPlan::Fate fate) {
  return fate == KeyPlan::Fate::kFlaky || fate == KeyPlan::Fate::kUnreachable;
}

bool may_have_value(KeyPlan::Fate fate) {
  return fate == KeyPlan::Fate::kGood || fate == KeyPlan::Fate::kFlaky ||
         fate == KeyPlan::Fate::kFading;
}

std::ostream& operator<<(std::ostream& out, const Script& script) {
  out << "\n";
  for (std::size_t i = 0; i < script.keys.size(); ++i) {
    const KeyPlan& key = script.keys[i];
    out << fmt::format("  key {}: {} {}, {} ms{}\n", i, name_of(key.fate), key.times, key.latency,
                       key.is_stubborn ? ", stubborn" : "");
  }
  for (const PlannerPlan& planner : script.planners) {
    out << fmt::format("  planner: {} {}, not of {:04b}, calls {}, time {}, {} ms{}\n",
                       name_of(planner.mood), planner.times, planner.groups, planner.calls,
                       text_of(planner.time), planner.latency,
                       planner.is_stubborn ? ", stubborn" : "");
  }
  if (script.store.kind != StorePlan::Kind::kNone) {
    bool fails = script.store.kind == StorePlan::Kind::kFailing;
    out << fmt::format("  store: {} ms, fails every {}{}\n", script.store.latency,
                       fails ? script.store.fails_every : 0,
                       script.store.is_stubborn ? ", stubborn" : "");
  }
  const ProcessorOptions& processor = script.processor;
  out << fmt::format(
      "  processor: memory {}, ttl {}, negative_ttl {}, retries {} from {} ms, per group {}, per "
      "host {}, pool {}\n",
      processor.memory_bytes, milliseconds(processor.ttl), milliseconds(processor.negative_ttl),
      processor.retry.max_retries, processor.retry.first_delay.count(), processor.calls_per_group,
      processor.calls_per_host, script.pool_slots);
  for (const ActionPlan& action : script.actions) print(out, action);
  if (script.shutdown_at) out << "  shutdown at " << *script.shutdown_at << "\n";
  return out;
}

}  // namespace gantry::batch::simulation
