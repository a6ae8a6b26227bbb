#include "gantry/service/worker.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/service/design_task.hpp"
#include "gantry/service/task.hpp"

namespace gantry::service {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kSignOfLife = 10s;
// The server may be away for a while: it is started anew.
constexpr int kReports = 10;
constexpr std::array kPassing = {ErrorCode::kNetwork, ErrorCode::kServer, ErrorCode::kTimeout,
                                 ErrorCode::kRateLimited, ErrorCode::kNoSpace};

class Reporter {
 public:
  Reporter(async::Clock& clock, net::Transport& transport, const WorkerTask& task)
      : clock_(clock), transport_(transport), task_(task) {}

  // The status of the answer; what the transport throws.
  async::awaitable<int> post(json::object body) {
    body["task_id"] = task_.task_id;
    body["batch_id"] = task_.batch_id;
    net::HttpRequest request;
    request.method = "POST";
    request.url = task_.callback_url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json::serialize(body);
    request.credential = net::Credential{"Authorization", Secret("Bearer " + task_.token.reveal()),
                                         net::origin_of(task_.callback_url)};
    request.limits.total = 30s;
    net::HttpResponse response = co_await transport_.send(std::move(request));
    co_return response.status;
  }

  // Until it is taken or refused for good. False: refused.
  async::awaitable<bool> report_end(json::object body) {
    if (task_.callback_url.empty()) co_return true;
    for (int attempt = 1;; ++attempt) {
      int status = 0;
      try {
        status = co_await post(body);
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled || attempt == kReports) throw;
      }
      if (status >= 200 && status < 300) co_return true;
      bool is_passing = status == 0 || status == 429 || status >= 500;
      if (!is_passing) co_return false;
      if (attempt == kReports) {
        throw Error(ErrorCode::kServer, fmt::format("the server answers {} to the report", status));
      }
      co_await clock_.sleep(std::min(500ms * (1 << std::min(attempt, 6)), 15'000ms));
    }
  }

  // Signs of life for as long as it is not cancelled; throws when the server wants no more.
  async::awaitable<void> live() {
    while (true) {
      co_await clock_.sleep(kSignOfLife);
      int status = 0;
      try {
        status = co_await post({{"status", "processing"}});
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled) throw;
      }
      if (status == 409) throw Error(ErrorCode::kConflict, "the server wants this attempt no more");
    }
  }

