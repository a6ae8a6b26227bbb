#include "gantry/service/api.hpp"

#include <charconv>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/httpd/request_guard.hpp"
#include "gantry/service/attempt_token.hpp"
#include "gantry/service/metrics.hpp"
#include "gantry/service/openapi.hpp"

namespace gantry::service {
namespace {

namespace json = boost::json;

constexpr std::size_t kDefaultPage = 1000;
constexpr std::size_t kLargestPage = 1000;
constexpr std::chrono::milliseconds kLookEvery{250};
constexpr std::chrono::seconds kLongestWait{60};

httpd::Response json_response(int status, const json::value& value) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = json::serialize(value)};
}

// A number of the query within its bounds, or what stands for none.
std::uint64_t number_of(const httpd::Request& request, const char* name, std::uint64_t otherwise,
                        std::uint64_t most) {
  std::optional<std::string_view> text = request.query_value(name);
  if (!text) return otherwise;
  std::uint64_t number = 0;
  auto [stop, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc() || stop != text->data() + text->size() || number > most) {
    throw Error(ErrorCode::kUsage, fmt::format("{} is not a number up to {}", name, most));
  }
  return number;
}

std::string cursor_of(const httpd::Request& request) {
  return std::string(request.query_value("cursor").value_or(""));
}

httpd::Problem conflict_problem(const Error& error) {
  httpd::Problem problem = httpd::problem_of(error);
  if (error.code() == ErrorCode::kConflict && error.retry() == Retry::kSameRequest) {
    problem.headers.emplace_back("Retry-After", "5");
  }
  return problem;
}

}  // namespace

Api::Api(ApiParts parts, ApiOptions options)
    : parts_(std::move(parts)), options_(std::move(options)) {}

void Api::add_routes(httpd::Router& router) {
  add(router, "POST", "/export/{format}", &Api::submit_one);
  add(router, "POST", "/export/{format}/batch", &Api::submit_many);
  add(router, "GET", "/status/{task}", &Api::task_status);
  add(router, "GET", "/status/batch/{batch}", &Api::batch_status);
  add(router, "GET", "/batches", &Api::batches);
  add(router, "POST", "/batches/{batch}/cancel", &Api::cancel);
  add(router, "POST", "/batches/{batch}/retry", &Api::retry);
  add(router, "DELETE", "/batches/{batch}", &Api::remove);
  add(router, "POST", "/callback/{task}", &Api::callback);
  add(router, "POST", "/callback/{task}/output", &Api::permit_output);
  add(router, "GET", "/download/{task}", &Api::download_task);
  add(router, "GET", "/download/batch/{batch}", &Api::download_batch);
  add(router, "GET", "/events", &Api::all_events);
  add(router, "GET", "/events/batch/{batch}", &Api::batch_events);
  add(router, "GET", "/ws/batch/{batch}", &Api::batch_socket);
  add(router, "POST", "/session", &Api::begin_session);
  add(router, "DELETE", "/session", &Api::end_session);
  add(router, "GET", "/health", &Api::health);
  add(router, "GET", "/ready", &Api::ready);
  add(router, "GET", "/openapi.json", &Api::description);
  add(router, "GET", "/metrics", &Api::metrics);
  add(router, "GET", "/metrics/summary", &Api::summary);
}

void Api::add(httpd::Router& router, const char* method, const char* pattern, Answer answer) {
  router.add(method, pattern,
             [this, answer](const Request& request, const Parameters& parameters,
                            httpd::Responder responder) {
               boost::asio::post(parts_.executor, [this, answer, request, parameters, responder] {
                 parts_.scope.spawn(run(answer, request, parameters, responder));
               });
             });
}

void Api::add(httpd::Router& router, const char* method, const char* pattern, Stream stream) {
  router.add(method, pattern,
             [this, stream](const Request& request, const Parameters& parameters,
                            httpd::Responder responder) {
               boost::asio::post(parts_.executor, [this, stream, request, parameters, responder] {
                 parts_.scope.spawn(run_stream(stream, request, parameters, responder));
               });
             });
}

