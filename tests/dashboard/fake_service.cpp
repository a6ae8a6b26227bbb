#include "tests/dashboard/fake_service.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/httpd/event_stream.hpp"
#include "gantry/httpd/problem.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/httpd/router.hpp"
#include "gantry/service/dashboard/dashboard.hpp"

namespace gantry::testing {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Task {
  std::string id;
  std::string pi;
  std::string state = "queued";
  std::string error;
  int attempts = 0;

  bool has_ended() const { return state != "queued" && state != "running"; }
  std::string status() const {
    if (!has_ended()) return "processing";
    return state == "success" ? "success" : "error";
  }
};

struct Batch {
  std::string id;
  std::string format = "mods";
  std::int64_t created_at = 0;
  std::optional<std::int64_t> completed_at;
  std::string state = "running";
  std::vector<Task> tasks;

  std::size_t count(std::string_view status) const {
    return static_cast<std::size_t>(std::ranges::count(tasks, status, &Task::status));
  }
};

// Begins anew instead of ending, so that something runs however long a test takes.
constexpr std::string_view kEndless = "batch_1763061500000_22222222";

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string pi_of(std::size_t number) { return fmt::format("01K9Z3K4GMDWTT0VQX{:0>8}", number); }

json::object counts_of(const Batch& batch) {
  return {{"total_tasks", batch.tasks.size()},
          {"completed", batch.count("success")},
          {"failed", batch.count("error")},
          {"processing", batch.count("processing")}};
}

json::object summary_of(const Batch& batch) {
  json::object object = counts_of(batch);
  object["batch_id"] = batch.id;
  object["kind"] = "archive";
  object["format"] = batch.format;
  object["state"] = batch.state;
  object["created_at"] = batch.created_at;
  if (batch.completed_at) object["completed_at"] = *batch.completed_at;
  return object;
}

json::object value_of(const Task& task) {
  json::object object = {{"task_id", task.id},
                         {"pi", task.pi},
                         {"status", task.status()},
                         {"state", task.state},
                         {"attempts", task.attempts}};
  if (!task.error.empty()) object["error"] = task.error;
  if (task.state == "success") object["output_file_size"] = 12'345 * (1 + task.pi.size());
  return object;
}

httpd::Response json_response(int status, const json::value& value) {
  return {status,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          json::serialize(value)};
}

std::size_t number_of(const httpd::Request& request, std::string_view name, std::size_t otherwise) {
  const auto text = request.query_value(name);
  return text ? std::stoul(std::string(*text)) : otherwise;
}

}  // namespace

// All on the one io thread of its server.
struct FakeService::State {
  explicit State(bool wants_key) : needs_key(wants_key) {
    fill();
    add_routes();
    server = std::make_unique<httpd::Server>(
        httpd::Options{}, [this](const httpd::Request& request, httpd::Responder responder) {
          answer(request, std::move(responder));
        });
    server->start();
    server->schedule(0ms, [this] { tick(); });
  }

  void fill();
  Batch& add(std::string id, std::size_t tasks, std::chrono::minutes age);
  void add_routes();
  void add_changes();
  void answer(const httpd::Request& request, httpd::Responder responder);
  void tick();
  void publish(const Batch& batch, const Task* task);
  Batch& find(const std::string& id);
  httpd::Response page_of_batches(const httpd::Request& request) const;
  httpd::Response page_of_tasks(const httpd::Request& request, const Batch& batch) const;
  httpd::Response submit(const httpd::Request& request, const std::string& format);
  void open_stream(httpd::Responder responder);

  bool needs_key;
  httpd::Router router;
  std::vector<std::unique_ptr<Batch>> batches;  // newest first
  std::map<std::uint64_t, std::shared_ptr<httpd::EventStream>> streams;
  std::uint64_t next_stream = 0;
  std::uint64_t next_event = 1;
  std::size_t submitted = 0;
  std::vector<std::int64_t> finished;  // when
  std::unique_ptr<httpd::Server> server;
};