 private:
  async::Clock& clock_;
  net::Transport& transport_;
  const WorkerTask& task_;
};

jobs::ArchiveJob job_of(const WorkerTask& task) {
  auto format = jobs::parse_archive_format(task.format);
  if (!format) throw Error(ErrorCode::kUsage, "there is no format '" + task.format + "'");
  auto root = archive::Pi::parse(task.subject);
  if (!root) throw Error(ErrorCode::kUsage, "'" + task.subject + "' is not a PI");
  json::error_code fault;
  json::value options = json::parse(task.options, fault);
  if (fault) throw Error(ErrorCode::kUsage, "EXPORT_OPTIONS is not JSON: " + fault.message());
  std::vector<jobs::OptionFault> faults;
  jobs::ArchiveOptions read = jobs::read_archive_options(*format, options, faults);
  if (!faults.empty()) {
    throw Error(ErrorCode::kUsage,
                "EXPORT_OPTIONS: " + faults.front().pointer + " " + faults.front().message);
  }
  return {.root = *root, .folder = task.folder, .options = std::move(read)};
}

json::object failure_body(const Error& error) {
  bool again = error.retry() == Retry::kSameRequest ||
               std::find(kPassing.begin(), kPassing.end(), error.code()) != kPassing.end();
  return {{"status", "error"},
          {"error", error.message()},
          {"error_code", to_string(error.code())},
          {"retryable", again}};
}

json::object body_of(const jobs::ArchiveResult& result) {
  if (result.error) return failure_body(*result.error);
  const jobs::ArchiveCounts& counts = result.counts;
  json::object metrics{{"total_time_ms", result.duration.count()},
                       {"entities_exported", counts.exported},
                       {"entities_failed", counts.failed + counts.missing},
                       {"entities_incomplete", counts.incomplete},
                       {"peak_memory_mb", result.peak_memory >> 20}};
  return {{"status", "success"},
          {"output_file_name", result.path.filename().string()},
          {"output_file_size", result.bytes},
          {"metrics", std::move(metrics)}};
}

// Of what a configuration could not export, the first.
Error failure_of(const jobs::JobResult& job) {
  if (job.error) return *job.error;
  for (const jobs::KindResult& kind : job.kinds) {
    if (kind.failures.empty()) continue;
    const jobs::Failure& first = kind.failures.front();
    Error error =
        first.component.empty() ? first.error : first.error.in("'" + first.component + "'");
    return job.failures() == 1 ? error : error.in(fmt::format("{} failures", job.failures()));
  }
  return Error(ErrorCode::kInternal, "the export has failed");
}

json::object body_of(const DesignTaskResult& result) {
  if (!result.job.succeeded()) return failure_body(failure_of(result.job));
  std::size_t exported = 0;
  for (const jobs::KindResult& kind : result.job.kinds) exported += kind.exported;
  return {{"status", "success"},
          {"output_file_name", result.archive.filename().string()},
          {"output_file_size", result.size},
          {"metrics", json::object{{"total_time_ms", result.job.duration.count()},
                                   {"entities_exported", exported},
                                   {"entities_failed", 0}}}};
}

async::awaitable<json::object> export_subject(jobs::Engine& engine, const WorkerTask& task) {
  if (task.format == kDesign) {
    if (!task.has_figma_token) {
      throw Error(ErrorCode::kUnauthorized,
                  "FIGMA_PERSONAL_TOKEN is not set where the server runs");
    }
    DesignTaskResult result =
        co_await export_design(engine, task.subject, task.options, task.folder);
    co_return body_of(result);
  }
  batch::JobContext context;
  context.name = task.subject;
  context.progress = &engine.progress();
  jobs::ArchiveResult result = co_await jobs::export_archive(engine, job_of(task), context);
  co_return body_of(result);
}

async::awaitable<void> export_one(jobs::Engine& engine, const WorkerTask& task,
                                  json::object& body) {
  try {
    body = co_await export_subject(engine, task);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    body = failure_body(error);
  }
}

}  // namespace

WorkerTask read_worker_task(
    const std::function<std::optional<std::string>(const char*)>& variable) {
  auto required = [&variable](const char* name) {
    std::optional<std::string> value = variable(name);
    if (!value || value->empty()) {
      throw Error(ErrorCode::kUsage, fmt::format("the variable {} is missing", name));
    }
    return *value;
  };
  WorkerTask task;
  task.task_id = required("TASK_ID");
  task.subject = required("PI");
  task.folder = required("GANTRY_OUTPUT_DIR");
  task.batch_id = variable("BATCH_ID").value_or("default");
  task.format = variable("EXPORT_FORMAT").value_or("mods");
  task.options = variable("EXPORT_OPTIONS").value_or("{}");
  task.callback_url = variable("CALLBACK_URL").value_or("");
  task.token = Secret(variable("CALLBACK_TOKEN").value_or(""));
  task.has_figma_token = !variable("FIGMA_PERSONAL_TOKEN").value_or("").empty();
  return task;
}

async::awaitable<bool> run_worker(jobs::Engine& engine, net::Transport& transport,
                                  WorkerTask task) {
  Reporter reporter(engine.clock(), transport, task);
  json::object body;
  async::TaskScope exporting(engine.executor());
  async::TaskScope living(engine.executor());
  if (!task.callback_url.empty()) living.spawn(reporter.live());
  exporting.spawn(export_one(engine, task, body));
  co_await exporting.join();
  living.cancel();
  co_await living.join();
  bool is_taken = co_await reporter.report_end(body);
  co_return is_taken&& body["status"] == "success";
}

}  // namespace gantry::service