async::awaitable<void> Api::run(Answer answer, Request request, Parameters parameters,
                                httpd::Responder responder) {
  Response response;
  try {
    guard(request);
    response = co_await (this->*answer)(std::move(request), std::move(parameters));
  } catch (const Error& error) {
    response = httpd::to_response(conflict_problem(error));
  }
  responder.send(std::move(response));
}

async::awaitable<void> Api::run_stream(Stream stream, Request request, Parameters parameters,
                                       httpd::Responder responder) {
  std::optional<Response> refusal;
  try {
    guard(request);
    co_await (this->*stream)(std::move(request), std::move(parameters), responder);
  } catch (const Error& error) {
    refusal = httpd::to_response(conflict_problem(error));
  }
  if (refusal && !responder.answered()) responder.send(*std::move(refusal));
}

void Api::guard(const Request& request) const {
  if (!httpd::host_is_allowed(request, options_.hosts)) {
    throw Error(ErrorCode::kForbidden,
                "this server does not answer to the name in Host; see --public-url");
  }
  if (!httpd::origin_is_allowed(request)) {
    throw Error(ErrorCode::kForbidden, "requests from pages of other sites are refused");
  }
}

std::string Api::require(const Request& request, KeyScope scope) const {
  return parts_.access.check(request, scope, parts_.clock.wall_now());
}

async::awaitable<httpd::Response> Api::submit(Request request, std::string kind, bool is_batch) {
  std::string owner = require(request, KeyScope::kCreate);
  if (is_draining_) {
    co_return httpd::to_response({.status = 503,
                                  .detail = "the server is about to end",
                                  .errors = {},
                                  .headers = {{"Retry-After", "10"}}});
  }
  Submitter submitter{parts_.access, std::move(owner), options_.max_tasks};
  // On the pool, for a million PIs or a configuration as large as it may be take their time.
  auto read = [submitter, kind, is_batch, body = request.body] {
    return parse_submission(body, kind, is_batch, submitter);
  };
  OrProblem<NewBatch> parsed = co_await parts_.pool.run(std::move(read));
  if (!parsed) co_return httpd::to_response(parsed.error());
  parsed->attempts = options_.attempts;
  parsed->request = sha256(request.path + "\n" + request.body);
  if (auto key = request.header("Idempotency-Key")) {
    if (key->empty() || key->size() > 255) {
      throw Error(ErrorCode::kUsage, "Idempotency-Key has 1 to 255 characters");
    }
    parsed->idempotency_key = std::string(*key);
  }
  async::WallTime now = parts_.clock.wall_now();
  auto add = [batch = std::move(*parsed), now](TaskWriter& writer) {
    return writer.submit(batch, now);
  };
  Submission submission = co_await parts_.tasks.change(std::move(add));
  parts_.dispatcher.wake();
  Response response = json_response(
      202, is_batch ? submission_value(submission) : single_submission_value(submission));
  response.headers.emplace_back("Location", is_batch ? "/status/batch/" + submission.batch_id
                                                     : "/status/" + submission.task_ids.front());
  co_return response;
}

async::awaitable<httpd::Response> Api::submit_one(Request request, Parameters parameters) {
  return submit(std::move(request), parameters["format"], false);
}
async::awaitable<httpd::Response> Api::submit_many(Request request, Parameters parameters) {
  return submit(std::move(request), parameters["format"], true);
}

async::awaitable<httpd::Response> Api::task_status(Request request, Parameters parameters) {
  require(request, KeyScope::kRead);
  auto question = [id = parameters["task"]](TaskReader& reader) { return reader.task(id); };
  std::optional<Task> task = co_await parts_.tasks.ask(std::move(question));
  if (!task) throw Error(ErrorCode::kNotFound, "Task not found");
  co_return json_response(200, task_value(*task));
}

async::awaitable<std::string> Api::status_text(Request request, std::string batch_id) {
  TaskOrder order = request.query_value("order") == "failures" ? TaskOrder::kFailuresFirst
                                                               : TaskOrder::kAsRequested;
  std::size_t limit = number_of(request, "limit", kDefaultPage, kLargestPage);
  auto question = [batch_id, order, limit, cursor = cursor_of(request)](TaskReader& reader) {
    std::optional<Batch> batch = reader.batch(batch_id);
    if (!batch) throw Error(ErrorCode::kNotFound, "there is no such batch");
    return json::serialize(
        batch_status_value(*batch, reader.tasks(batch_id, order, cursor, limit)));
  };
  co_return co_await parts_.tasks.ask(std::move(question));
}

