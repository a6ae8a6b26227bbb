// What happens in one simulated run of the batch engine: plain data, drawn by generate.hpp, played
// by simulation.hpp, printed when it has shown a fault. All times are milliseconds.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "gantry/batch/options.hpp"
#include "gantry/batch/request.hpp"

namespace gantry::batch::simulation {

// How long something takes. Below zero: it answers without being suspended.
using Delay = int;

// What upstream does with a key.
struct KeyPlan {
  enum class Fate {
    kGood,
    kFlaky,        // fails `times` times, in a way that may be tried again
    kFading,       // is there `times` times, then it is broken
    kBroken,       // fails for good
    kUnreachable,  // fails always, in a way that may be tried again
    kAbsent,       // does not exist
    kForeign,      // throws what is no gantry::Error
    kCancels,      // says that it was cancelled, though nobody cancelled it
  };
  Fate fate = Fate::kGood;
  int times = 0;
  Delay latency = 0;
  bool is_stubborn = false;  // takes no notice of a cancellation
};

struct PlannerPlan {
  enum class Mood {
    kWhole,
    kPartial,   // leaves every second key out
    kGenerous,  // brings all good keys of the group, asked for or not
    kBroken,
    kFlaky,      // fails `times` times, in a way that may be tried again
    kForeign,    // throws what is no gantry::Error
    kCancels,    // says that it was cancelled, though nobody cancelled it
    kThrowing,   // throws already when it is asked for the cost
    kUntrusted,  // answers with passing failures what upstream would give to a single fetch
  };
  Mood mood = Mood::kWhole;
  int times = 0;
  unsigned groups = 0;  // a bit for each group that it does not serve
  int calls = 1;        // its price
  std::optional<int> time;
  Delay latency = 0;
  bool is_stubborn = false;
};

struct StorePlan {
  enum class Kind { kNone, kSound, kFailing };
  Kind kind = Kind::kNone;
  int fails_every = 2;  // of kFailing: so many calls until one fails
  Delay latency = -1;
  bool is_stubborn = false;
};

struct RequestPlan {
  int key = 0;
  Priority priority = Priority::kNormal;
  std::optional<int> ttl;
  bool has_fetch = true;
};

struct ActionPlan {
  enum class Kind { kBatch, kGet, kStream, kHold };
  Kind kind = Kind::kBatch;
  int at = 0;
  std::vector<RequestPlan> requests;
  BatchOptions options;
  std::optional<int> cancelled_after;
  int lasts = 0;  // of a hold

  // Of a stream.
  bool in_order = false;
  int pace = 0;
  std::optional<int> takes;  // so many answers, then it goes
  std::uint64_t byte_budget = 1 << 20;
};

struct Script {
  std::vector<KeyPlan> keys;
  std::vector<PlannerPlan> planners;
  StorePlan store;
  ProcessorOptions processor;  // without its store and its ticket
  int pool_slots = 0;          // of the ticket's pool; 0: there is no ticket
  std::vector<ActionPlan> actions;
  std::optional<int> shutdown_at;
};

// "part:1:9" is in the group "part:1".
constexpr int kGroups = 4;
std::string key_name(int key);
int key_number(std::string_view name);

bool is_retryable(KeyPlan::Fate fate);
// Whether upstream ever gives a value.
bool may_have_value(KeyPlan::Fate fate);

std::ostream& operator<<(std::ostream& out, const Script& script);

}  // namespace gantry::batch::simulation
