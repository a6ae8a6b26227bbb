// What is known of the jobs of a run while it goes on, from the events of a ProgressSink.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace gantry::cli {

using Instant = std::chrono::steady_clock::time_point;

enum class JobState { kWaiting, kActive, kDone, kFailed };

// How fast a count grows, by what it was in the last seconds.
class Speed {
 public:
  void note(Instant now, std::uint64_t done);
  // Until `done` is `total`; nothing if less than a tenth is done, less than a second was measured,
  // or nothing moves.
  std::optional<std::chrono::seconds> time_left(Instant now, std::uint64_t total) const;

 private:
  struct Sample {
    Instant time;
    std::uint64_t done = 0;
  };
  std::deque<Sample> samples_;
};

struct JobProgress {
  std::string name;
  JobState state = JobState::kWaiting;
  std::string phase;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string outcome;
  Speed speed;
};

struct JobCounts {
  std::size_t waiting = 0;
  std::size_t active = 0;
  std::size_t done = 0;
  std::size_t failed = 0;
};

class ProgressState {
 public:
  // A job that will come, in the order in which jobs are shown.
  void add(const std::string& job);
  void start(const std::string& job);
  // Whether the phase is a new one. "waiting" is the phase of a job whose turn has not come.
  bool advance(Instant now, const std::string& job, const std::string& phase, std::uint64_t done,
               std::uint64_t total);
  void finish(const std::string& job, bool succeeded, const std::string& outcome);

  const std::vector<JobProgress>& jobs() const { return jobs_; }
  JobCounts counts() const;
  bool is_over() const;

 private:
  JobProgress& find(const std::string& job);

  std::vector<JobProgress> jobs_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace gantry::cli