Batch& FakeService::State::add(std::string id, std::size_t tasks, std::chrono::minutes age) {
  auto batch = std::make_unique<Batch>();
  batch->id = std::move(id);
  batch->created_at = now() - std::chrono::milliseconds(age).count();
  for (std::size_t i = 0; i < tasks; ++i) {
    batch->tasks.push_back({.id = fmt::format("export_mods_{}_{}", batch->id, i), .pi = pi_of(i)});
  }
  batches.insert(batches.begin(), std::move(batch));
  return *batches.front();
}

void FakeService::State::fill() {
  const auto end = [](Batch& batch, std::string state) {
    batch.state = std::move(state);
    batch.completed_at = batch.created_at + 95'000;
  };
  for (std::size_t i = 0; i < 60; ++i) {
    auto& old = add(fmt::format("batch_17600000{:0>5}_0000{:0>4x}", i, i), 3, 60h * 24);
    for (auto& task : old.tasks) task = {task.id, task.pi, "success", "", 1};
    end(old, "complete");
  }
  auto& complete = add("batch_1763061234567_a3f8c2d1", 250, 26h);
  for (auto& task : complete.tasks) task = {task.id, task.pi, "success", "", 1};
  end(complete, "complete");
  auto& cancelled = add("batch_1763061299999_0badcafe", 12, 3h);
  for (std::size_t i = 0; i < cancelled.tasks.size(); ++i) {
    cancelled.tasks[i].state = i < 5 ? "success" : "cancelled";
  }
  end(cancelled, "cancelled");
  auto& failed = add("batch_1763061300000_<b>hostile", 150, 40min);
  for (std::size_t i = 0; i < failed.tasks.size(); ++i) {
    auto& task = failed.tasks[i];
    task.attempts = 1;
    task.state = i % 30 == 7 ? "error" : "success";
    if (task.state == "error") {
      task.attempts = 3;
      task.error = "the gateway answered 503 at 3 tries; the entity is there, so retry later";
    }
  }
  failed.tasks[2] = {failed.tasks[2].id, "\"><img src=x onerror=hacked=1>", "error",
                     "</td><script>hacked=1;alert(1)</script> javascript:hacked=1", 1};
  end(failed, "partial");
  add("batch_1763061400000_11111111", 40, 1min);
  add(std::string(kEndless), 900, 0min).format = "pinax";
}

Batch& FakeService::State::find(const std::string& id) {
  const auto found = std::ranges::find(batches, id, [](const auto& batch) { return batch->id; });
  if (found == batches.end()) throw Error(ErrorCode::kNotFound, fmt::format("no batch '{}'", id));
  return **found;
}

void FakeService::State::answer(const httpd::Request& request, httpd::Responder responder) {
  const bool is_open =
      request.path == "/" || request.path.starts_with("/dashboard/") || request.path == "/session";
  if (needs_key && !is_open && httpd::cookie_value(request, "session") != "open") {
    return responder.send(
        to_response(httpd::Problem{.status = 401, .detail = "this server wants an API key"}));
  }
  if (!httpd::origin_is_allowed(request)) {
    return responder.send(
        to_response(httpd::Problem{.status = 403, .detail = "a foreign page has asked"}));
  }
  router.handle(request, std::move(responder));
}

httpd::Response FakeService::State::page_of_batches(const httpd::Request& request) const {
  const auto start = number_of(request, "cursor", 0);
  const auto end = std::min(start + number_of(request, "limit", 50), batches.size());
  json::array rows;
  for (auto i = start; i < end; ++i) rows.push_back(summary_of(*batches[i]));
  json::object body = {{"batches", std::move(rows)}};
  if (end < batches.size()) body["next_cursor"] = std::to_string(end);
  return json_response(200, body);
}

