#include "gantry/cli/progress_state.hpp"

#include <algorithm>

namespace gantry::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kMeasured = 10s;
constexpr auto kBetweenSamples = 250ms;
constexpr auto kShortestMeasurement = 1s;
constexpr auto kStandstill = 5s;
constexpr std::uint64_t kLeastShare = 10;  // one in so many must be done
constexpr std::chrono::seconds kLongest = 100h;

}  // namespace

void Speed::note(Instant now, std::uint64_t done) {
  if (!samples_.empty() && done < samples_.back().done) samples_.clear();  // another count
  // The last sample is the latest count; those before it are not too many.
  bool is_new = samples_.size() < 2 ||
                samples_.back().time - samples_[samples_.size() - 2].time >= kBetweenSamples;
  if (is_new) {
    samples_.push_back({now, done});
  } else {
    samples_.back() = {now, done};
  }
  while (samples_.size() > 2 && now - samples_[1].time > kMeasured) samples_.pop_front();
}

std::optional<std::chrono::seconds> Speed::time_left(Instant now, std::uint64_t total) const {
  if (samples_.empty()) return std::nullopt;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  auto measured = std::chrono::duration<double>(now - first.time);
  bool is_known = last.done > first.done && last.done <= total &&
                  last.done * kLeastShare >= total && measured > kShortestMeasurement &&
                  now - last.time < kStandstill;
  if (!is_known) return std::nullopt;
  double per_second = static_cast<double>(last.done - first.done) / measured.count();
  auto left = std::chrono::duration<double>(static_cast<double>(total - last.done) / per_second);
  if (left >= kLongest) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(left);
}

JobProgress& ProgressState::find(const std::string& job) {
  auto [place, is_new] = index_.try_emplace(job, jobs_.size());
  if (is_new) jobs_.emplace_back().name = job;
  return jobs_[place->second];
}

void ProgressState::add(const std::string& job) { find(job); }

void ProgressState::start(const std::string& job) {
  JobProgress& found = find(job);
  found.state = JobState::kActive;
  found.phase = "starting";
}

bool ProgressState::advance(Instant now, const std::string& job, const std::string& phase,
                            std::uint64_t done, std::uint64_t total) {
  JobProgress& found = find(job);
  if (found.state == JobState::kDone || found.state == JobState::kFailed) return false;
  bool is_new = found.phase != phase;
  if (is_new) found.speed = Speed();
  found.state = phase == "waiting" ? JobState::kWaiting : JobState::kActive;
  found.phase = phase;
  found.done = done;
  found.total = total;
  found.speed.note(now, done);
  return is_new;
}

void ProgressState::finish(const std::string& job, bool succeeded, const std::string& outcome) {
  JobProgress& found = find(job);
  found.state = succeeded ? JobState::kDone : JobState::kFailed;
  found.outcome = outcome;
}

JobCounts ProgressState::counts() const {
  JobCounts counts;
  for (const JobProgress& job : jobs_) {
    switch (job.state) {
      case JobState::kWaiting:
        ++counts.waiting;
        break;
      case JobState::kActive:
        ++counts.active;
        break;
      case JobState::kDone:
        ++counts.done;
        break;
      case JobState::kFailed:
        ++counts.failed;
        break;
    }
  }
  return counts;
}

bool ProgressState::is_over() const {
  return std::all_of(jobs_.begin(), jobs_.end(), [](const JobProgress& job) {
    return job.state == JobState::kDone || job.state == JobState::kFailed;
  });
}

}  // namespace gantry::cli
