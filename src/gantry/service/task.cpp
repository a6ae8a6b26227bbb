#include "gantry/service/task.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>

#include <fmt/format.h>

namespace gantry::service {
namespace {

constexpr std::array<std::string_view, kTaskStates> kNames = {
    "queued", "launching", "running", "success", "error", "cancelled", "expired"};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string_view to_string(TaskState state) { return kNames[static_cast<std::size_t>(state)]; }

bool has_ended(TaskState state) { return state >= TaskState::kSuccess; }

std::string_view status_of(TaskState state) {
  if (!has_ended(state)) return "processing";
  return state == TaskState::kSuccess ? "success" : "error";
}

bool may_follow(TaskState from, TaskState to) {
  switch (to) {
    case TaskState::kQueued:
      // Another attempt. What succeeded is never done again.
      return from != TaskState::kQueued && from != TaskState::kSuccess;
    case TaskState::kLaunching:
      return from == TaskState::kQueued;
    case TaskState::kRunning:
      return from == TaskState::kLaunching;
    case TaskState::kSuccess:
      // A worker may be done before its launcher has said that it runs.
      return from == TaskState::kLaunching || from == TaskState::kRunning;
    case TaskState::kError:
    case TaskState::kCancelled:
    case TaskState::kExpired:
      return !has_ended(from);
  }
  return false;
}

std::uint64_t TaskCounts::total() const {
  return std::accumulate(std::begin(by_state), std::end(by_state), std::uint64_t{0});
}

std::uint64_t TaskCounts::processing() const {
  return of(TaskState::kQueued) + of(TaskState::kLaunching) + of(TaskState::kRunning);
}

std::string task_id(std::string_view kind, async::WallTime at, std::uint32_t random) {
  return fmt::format("export_{}_{}_{:08x}", kind, unix_milliseconds(at), random);
}

std::string batch_id(async::WallTime at, std::uint32_t random) {
  return fmt::format("batch_{}_{:08x}", unix_milliseconds(at), random);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 80 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-';
  });
}

bool is_persistent_identifier(std::string_view text) {
  return text.size() == 26 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

std::int64_t unix_milliseconds(async::WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

async::WallTime from_unix_milliseconds(std::int64_t count) {
  return async::WallTime(std::chrono::milliseconds(count));
}

}  // namespace gantry::service
