#include "gantry/service/worker.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include "gantry/artifacts/artifact_store.hpp"
#include "gantry/service/design_task.hpp"
#include "gantry/service/task.hpp"

namespace gantry::service {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kSignOfLife = 10s;
// The server may be away for a while: it is started anew.
constexpr int kReports = 10;
constexpr std::size_t kLargestUpload = 256UL << 20;
constexpr std::size_t kMostAnswer = 1UL << 20;
constexpr std::array kPassing = {ErrorCode::kNetwork, ErrorCode::kServer, ErrorCode::kTimeout,
                                 ErrorCode::kRateLimited, ErrorCode::kNoSpace};

bool may_pass(const Error& error) {
  return error.retry() == Retry::kSameRequest ||
         std::find(kPassing.begin(), kPassing.end(), error.code()) != kPassing.end();
}

class Reporter {
 public:
  Reporter(async::Clock& clock, net::Transport& transport, const WorkerTask& task)
      : clock_(clock), transport_(transport), task_(task) {}

  // The status of the answer; what the transport throws.
  async::awaitable<int> post(json::object body) {
    net::HttpResponse response = co_await send(task_.callback_url, std::move(body));
    co_return response.status;
  }

  async::awaitable<net::HttpResponse> send(std::string url, json::object body) {
    body["task_id"] = task_.task_id;
    body["batch_id"] = task_.batch_id;
    net::HttpRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json::serialize(body);
    request.credential = net::Credential{"Authorization", Secret("Bearer " + task_.token.reveal()),
                                         net::origin_of(task_.callback_url)};
    request.limits.total = 30s;
    co_return co_await transport_.send(std::move(request));
  }

  // Puts the output where the server gives leave to, as often as may help.
  async::awaitable<void> upload(fs::path file) {
    if (fs::file_size(file) > kLargestUpload) {
      throw Error(ErrorCode::kTooLarge,
                  fmt::format("the output has more than {} MB, the most that a worker of another "
                              "machine can hand over",
                              kLargestUpload >> 20));
    }
    artifacts::ArtifactFile source(file);
    const std::string bytes = source.read(kLargestUpload + 1);
    const artifacts::Artifact sums = source.summary(file.filename().string());
    const json::object wish{{"output_file_name", sums.key},
                            {"output_file_size", sums.size},
                            {"output_crc32", fmt::format("{:08x}", sums.crc32)},
                            {"output_sha256", sums.sha256.hex()}};
    for (int attempt = 1;; ++attempt) {
      try {
        co_await upload_once(wish, bytes);
        co_return;
      } catch (const Error& error) {
        if (!may_pass(error) || attempt == kReports) throw;
      }
      co_await clock_.sleep(delay_after(attempt));
    }
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
      co_await clock_.sleep(delay_after(attempt));
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
  static async::Duration delay_after(int attempt) {
    return std::min(500ms * (1 << std::min(attempt, 6)), 15'000ms);
  }

  async::awaitable<void> upload_once(json::object wish, std::string bytes) {
    net::HttpResponse leave = co_await send(task_.callback_url + "/output", std::move(wish));
    if (leave.status != 200) {
      bool is_passing = leave.status == 429 || leave.status >= 500;
      throw Error(is_passing ? ErrorCode::kServer : ErrorCode::kConflict,
                  fmt::format("the server answers {} to the output", leave.status));
    }
    json::error_code fault;
    json::value answer = json::parse(leave.body.read(kMostAnswer), fault);
    const json::object* where = answer.if_object();
    if (fault || where == nullptr || !where->contains("url") || !where->contains("headers")) {
      throw Error(ErrorCode::kBadResponse, "the server does not say where to put the output");
    }
    net::HttpRequest request;
    request.method = "PUT";
    request.url = json::value_to<std::string>(where->at("url"));
    for (const auto& header : where->at("headers").as_object()) {
      request.headers.emplace_back(header.key(), json::value_to<std::string>(header.value()));
    }
    request.body = std::move(bytes);
    net::HttpResponse response = co_await transport_.send(std::move(request));
    // 412: an earlier attempt has put it, whose answer was lost. The server looks at what is there.
    if (response.status < 300 || response.status == 412) co_return;
    throw Error(ErrorCode::kServer,
                fmt::format("the object storage answers {} to the output", response.status));
  }

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
  return {{"status", "error"},
          {"error", error.message()},
          {"error_code", to_string(error.code())},
          {"retryable", may_pass(error)}};
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

async::awaitable<json::object> export_subject(jobs::Engine& engine, const WorkerTask& task,
                                              Reporter& reporter) {
  if (task.format == kDesign) {
    if (!task.has_figma_token) {
      throw Error(ErrorCode::kUnauthorized,
                  "FIGMA_PERSONAL_TOKEN is not set where the server runs");
    }
    DesignTaskResult result =
        co_await export_design(engine, task.subject, task.options, task.folder);
    if (task.uploads && result.job.succeeded()) co_await reporter.upload(result.archive);
    co_return body_of(result);
  }
  batch::JobContext context;
  context.name = task.subject;
  context.progress = &engine.progress();
  jobs::ArchiveResult result = co_await jobs::export_archive(engine, job_of(task), context);
  if (task.uploads && !result.error) co_await reporter.upload(result.path);
  co_return body_of(result);
}

async::awaitable<void> export_one(jobs::Engine& engine, const WorkerTask& task, Reporter& reporter,
                                  json::object& body) {
  try {
    body = co_await export_subject(engine, task, reporter);
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
  task.batch_id = variable("BATCH_ID").value_or("default");
  task.format = variable("EXPORT_FORMAT").value_or("mods");
  task.options = variable("EXPORT_OPTIONS").value_or("{}");
  task.folder = variable("GANTRY_OUTPUT_DIR").value_or("");
  task.uploads = task.folder.empty();
  task.callback_url =
      task.uploads ? required("CALLBACK_URL") : variable("CALLBACK_URL").value_or("");
  if (task.uploads) {
    task.folder = fs::temp_directory_path() / ("gantry-" + task.task_id);
    fs::create_directories(task.folder);
  }
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
  exporting.spawn(export_one(engine, task, reporter, body));
  co_await exporting.join();
  living.cancel();
  co_await living.join();
  bool is_taken = co_await reporter.report_end(body);
  co_return is_taken&& body["status"] == "success";
}

}  // namespace gantry::service
