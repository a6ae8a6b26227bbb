// The HTTP API of the service: which request does what. Its shapes are those of api_json.hpp.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gantry/async/task_scope.hpp"
#include "gantry/httpd/router.hpp"
#include "gantry/service/access.hpp"
#include "gantry/service/api_json.hpp"
#include "gantry/service/dispatcher.hpp"
#include "gantry/service/downloads.hpp"
#include "gantry/service/events.hpp"
#include "gantry/service/remote_outputs.hpp"

namespace gantry::service {

struct ApiOptions {
  std::size_t max_tasks = 10'000;  // of one batch
  int attempts = 3;                // of one task
  double launches_per_second = 0;  // to be told; 0: no limit
  std::vector<std::string> hosts;  // that requests may name, see httpd::host_is_allowed
  bool is_https = false;           // as browsers see it
  Secret token_key;
  std::chrono::milliseconds lease = std::chrono::seconds(30);
  std::filesystem::path work_folder;  // of local workers
};

// What the API works with; all of it outlives the API.
struct ApiParts {
  async::any_io_executor executor;
  async::Clock& clock;
  async::TaskScope& scope;  // of requests
  TaskStore& tasks;
  Dispatcher& dispatcher;
  artifacts::ArtifactStore& artifacts;
  async::WorkerPool& pool;
  const Access& access;
  Downloads& downloads;
  Events& events;
  RemoteOutputs* remote_outputs;  // null: workers leave their outputs in the work folder
};

class Api {
 public:
  Api(ApiParts parts, ApiOptions options);

  void add_routes(httpd::Router& router);

  // Requests that would start something are refused from now on.
  void drain() { is_draining_ = true; }

 private:
  using Request = httpd::Request;
  using Response = httpd::Response;
  using Parameters = httpd::Parameters;
  using Answer = async::awaitable<Response> (Api::*)(Request, Parameters);
  using Stream = async::awaitable<void> (Api::*)(Request, Parameters, httpd::Responder);

  void add(httpd::Router& router, const char* method, const char* pattern, Answer answer);
  void add(httpd::Router& router, const char* method, const char* pattern, Stream stream);
  async::awaitable<void> run(Answer answer, Request request, Parameters parameters,
                             httpd::Responder responder);
  async::awaitable<void> run_stream(Stream stream, Request request, Parameters parameters,
                                    httpd::Responder responder);
  void guard(const Request& request) const;
  std::string require(const Request& request, KeyScope scope) const;
  Attempt attempt_of(const Request& request, const std::string& task_id) const;

  async::awaitable<Response> submit(Request request, std::string kind, bool is_batch);
  async::awaitable<Response> submit_one(Request request, Parameters parameters);
  async::awaitable<Response> submit_many(Request request, Parameters parameters);
  async::awaitable<Response> task_status(Request request, Parameters parameters);
  async::awaitable<Response> batch_status(Request request, Parameters parameters);
  async::awaitable<Response> batches(Request request, Parameters parameters);
  async::awaitable<Response> cancel(Request request, Parameters parameters);
  async::awaitable<Response> retry(Request request, Parameters parameters);
  async::awaitable<Response> remove(Request request, Parameters parameters);
  async::awaitable<Response> callback(Request request, Parameters parameters);
  async::awaitable<Response> permit_output(Request request, Parameters parameters);
  async::awaitable<Response> health(Request request, Parameters parameters);
  async::awaitable<Response> ready(Request request, Parameters parameters);
  async::awaitable<Response> begin_session(Request request, Parameters parameters);
  async::awaitable<Response> end_session(Request request, Parameters parameters);
  async::awaitable<Response> description(Request request, Parameters parameters);
  async::awaitable<Response> metrics(Request request, Parameters parameters);
  async::awaitable<Response> summary(Request request, Parameters parameters);
  async::awaitable<void> download_task(Request request, Parameters parameters,
                                       httpd::Responder responder);
  async::awaitable<void> download_batch(Request request, Parameters parameters,
                                        httpd::Responder responder);
  async::awaitable<void> batch_events(Request request, Parameters parameters,
                                      httpd::Responder responder);
  async::awaitable<void> all_events(Request request, Parameters parameters,
                                    httpd::Responder responder);
  async::awaitable<void> batch_socket(Request request, Parameters parameters,
                                      httpd::Responder responder);

  async::awaitable<Totals> totals();
  async::awaitable<std::string> status_text(Request request, std::string batch_id);
  async::awaitable<Settlement> settle(Attempt attempt, Callback callback, Digest receipt);
  async::awaitable<TaskOutput> take_output(Attempt attempt, Callback callback);

  ApiParts parts_;
  ApiOptions options_;
  bool is_draining_ = false;
};

}  // namespace gantry::service
