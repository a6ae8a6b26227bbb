#include <algorithm>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unicode/unistr.h>

#include "gantry/base/pretty_json.hpp"
#include "gantry/jobs/report/report.hpp"
#include "gantry/jobs/report/value.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;

constexpr int kSchemaVersion = 1;

double seconds(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

std::string utc(async::WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(time));
}

json::string text(std::string_view bytes) { return json::string(valid_utf8(bytes)); }

json::object span_value(const Span& span) {
  return {{"begin", seconds(span.begin)}, {"end", seconds(span.end)}};
}

json::array paths_value(const std::vector<std::string>& paths) {
  json::array list;
  list.reserve(paths.size());
  for (const std::string& path : paths) list.push_back(text(path));
  return list;
}

json::array kept_value(const std::vector<output::ChangeSet::Kept>& files) {
  json::array list;
  for (const auto& file : files) {
    list.push_back(json::object{{"path", text(file.path)}, {"reason", text(file.reason)}});
  }
  return list;
}

json::object kind_value(const KindResult& kind) {
  const output::ChangeSet& changes = kind.changes;
  return {{"kind", text(kind.kind)},
          {"exported", kind.exported},
          {"skipped", kind.skipped},
          {"files", json::object{{"added", changes.added.size()},
                                 {"changed", changes.changed.size()},
                                 {"removed", changes.removed.size()},
                                 {"unchanged", changes.unchanged.size()}}},
          {"added", paths_value(changes.added)},
          {"changed", paths_value(changes.changed)},
          {"removed", paths_value(changes.removed)},
          {"kept", kept_value(changes.kept)}};
}

json::object error_value(const Error& error, std::string_view kind, const Failure* failure) {
  json::object value{{"code", to_string(error.code())}, {"message", text(error.message())}};
  if (!kind.empty()) value["kind"] = text(kind);
  if (failure != nullptr && !failure->file.empty()) value["file"] = text(failure->file);
  if (failure != nullptr && !failure->component.empty()) {
    value["component"] = text(failure->component);
  }
  if (error.http_status() != 0) value["httpStatus"] = error.http_status();
  return value;
}

json::array errors_value(const JobResult& job) {
  json::array list;
  if (job.error) list.push_back(error_value(*job.error, "", nullptr));
  for (const KindResult& kind : job.kinds) {
    for (const Failure& failure : kind.failures) {
      list.push_back(error_value(failure.error, kind.kind, &failure));
    }
  }
  return list;
}

// Why the job has failed, in one line.
std::string failure_of(const JobResult& job) {
  if (job.error) return job.error->message();
  auto failed = std::find_if(job.kinds.begin(), job.kinds.end(),
                             [](const KindResult& kind) { return !kind.failures.empty(); });
  const Failure& first = failed->failures.front();
  std::string message = first.error.message();
  if (job.failures() == 1) return message;
  return fmt::format("{} failures; the first: {}", job.failures(), message);
}

json::object stats_value(const JobResult& job) {
  json::object stats{{"colors", 0}, {"icons", 0}, {"images", 0}, {"typography", 0}};
  for (const KindResult& kind : job.kinds) {
    if (json::value* count = stats.if_contains(kind.kind)) {
      *count = count->to_number<std::uint64_t>() + kind.exported;
    }
  }
  return stats;
}

json::object costs_value(const JobCosts& costs) {
  return {{"callsPaid", costs.calls_paid}, {"callsShared", costs.calls_shared},
          {"retries", costs.retries},      {"downloads", costs.downloads},
          {"bytes", costs.bytes},          {"cacheHits", costs.cache_hits}};
}

json::array phases_value(const JobResult& job) {
  json::array list;
  for (const auto& [name, span] : job.phases) {
    json::object phase{{"name", text(name)}};
    for (auto& member : span_value(span)) phase.insert(member);
    list.push_back(std::move(phase));
  }
  return list;
}

json::object job_value(const JobResult& job) {
  json::object value{
      {"name", text(job.name)}, {"path", text(job.path)}, {"success", job.succeeded()}};
  if (!job.succeeded()) value["error"] = text(failure_of(job));
  value["stats"] = stats_value(job);
  value["duration"] = seconds(job.duration);
  value["phases"] = phases_value(job);
  value["costs"] = costs_value(job.costs);
  json::array& kinds = value["kinds"].emplace_array();
  for (const KindResult& kind : job.kinds) kinds.push_back(kind_value(kind));
  value["errors"] = errors_value(job);
  return value;
}

json::object totals_value(const RunReport& report) {
  std::uint64_t cache_hits = 0;
  for (const JobResult& job : report.jobs) cache_hits += job.costs.cache_hits;
  return {{"apiCalls", report.api_calls},  {"retries", report.retries},
          {"downloads", report.downloads}, {"bytes", report.bytes},
          {"cacheHits", cache_hits},       {"conversionsSaved", report.conversions_saved}};
}

json::array waits_value(const RunReport& report) {
  json::array list;
  for (const Wait& wait : report.waits) {
    json::object value = span_value(wait.span);
    value["reason"] = wait.paused ? "rate limit" : "budget spent";
    list.push_back(std::move(value));
  }
  return list;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  const icu::StringPiece piece(bytes.data(), static_cast<std::int32_t>(bytes.size()));
  std::string valid;
  icu::UnicodeString::fromUTF8(piece).toUTF8String(valid);
  return valid;
}

json::object report_value(const RunReport& report) {
  const auto succeeded = std::count_if(report.jobs.begin(), report.jobs.end(),
                                       [](const JobResult& job) { return job.succeeded(); });
  json::object value{{"schemaVersion", kSchemaVersion},
                     {"gantryVersion", text(report.version)},
                     {"startTime", utc(report.started)},
                     {"endTime", utc(report.started + report.duration)},
                     {"duration", seconds(report.duration)},
                     {"dryRun", report.dry_run},
                     {"interrupted", nullptr},
                     {"totalConfigs", report.jobs.size()},
                     {"successCount", succeeded},
                     {"failureCount", static_cast<std::ptrdiff_t>(report.jobs.size()) - succeeded},
                     {"totals", totals_value(report)},
                     {"waits", waits_value(report)}};
  if (!report.interrupted.empty()) value["interrupted"] = text(report.interrupted);
  json::array& results = value["results"].emplace_array();
  for (const JobResult& job : report.jobs) results.push_back(job_value(job));
  return value;
}

std::string to_json(const RunReport& report) { return pretty_json(report_value(report)) + "\n"; }

}  // namespace gantry::jobs