// With `wait`, the answer comes when it is another than the one that If-None-Match names, or when
// the time is over.
async::awaitable<httpd::Response> Api::batch_status(Request request, Parameters parameters) {
  require(request, KeyScope::kRead);
  auto wait = std::chrono::seconds(
      number_of(request, "wait", 0, static_cast<std::uint64_t>(kLongestWait.count())));
  async::TimePoint deadline = parts_.clock.now() + wait;
  std::optional<std::string_view> known = request.header("If-None-Match");
  while (true) {
    std::string text = co_await status_text(request, parameters["batch"]);
    std::string etag = fmt::format("\"{}\"", sha256(text).hex().substr(0, 32));
    bool is_known = known == etag;
    if (is_known && parts_.clock.now() < deadline) {
      co_await parts_.clock.sleep(kLookEvery);
      continue;
    }
    Response response{.status = is_known ? 304 : 200,
                      .headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}},
                      .body = is_known ? std::string() : std::move(text)};
    if (!is_known) response.headers.emplace_back("Content-Type", "application/json");
    co_return response;
  }
}

async::awaitable<httpd::Response> Api::batches(Request request, Parameters) {
  require(request, KeyScope::kRead);
  std::size_t limit = number_of(request, "limit", 50, kLargestPage);
  auto question = [limit, cursor = cursor_of(request)](TaskReader& reader) {
    return reader.batches(cursor, limit);
  };
  Page<Batch> page = co_await parts_.tasks.ask(std::move(question));
  json::object body;
  json::array& list = body["batches"].emplace_array();
  for (const Batch& batch : page.entries) list.push_back(batch_value(batch));
  if (page.next) body["next_cursor"] = *page.next;
  co_return json_response(200, body);
}

async::awaitable<httpd::Response> Api::cancel(Request request, Parameters parameters) {
  require(request, KeyScope::kCreate);
  async::WallTime now = parts_.clock.wall_now();
  auto end = [id = parameters["batch"], now](TaskWriter& writer) { return writer.cancel(id, now); };
  std::vector<Attempt> to_stop = co_await parts_.tasks.change(std::move(end));
  co_await parts_.dispatcher.stop(std::move(to_stop));
  auto question = [id = parameters["batch"]](TaskReader& reader) { return reader.batch(id); };
  std::optional<Batch> batch = co_await parts_.tasks.ask(std::move(question));
  if (!batch) throw Error(ErrorCode::kNotFound, "there is no such batch");
  co_return json_response(200, batch_value(*batch));
}

async::awaitable<httpd::Response> Api::retry(Request request, Parameters parameters) {
  require(request, KeyScope::kCreate);
  async::WallTime now = parts_.clock.wall_now();
  auto begin = [id = parameters["batch"], attempts = options_.attempts, now](TaskWriter& writer) {
    return writer.retry(id, attempts, now);
  };
  std::uint64_t count = co_await parts_.tasks.change(std::move(begin));
  parts_.dispatcher.wake();
  co_return json_response(202, json::object{{"batch_id", parameters["batch"]}, {"retried", count}});
}

async::awaitable<httpd::Response> Api::remove(Request request, Parameters parameters) {
  require(request, KeyScope::kAdmin);
  auto forget = [id = parameters["batch"]](TaskWriter& writer) { writer.remove(id); };
  co_await parts_.tasks.change(std::move(forget));
  co_return Response{.status = 204, .headers = {}, .body = {}};
}

// Whose worker this is, by its token.
Attempt Api::attempt_of(const Request& request, const std::string& task_id) const {
  std::string_view header = request.header("Authorization").value_or("");
  std::string_view token = header.substr(header.starts_with("Bearer ") ? 7 : header.size());
  std::optional<int> number =
      attempt_of_token(options_.token_key, task_id, token, parts_.clock.wall_now());
  if (!number) {
    throw Error(ErrorCode::kUnauthorized, "this is no valid token of an attempt of this task");
  }
  return {task_id, *number, ""};
}