httpd::Response FakeService::State::page_of_tasks(const httpd::Request& request,
                                                  const Batch& batch) const {
  std::vector<const Task*> tasks;
  tasks.reserve(batch.tasks.size());
  for (const auto& task : batch.tasks) tasks.push_back(&task);
  if (request.query_value("order") == "failures") {
    std::ranges::stable_partition(tasks,
                                  [](const Task* task) { return task->status() == "error"; });
  }
  const auto start = number_of(request, "cursor", 0);
  const auto end = std::min(start + number_of(request, "limit", 1000), tasks.size());
  json::array rows;
  for (auto i = start; i < end; ++i) rows.push_back(value_of(*tasks[i]));
  json::object body = summary_of(batch);
  body["tasks"] = std::move(rows);
  if (end < tasks.size()) body["next_cursor"] = std::to_string(end);
  return json_response(200, body);
}

httpd::Response FakeService::State::submit(const httpd::Request& request,
                                           const std::string& format) {
  const auto body = json::parse(request.body).as_object();
  httpd::Problem problem{.status = 400, .detail = "some PIs cannot be exported"};
  const auto& pis = body.at("pis").as_array();
  for (std::size_t i = 0; i < pis.size(); ++i) {
    if (pis[i].as_string().starts_with("BAD")) {
      problem.errors.push_back({fmt::format("/pis/{}", i), "is unknown to the archive"});
    }
  }
  if (!problem.errors.empty()) return to_response(problem);
  auto& batch = add(fmt::format("batch_1763070000000_{:0>8}", ++submitted), 0, 0min);
  batch.format = format;
  json::array ids;
  for (const auto& pi : pis) {
    const auto id = fmt::format("export_{}_{}_{}", format, batch.id, batch.tasks.size());
    batch.tasks.push_back({.id = id, .pi = std::string(pi.as_string())});
    ids.emplace_back(id);
  }
  return json_response(202, {{"batch_id", batch.id},
                             {"task_ids", std::move(ids)},
                             {"status", "processing"},
                             {"message", "Batch export started."}});
}

void FakeService::State::open_stream(httpd::Responder responder) {
  const auto number = next_stream++;
  streams[number] = httpd::EventStream::open(*server, std::move(responder),
                                             [this, number] { streams.erase(number); });
}

void FakeService::State::publish(const Batch& batch, const Task* task) {
  json::object data = {{"batch_id", batch.id},
                       {"state", task ? task->state : batch.state},
                       {"status", task ? task->status() : batch.state},
                       {"counts", counts_of(batch)},
                       {"at", now()}};
  if (task) {
    data["task_id"] = task->id;
    data["pi"] = task->pi;
    if (!task->error.empty()) data["error"] = task->error;
  }
  const auto wire = httpd::to_wire({.id = std::to_string(next_event++),
                                    .name = task ? "task" : "batch",
                                    .data = json::serialize(data)});
  // A stream that ends takes itself out.
  const auto all = streams;
  for (const auto& [number, stream] : all) stream->send(wire);
}

// Every batch that runs goes on by one task.
void FakeService::State::tick() {
  for (const auto& batch : batches) {
    const auto next =
        std::ranges::find_if(batch->tasks, [](auto& task) { return !task.has_ended(); });
    if (next == batch->tasks.end()) continue;
    if (next->state == "queued") {
      next->state = "running";
      ++next->attempts;
    } else {
      finished.push_back(now());
      const bool fails = next->attempts == 1 && (next - batch->tasks.begin()) % 9 == 4;
      next->state = fails ? "error" : "success";
      next->error = fails ? "the entity has no children and no text" : "";
    }
    if (batch->id == kEndless && &*next == &batch->tasks.back() && next->has_ended()) {
      for (auto& task : batch->tasks) task = {.id = task.id, .pi = task.pi};
    }
    publish(*batch, &*next);
    if (batch->count("processing") == 0) {
      batch->state = batch->count("error") > 0 ? "partial" : "complete";
      batch->completed_at = now();
      publish(*batch, nullptr);
    }
  }
  server->schedule(60ms, [this] { tick(); });
}

