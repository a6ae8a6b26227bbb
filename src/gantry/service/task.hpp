// What the service knows of a batch and its tasks, and how a task may change.
//
// A task is one export of one subject: an entity by its PI, or a configuration by its name. It is
// tried in attempts, numbered from 1, and ends exactly once; a task that has failed may be taken up
// again by an attempt that somebody asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/async/clock.hpp"
#include "gantry/service/webhook.hpp"

namespace gantry::service {

enum class TaskState : std::uint8_t {
  kQueued,     // waits for a place, or for the time of its next attempt
  kLaunching,  // a worker is being started
  kRunning,    // a worker has it
  kSuccess,
  kError,
  kCancelled,
  kExpired,  // not done in the time that its batch had
};
inline constexpr int kTaskStates = 7;

// "queued", "launching", ...
std::string_view to_string(TaskState state);
bool has_ended(TaskState state);
// The word of three that clients of the first service know: "processing", "success", "error".
std::string_view status_of(TaskState state);
// Whether a task may go from one state to the other. Back to kQueued begins a new attempt.
bool may_follow(TaskState from, TaskState to);

// The kind of exports from Figma; all others are formats of archive exports.
inline constexpr std::string_view kDesign = "design";

// How many tasks of a batch are in each state.
struct TaskCounts {
  std::uint64_t by_state[kTaskStates] = {};

  std::uint64_t of(TaskState state) const { return by_state[static_cast<int>(state)]; }
  std::uint64_t total() const;
  std::uint64_t completed() const { return of(TaskState::kSuccess); }
  std::uint64_t processing() const;  // all that have not ended
  std::uint64_t failed() const { return total() - completed() - processing(); }
};

// The file that a task has made.
struct TaskOutput {
  artifacts::Artifact artifact;
  std::string name;  // for people: "01K9Z3K4GMDWTT0VQXYSPC9W6S.xml"
};

struct Task {
  std::string id;
  std::string batch_id;
  std::uint64_t ordinal = 0;  // in its batch, from 0
  std::string kind;           // of its batch
  std::string subject;        // a PI, or the name of a configuration
  TaskState state = TaskState::kQueued;
  int attempts = 0;  // begun
  std::optional<TaskOutput> output;
  std::string metrics;     // JSON object of the worker; empty: none
  std::string error_code;  // "not_found", "lost", ...
  std::string error;
  async::WallTime created_at;
  std::optional<async::WallTime> completed_at;
};

// The name of the batch of a task that was asked for alone.
inline constexpr std::string_view kNoBatch = "single";

struct Batch {
  std::string id;
  bool is_single = false;  // made for a request of one task, which clients see without a batch
  std::string kind;        // "mods", "pinax", "design"
  std::string options;     // JSON object
  TaskCounts counts;
  async::WallTime created_at;
  std::optional<async::WallTime> completed_at;
  std::optional<WebhookState> webhook;  // not in lists of batches
};

// A change that somebody may listen to.
struct TaskEvent {
  std::int64_t id = 0;  // grows; of all batches together
  std::string batch_id;
  std::string task_id;  // empty: the batch as a whole has ended
  std::string kind;
  std::string subject;
  TaskState state = TaskState::kQueued;
  int attempt = 0;
  std::string error;
  async::WallTime at;
};

// "export_mods_1763061234567_a3f8c2d1": kind, Unix milliseconds and 32 random bits. Unique by the
// database, which refuses a second one.
std::string task_id(std::string_view kind, async::WallTime at, std::uint32_t random);
// "batch_1763061234567_a3f8c2d1"
std::string batch_id(async::WallTime at, std::uint32_t random);
// Letters, digits, '_' and '-', at most 80 of them.
bool is_id(std::string_view text);
// 26 of 0-9 and A-Z.
bool is_persistent_identifier(std::string_view text);

std::int64_t unix_milliseconds(async::WallTime time);
async::WallTime from_unix_milliseconds(std::int64_t count);

}  // namespace gantry::service