async::awaitable<httpd::Response> Api::permit_output(Request request, Parameters parameters) {
  Attempt attempt = attempt_of(request, parameters["task"]);
  if (parts_.remote_outputs == nullptr) {
    throw Error(ErrorCode::kNotFound, "workers of this server leave their outputs in its folder");
  }
  OrProblem<json::object> permit = parts_.remote_outputs->permit(attempt, request.body);
  if (!permit) co_return httpd::to_response(permit.error());
  co_return json_response(200, *permit);
}

async::awaitable<httpd::Response> Api::callback(Request request, Parameters parameters) {
  const std::string& task_id = parameters["task"];
  Attempt attempt = attempt_of(request, task_id);
  OrProblem<Callback> parsed = parse_callback(request.body, task_id);
  if (!parsed) co_return httpd::to_response(parsed.error());
  if (parsed->kind == Callback::Kind::kAlive) {
    async::WallTime now = parts_.clock.wall_now();
    auto note = [attempt, now, lease = options_.lease](TaskWriter& writer) {
      return writer.heartbeat(attempt, now, lease);
    };
    bool is_wanted = co_await parts_.tasks.change(std::move(note));
    if (!is_wanted) throw Error(ErrorCode::kConflict, "this attempt is over; stop");
    co_return json_response(200, json::object{{"received", true}});
  }
  Settlement settlement = co_await settle(attempt, *parsed, sha256(request.body));
  if (settlement == Settlement::kUnknown) throw Error(ErrorCode::kNotFound, "Task not found");
  if (settlement == Settlement::kRefused) {
    throw Error(ErrorCode::kConflict, "this attempt has ended otherwise, or another has begun");
  }
  parts_.dispatcher.wake();
  co_return json_response(200, json::object{{"received", true}});
}

async::awaitable<Settlement> Api::settle(Attempt attempt, Callback callback, Digest receipt) {
  Result result;
  result.metrics = callback.metrics;
  result.receipt = receipt;
  if (callback.kind == Callback::Kind::kSuccess) {
    auto question = [id = attempt.task_id](TaskReader& reader) { return reader.task(id); };
    std::optional<Task> task = co_await parts_.tasks.ask(std::move(question));
    if (!task) co_return Settlement::kUnknown;
    // A repetition has no file any more.
    bool is_over = has_ended(task->state) || task->attempts != attempt.number;
    if (!is_over) result.output = co_await take_output(attempt, callback);
  } else {
    result.error_code = callback.error_code;
    result.error = callback.error;
    result.may_be_tried_again = callback.may_be_tried_again;
  }
  async::WallTime now = parts_.clock.wall_now();
  auto end = [attempt, result, now](TaskWriter& writer) {
    return writer.settle(attempt, result, now);
  };
  co_return co_await parts_.tasks.change(std::move(end));
}

// The key is the server's own; of the worker's word only a plain file name is used, below the
// folder of its attempt.
async::awaitable<TaskOutput> Api::take_output(Attempt attempt, Callback callback) {
  TaskOutput output;
  output.name = callback.file_name;
  if (parts_.remote_outputs != nullptr) {
    output.artifact = co_await parts_.remote_outputs->take(attempt, callback.file_name);
  } else {
    std::filesystem::path file = options_.work_folder / attempt.task_id /
                                 std::to_string(attempt.number) / callback.file_name;
    output.artifact =
        co_await parts_.artifacts.put(output_key(attempt, callback.file_name), std::move(file));
  }
  if (callback.file_size && *callback.file_size != output.artifact.size) {
    throw Error(ErrorCode::kUsage, fmt::format("output_file_size is {}, but the file has {} bytes",
                                               *callback.file_size, output.artifact.size));
  }
  co_return output;
}

async::awaitable<httpd::Response> Api::health(Request, Parameters) {
  co_return json_response(200, json::object{{"status", "ok"}, {"service", "gantry"}});
}

async::awaitable<httpd::Response> Api::ready(Request, Parameters) {
  // A change that changes nothing: the disk takes it.
  co_await parts_.tasks.change([](TaskWriter&) {});
  if (is_draining_) {
    co_return httpd::to_response({.status = 503, .detail = "the server is about to end"});
  }
  co_return json_response(200, json::object{{"status", "ready"}});
}