void FakeService::State::add_routes() {
  service::add_dashboard(router);
  using httpd::Parameters;
  using httpd::Request;
  using httpd::Responder;
  router.add("GET", "/batches", [this](const Request& request, const Parameters&, Responder to) {
    to.send(page_of_batches(request));
  });
  router.add("GET", "/status/batch/{batch}",
             [this](const Request& request, const Parameters& of, Responder to) {
               to.send(page_of_tasks(request, find(of["batch"])));
             });
  router.add("GET", "/events", [this](const Request&, const Parameters&, Responder to) {
    open_stream(std::move(to));
  });
  router.add("GET", "/metrics/summary", [this](const Request&, const Parameters&, Responder to) {
    std::size_t running = 0;
    std::size_t queued = 0;
    for (const auto& batch : batches) {
      running +=
          static_cast<std::size_t>(std::ranges::count(batch->tasks, "running", &Task::state));
      queued += static_cast<std::size_t>(std::ranges::count(batch->tasks, "queued", &Task::state));
    }
    std::erase_if(finished, [start = now() - 60'000](std::int64_t at) { return at < start; });
    to.send(json_response(200, {{"running", running},
                                {"queued", queued},
                                {"finished_last_minute", finished.size()},
                                {"median_wait_ms", 300 + 40 * queued},
                                {"launch_rate", 1}}));
  });
  router.add("POST", "/fake/drop", [this](const Request&, const Parameters&, Responder to) {
    for (const auto& [number, stream] : streams) stream->close();
    streams.clear();
    to.send({204, {}, ""});
  });
  add_changes();
}

void FakeService::State::add_changes() {
  using httpd::Parameters;
  using httpd::Request;
  using httpd::Responder;
  router.add("POST", "/export/{format}/batch",
             [this](const Request& request, const Parameters& of, Responder to) {
               to.send(submit(request, of["format"]));
             });
  router.add("POST", "/batches/{batch}/cancel",
             [this](const Request&, const Parameters& of, Responder to) {
               auto& batch = find(of["batch"]);
               for (auto& task : batch.tasks) {
                 if (!task.has_ended()) task.state = "cancelled";
               }
               batch.state = "cancelled";
               batch.completed_at = now();
               publish(batch, nullptr);
               to.send(json_response(202, summary_of(batch)));
             });
  router.add("POST", "/batches/{batch}/retry",
             [this](const Request&, const Parameters& of, Responder to) {
               auto& batch = find(of["batch"]);
               for (auto& task : batch.tasks) {
                 if (task.status() == "error")
                   task = {task.id, task.pi, "queued", "", task.attempts};
               }
               batch.state = "running";
               batch.completed_at.reset();
               publish(batch, nullptr);
               to.send(json_response(202, summary_of(batch)));
             });
  router.add("GET", "/download/batch/{batch}", [](const Request&, const Parameters&, Responder to) {
    auto headers = httpd::download_policy();
    headers.emplace_back("Content-Disposition", "attachment; filename=\"batch.zip\"");
    to.send({200, headers, std::string("PK\x05\x06") + std::string(18, '\0')});
  });
  router.add("POST", "/session", [](const Request& request, const Parameters&, Responder to) {
    const auto key = json::parse(request.body).at("key").as_string();
    if (key != "sesame") throw Error(ErrorCode::kUnauthorized, "this key is not known");
    to.send(
        {204, {{"Set-Cookie", httpd::to_set_cookie({.name = "session", .value = "open"})}}, ""});
  });
  router.add("DELETE", "/session", [](const Request&, const Parameters&, Responder to) {
    const auto gone = httpd::to_set_cookie({.name = "session", .value = "", .max_age = 0s});
    to.send({204, {{"Set-Cookie", gone}}, ""});
  });
}

FakeService::FakeService(bool needs_key) : state_(std::make_unique<State>(needs_key)) {}

FakeService::~FakeService() { state_->server->stop(); }

std::string FakeService::url() const {
  return fmt::format("http://127.0.0.1:{}", state_->server->port());
}

}  // namespace gantry::testing
