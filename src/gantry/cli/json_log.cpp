#include "gantry/cli/json_log.hpp"

#include <chrono>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gantry/cli/display_text.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

std::string utc_now() {
  async::WallTime now = async::system_wall_time();
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch() %
                                                                            std::chrono::seconds(1))
                          .count();
  auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), milliseconds);
}

std::int64_t seconds_of(async::Duration time) {
  return std::chrono::ceil<std::chrono::seconds>(time).count();
}

json::object json_of(const net::BudgetStatus& budget) {
  return {{"name", valid_utf8(budget.name)}, {"window_seconds", seconds_of(budget.window)},
          {"limit", budget.limit},           {"used", budget.used},
          {"left", budget.left()},           {"last_10s", budget.last_10s},
          {"last_60s", budget.last_60s}};
}

}  // namespace

std::string json_event(std::string_view level, std::string_view event, const json::object& fields) {
  json::object object{{"time", utc_now()}, {"level", level}, {"event", event}};
  for (const auto& field : fields) object.insert(field);
  return json::serialize(object) + "\n";
}

json::object json_of(const JobProgress& job) {
  return {{"job", valid_utf8(job.name)},
          {"phase", job.phase},
          {"done", job.done},
          {"total", job.total}};
}

json::object json_of(const ProgressState& state, const net::LimitStatus& limits) {
  JobCounts counts = state.counts();
  json::array budgets;
  for (const net::BudgetStatus& budget : limits.budgets) budgets.push_back(json_of(budget));
  json::array pauses;
  for (const net::HostPause& pause : limits.pauses) {
    pauses.push_back(
        json::object{{"host", valid_utf8(pause.host)}, {"seconds_left", seconds_of(pause.left)}});
  }
  json::array jobs;
  for (const JobProgress& job : state.jobs()) {
    if (job.state == JobState::kActive) jobs.push_back(json_of(job));
  }
  return {{"active", counts.active},
          {"waiting", counts.waiting},
          {"done", counts.done},
          {"failed", counts.failed},
          {"calls_per_second", std::round(limits.calls_per_second * 100) / 100},
          {"wait_seconds", seconds_of(limits.wait)},
          {"budgets", std::move(budgets)},
          {"pauses", std::move(pauses)},
          {"jobs", std::move(jobs)}};
}

}  // namespace gantry::cli