async::awaitable<httpd::Response> Api::begin_session(Request request, Parameters) {
  json::error_code fault;
  json::value body = json::parse(request.body, fault);
  const json::value* key =
      !fault && body.is_object() ? body.get_object().if_contains("key") : nullptr;
  if (key == nullptr || !key->is_string()) {
    throw Error(ErrorCode::kUsage, "the body is {\"key\": \"...\"}");
  }
  std::optional<std::string> session =
      parts_.access.begin_session(std::string_view(key->get_string()), parts_.clock.wall_now());
  if (!session) throw Error(ErrorCode::kUnauthorized, "this is no API key of this server");
  httpd::Cookie cookie{.name = std::string(Access::kCookie),
                       .value = *session,
                       .max_age = Access::kSessionTime,
                       .secure = options_.is_https};
  co_return Response{
      .status = 204, .headers = {{"Set-Cookie", httpd::to_set_cookie(cookie)}}, .body = {}};
}

async::awaitable<httpd::Response> Api::end_session(Request, Parameters) {
  httpd::Cookie cookie{.name = std::string(Access::kCookie),
                       .value = "",
                       .max_age = std::chrono::seconds(0),
                       .secure = options_.is_https};
  co_return Response{
      .status = 204, .headers = {{"Set-Cookie", httpd::to_set_cookie(cookie)}}, .body = {}};
}

async::awaitable<httpd::Response> Api::description(Request, Parameters) {
  co_return Response{.status = 200,
                     .headers = {{"Content-Type", "application/json"}},
                     .body = std::string(kOpenApi)};
}

async::awaitable<Totals> Api::totals() {
  async::WallTime since = parts_.clock.wall_now() - std::chrono::minutes(1);
  auto question = [since](TaskReader& reader) { return reader.totals(since); };
  co_return co_await parts_.tasks.ask(std::move(question));
}

async::awaitable<httpd::Response> Api::metrics(Request request, Parameters) {
  require(request, KeyScope::kRead);
  Totals now = co_await totals();
  co_return Response{.status = 200,
                     .headers = {{"Content-Type", "text/plain; version=0.0.4"}},
                     .body = prometheus_text(now)};
}

async::awaitable<httpd::Response> Api::summary(Request request, Parameters) {
  require(request, KeyScope::kRead);
  Totals now = co_await totals();
  std::uint64_t running = now.counts.of(TaskState::kRunning) + now.counts.of(TaskState::kLaunching);
  co_return json_response(200, json::object{{"running", running},
                                            {"queued", now.counts.of(TaskState::kQueued)},
                                            {"finished_last_minute", now.finished},
                                            {"median_wait_ms", now.median_wait.count()},
                                            {"launch_rate", options_.launches_per_second},
                                            {"open_batches", now.open_batches}});
}

async::awaitable<void> Api::download_task(Request request, Parameters parameters,
                                          httpd::Responder responder) {
  require(request, KeyScope::kRead);
  std::string task = parameters["task"];
  co_await parts_.downloads.send_task(std::move(task), std::move(request), std::move(responder));
}

async::awaitable<void> Api::download_batch(Request request, Parameters parameters,
                                           httpd::Responder responder) {
  require(request, KeyScope::kRead);
  bool partial = request.query_value("partial") == "true";
  std::string batch = parameters["batch"];
  co_await parts_.downloads.send_batch(std::move(batch), partial, std::move(request),
                                       std::move(responder));
}

async::awaitable<void> Api::batch_events(Request request, Parameters parameters,
                                         httpd::Responder responder) {
  require(request, KeyScope::kRead);
  std::string batch = parameters["batch"];
  co_await parts_.events.stream(std::move(batch), std::move(request), std::move(responder));
}

async::awaitable<void> Api::all_events(Request request, Parameters, httpd::Responder responder) {
  require(request, KeyScope::kRead);
  co_await parts_.events.stream("", std::move(request), std::move(responder));
}

async::awaitable<void> Api::batch_socket(Request request, Parameters parameters,
                                         httpd::Responder responder) {
  require(request, KeyScope::kRead);
  std::string batch = parameters["batch"];
  co_await parts_.events.web_socket(std::move(batch), std::move(request), std::move(responder));
}

}  // namespace gantry::service
