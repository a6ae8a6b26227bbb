#include "gantry/cli/progress_view.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gantry/cli/display_text.hpp"

namespace gantry::cli {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

constexpr std::string_view kSeparator = " · ";
constexpr std::size_t kSeparatorWidth = 3;
constexpr std::size_t kMarkWidth = 2;
constexpr std::size_t kNarrowestName = 8;
constexpr std::size_t kPhaseWidth = 12;  // "downloading "
constexpr std::size_t kTimeWidth = 11;   // " 12:05 left"
constexpr std::size_t kNarrowestBar = 4;
constexpr std::size_t kWidestBar = 24;
constexpr auto kWaitWorthTelling = 2s;

// "23 s", "2:05", "1:02:05".
std::string time_text(async::Duration time) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// A fact in full, and as short as it can be.
struct Fact {
  std::string text;
  std::string brief;
};

std::optional<Fact> wait_fact(const net::LimitStatus& limits) {
  async::Duration pause{};
  for (const net::HostPause& host : limits.pauses) pause = std::max(pause, host.left);
  if (pause > async::Duration(0)) {
    std::string left = time_text(pause);
    return Fact{"paused, " + left + " left", "paused " + left};
  }
  if (limits.wait < kWaitWorthTelling) return std::nullopt;
  std::string left = time_text(limits.wait);
  return Fact{"limit reached, " + left + " left", "limit " + left};
}

Fact rate_fact(const net::LimitStatus& limits) {
  std::string rate = fmt::format("{:.1f}", limits.calls_per_second);
  return {rate + " calls/s", rate + "/s"};
}

// Nothing for a minute, which is what people expect.
std::string window_text(async::Duration window) {
  if (window <= 1min) return "";
  auto days = std::chrono::floor<std::chrono::days>(window).count();
  return days > 0 ? fmt::format(" in {} days", days) : " in " + time_text(window);
}

// Of the budgets that are in use, the one with the least left first. One that is new each second is
// no limit that anybody waits for.
std::vector<Fact> budget_facts(const net::LimitStatus& limits) {
  std::vector<const net::BudgetStatus*> used;
  for (const net::BudgetStatus& budget : limits.budgets) {
    if (budget.used > 0 && budget.window > 1s) used.push_back(&budget);
  }
  auto share = [](const net::BudgetStatus& budget) {
    return static_cast<double>(budget.left()) / std::max(1, budget.limit);
  };
  std::stable_sort(used.begin(), used.end(),
                   [&](const auto* a, const auto* b) { return share(*a) < share(*b); });
  std::vector<Fact> facts;
  for (const net::BudgetStatus* budget : used) {
    std::string name = printable_line(budget->name);
    std::string span = window_text(budget->window);
    facts.push_back(
        {fmt::format("{}: {} of {} left{}", name, budget->left(), budget->limit, span),
         fmt::format("{} {}/{}", name.substr(name.find(' ') + 1), budget->left(), budget->limit)});
  }
  return facts;
}

std::vector<Fact> limit_facts(const net::LimitStatus& limits) {
  std::vector<Fact> facts;
  if (auto wait = wait_fact(limits)) facts.push_back(*std::move(wait));
  facts.push_back(rate_fact(limits));
  for (Fact& fact : budget_facts(limits)) facts.push_back(std::move(fact));
  return facts;
}

// As many facts as fit, in full if all do.
std::string joined(const std::vector<Fact>& facts, std::size_t columns) {
  std::string full;
  for (const Fact& fact : facts) {
    if (!full.empty()) full += kSeparator;
    full += fact.text;
  }
  if (width_of(full) <= columns) return full;
  std::string text;
  for (const Fact& fact : facts) {
    std::string more = text;
    if (!more.empty()) more += kSeparator;
    more += fact.brief;
    if (width_of(more) > columns) break;
    text = std::move(more);
  }
  return text;
}

std::string_view mark_of(JobState state) {
  switch (state) {
    case JobState::kWaiting:
      return "○ ";
    case JobState::kActive:
      return "● ";
    case JobState::kDone:
      return "✓ ";
    case JobState::kFailed:
      return "✗ ";
  }
  return "  ";
}

std::string bar(const JobProgress& job, std::size_t width) {
  std::uint64_t done = std::min(job.done, job.total);
  auto full = static_cast<std::size_t>(static_cast<double>(done) / static_cast<double>(job.total) *
                                       static_cast<double>(width));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

bool is_counted(const JobProgress& job) { return job.state == JobState::kActive && job.total > 1; }

// "downloading █████░░░░ 120/410 12 s left", with less of it the less room there is.
std::string counted_detail(const JobProgress& job, std::size_t room, Instant now) {
  std::string total = std::to_string(job.total);
  std::string counts = fmt::format("{:>{}}/{}", job.done, total.size(), total);
  std::size_t left = room - std::min(room, counts.size() + 1);
  bool has_time = left >= kTimeWidth + kNarrowestBar;
  if (has_time) left -= kTimeWidth;
  bool has_phase = left >= kPhaseWidth + kNarrowestBar;
  if (has_phase) left -= kPhaseWidth;
  std::string text;
  if (has_phase) text += fitted(printable_line(job.phase), kPhaseWidth - 1) + " ";
  if (left >= kNarrowestBar) text += bar(job, std::min(left, kWidestBar)) + " ";
  text += counts;
  auto time = has_time ? job.speed.time_left(now, job.total) : std::nullopt;
  if (time && *time > 0s) text += " " + time_text(*time) + " left";
  return cut(text, room);
}

std::string detail(const JobProgress& job, std::size_t room, Instant now) {
  switch (job.state) {
    case JobState::kWaiting:
      return cut("waiting", room);
    case JobState::kActive:
      return is_counted(job) ? counted_detail(job, room, now)
                             : cut(printable_line(job.phase), room);
    case JobState::kDone:
    case JobState::kFailed:
      break;
  }
  return cut(printable_line(job.outcome), room);
}

std::string job_line(const JobProgress& job, std::size_t name_width, std::size_t columns,
                     Instant now) {
  std::string line = std::string(mark_of(job.state)) + fitted(printable_line(job.name), name_width);
  std::size_t used = kMarkWidth + name_width + 1;
  if (columns <= used) return cut(line, columns);
  return line + " " + detail(job, columns - used, now);
}

std::size_t name_width_of(const std::vector<const JobProgress*>& jobs, std::size_t columns) {
  std::size_t widest = 1;
  for (const JobProgress* job : jobs)
    widest = std::max(widest, width_of(printable_line(job->name)));
  return std::min(widest, std::max(kNarrowestName, columns * 3 / 10));
}

// All jobs, or those at work and those that failed.
std::vector<const JobProgress*> choose(const std::vector<JobProgress>& jobs, std::size_t rows) {
  std::vector<const JobProgress*> chosen;
  bool all_fit = jobs.size() <= rows;
  auto take = [&](auto wanted) {
    for (const JobProgress& job : jobs) {
      // A row is kept for the counts of the others.
      if ((all_fit || chosen.size() + 1 < rows) && wanted(job)) chosen.push_back(&job);
    }
  };
  if (all_fit) {
    take([](const JobProgress&) { return true; });
  } else {
    take([](const JobProgress& job) { return job.state == JobState::kActive; });
    take([](const JobProgress& job) { return job.state == JobState::kFailed; });
  }
  return chosen;
}

Texts counts_text(const JobCounts& counts) {
  Texts texts;
  auto add = [&texts](std::size_t count, const char* what) {
    if (count > 0) texts.push_back(fmt::format("{} {}", count, what));
  };
  add(counts.active, "active");
  add(counts.waiting, "waiting");
  add(counts.done, "done");
  add(counts.failed, "failed");
  return texts;
}

// "+ 12 waiting · 30 done": what has no line of its own.
std::string others_line(JobCounts counts, const std::vector<const JobProgress*>& shown) {
  for (const JobProgress* job : shown) {
    --(job->state == JobState::kActive ? counts.active : counts.failed);
  }
  return fmt::format("+ {}", fmt::join(counts_text(counts), kSeparator));
}

Texts single_line(const JobProgress& job, const net::LimitStatus& limits, std::size_t columns,
                  Instant now) {
  std::vector<Fact> facts = limit_facts(limits);
  std::size_t name_width = name_width_of({&job}, columns);
  if (!is_counted(job)) {
    std::string line = job_line(job, name_width, columns, now);
    std::size_t used = width_of(line) + kSeparatorWidth;
    std::string tail = used < columns ? joined(facts, columns - used) : std::string();
    return {tail.empty() ? line : line + std::string(kSeparator) + tail};
  }
  std::string tail = joined(facts, columns / 3);
  if (tail.empty()) return {job_line(job, name_width, columns, now)};
  std::size_t room = columns - width_of(tail) - kSeparatorWidth;
  return {job_line(job, name_width, room, now) + std::string(kSeparator) + tail};
}

std::string footer(const JobCounts& counts, std::size_t jobs, const net::LimitStatus& limits,
                   std::size_t columns) {
  std::string count = fmt::format("[{}/{}]", counts.done + counts.failed, jobs);
  if (columns <= count.size() + 1) return cut(count, columns);
  std::string facts = joined(limit_facts(limits), columns - count.size() - 1);
  return facts.empty() ? count : count + " " + facts;
}

}  // namespace

std::vector<std::string> progress_lines(const ProgressState& state, const net::LimitStatus& limits,
                                        ScreenSize screen, Instant now) {
  const std::vector<JobProgress>& jobs = state.jobs();
  if (state.is_over() || screen.columns == 0) return {};
  if (jobs.size() == 1) return single_line(jobs.front(), limits, screen.columns, now);
  JobCounts counts = state.counts();
  std::vector<std::string> lines;
  std::size_t rows = screen.rows - std::min<std::size_t>(screen.rows, 2);
  if (rows > 0) {
    std::vector<const JobProgress*> shown = choose(jobs, rows);
    std::size_t name_width = name_width_of(shown, screen.columns);
    for (const JobProgress* job : shown) {
      lines.push_back(job_line(*job, name_width, screen.columns, now));
    }
    if (shown.size() < jobs.size()) {
      lines.push_back(cut(others_line(counts, shown), screen.columns));
    }
  }
  lines.push_back(footer(counts, jobs.size(), limits, screen.columns));
  return lines;
}

std::string status_line(const ProgressState& state, const net::LimitStatus& limits) {
  std::string text = fmt::format("{}", fmt::join(counts_text(state.counts()), ", "));
  text += std::string(kSeparator) + rate_fact(limits).text;
  for (const Fact& fact : budget_facts(limits)) text += std::string(kSeparator) + fact.text;
  if (auto wait = wait_fact(limits)) text += std::string(kSeparator) + wait->text;
  return text;
}

}  // namespace gantry::cli
