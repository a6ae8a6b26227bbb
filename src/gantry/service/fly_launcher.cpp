#include "gantry/service/fly_launcher.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/net/http.hpp"

namespace gantry::service {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kPatience = 30s;
constexpr auto kLongestFlyWait = 60s;  // that Fly allows
constexpr auto kMostDelay = 10'000ms;
constexpr int kCreations = 8;  // tries
constexpr int kStops = 3;
constexpr std::uint64_t kMostAnswer = 64ULL << 20;

constexpr const char* kOwner = "gantry_owner";
constexpr const char* kTask = "gantry_task";
constexpr const char* kAttempt = "gantry_attempt";

std::string text_at(const json::value& value, const char* pointer) {
  boost::system::error_code fault;
  const json::value* found = value.find_pointer(pointer, fault);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::chrono::milliseconds fly_delay_after(int tries) {
  return std::min<std::chrono::milliseconds>(500ms * (1 << std::min(tries, 5)), kMostDelay);
}

// Names of machines have letters, digits and hyphens.
std::string machine_name(const Claim& claim) {
  std::string name = fmt::format("{}-{}", claim.task_id, claim.attempt);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// "killed by signal 9, out of memory", from the last event that tells of an end.
std::string end_of(const json::value& machine) {
  boost::system::error_code fault;
  const json::value* events = machine.find_pointer("/events", fault);
  if (events == nullptr || !events->is_array()) return {};
  for (const json::value& event : events->get_array()) {
    if (text_at(event, "/type") != "exit") continue;
    const json::value* end = event.find_pointer("/request/exit_event", fault);
    if (end == nullptr) end = event.find_pointer("/request/MonitorEvent/exit_event", fault);
    if (end == nullptr || !end->is_object()) continue;
    const json::object& exit = end->get_object();
    const json::value* code = exit.if_contains("exit_code");
    const json::value* memory = exit.if_contains("oom_killed");
    std::string text = "its machine has ended";
    if (code != nullptr && code->is_int64()) text = fmt::format("exit code {}", code->get_int64());
    if (memory != nullptr && memory->is_bool() && memory->get_bool()) text += ", out of memory";
    return text;
  }
  return {};
}

}  // namespace

struct FlyLauncher::Answer {
  int status = 0;
  std::optional<std::chrono::milliseconds> asked_delay;
  json::value body;
};

struct FlyLauncher::Machine {
  std::string id;
  std::string version;  // which its end is waited for with
  std::string name;
  std::string image;  // with its digest; empty if Fly does not tell
  Attempt attempt;

  explicit Machine(const json::value& value)
      : id(text_at(value, "/id")),
        version(text_at(value, "/instance_id")),
        name(text_at(value, "/name")),
        attempt{text_at(value, std::string("/config/metadata/").append(kTask).c_str()), 0, ""} {
    std::string number = text_at(value, std::string("/config/metadata/").append(kAttempt).c_str());
    std::from_chars(number.data(), number.data() + number.size(), attempt.number);
    std::string digest = text_at(value, "/image_ref/digest");
    if (!digest.empty()) {
      image = fmt::format("{}/{}@{}", text_at(value, "/image_ref/registry"),
                          text_at(value, "/image_ref/repository"), digest);
    }
    attempt.machine = id + "/" + version;
  }
};

FlyLauncher::FlyLauncher(async::any_io_executor executor, async::Clock& clock,
                         net::Transport& transport, TaskStore& tasks, Options options)
    : clock_(clock),
      transport_(transport),
      tasks_(tasks),
      options_(std::move(options)),
      pinning_(std::move(executor), 1) {}

std::string FlyLauncher::path_of(std::string_view id) const {
  return fmt::format("/v1/apps/{}/machines{}{}", options_.app, id.empty() ? "" : "/",
                     id.substr(0, id.find('/')));
}

// Throws what the transport throws.
async::awaitable<FlyLauncher::Answer> FlyLauncher::call(std::string method, std::string path,
                                                        std::string body,
                                                        std::chrono::seconds patience) {
  std::string origin = net::origin_of(options_.api);
  net::HttpRequest request;
  request.method = std::move(method);
  request.url = origin + path;
  if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  request.credential =
      net::Credential{"Authorization", Secret("Bearer " + options_.token.reveal()), origin};
  request.limits.total = patience;
  request.limits.slow_window = patience;  // silence is no fault of a call that waits
  request.limits.body_bytes = kMostAnswer;
  net::HttpResponse response = co_await transport_.send(std::move(request));
  Answer answer{response.status, std::nullopt, nullptr};
  if (response.status == 429) {
    answer.asked_delay = net::parse_retry_after(net::find_header(response.headers, "Retry-After"),
                                                clock_.wall_now());
  }
  json::error_code fault;
  answer.body = json::parse(response.body.read(kMostAnswer), fault);
  if (fault) answer.body = nullptr;
  co_return answer;
}

// Fly's own text is not passed on: nobody knows what is in it.
Error FlyLauncher::refusal(const Answer& answer, std::string_view what) const {
  std::string text = fmt::format("{}: Fly answers {}", what, answer.status);
  auto error = [&](ErrorCode code, std::string_view advice) {
    return Error(code, text + std::string(advice)).with_status(answer.status);
  };
  if (answer.status == 401 || answer.status == 403) {
    return error(ErrorCode::kUnauthorized, ": check FLY_API_TOKEN and FLY_APP_NAME");
  }
  if (answer.status == 404) return error(ErrorCode::kNotFound, ": check FLY_APP_NAME");
  // A name that is taken is that of an earlier try, whose machine will be seen in a moment.
  bool may_pass = answer.status == 409 || answer.status == 429 || answer.status >= 500 ||
                  text_at(answer.body, "/status") == "name_taken" ||
                  text_at(answer.body, "/status") == "insufficient_capacity";
  if (may_pass) return error(ErrorCode::kServer, "").with(Retry::kSameRequest);
  return error(ErrorCode::kBadResponse, fmt::format(": check FLY_WORKER_IMAGE ({}), FLY_REGION, "
                                                    "WORKER_CPUS and WORKER_MEMORY_MB",
                                                    options_.image));
}

std::string FlyLauncher::creation(const Assignment& assignment, const std::string& image) const {
  const Claim& claim = assignment.claim;
  json::object environment{{"TASK_ID", claim.task_id},
                           {"BATCH_ID", claim.batch_id},
                           {"PI", claim.subject},
                           {"EXPORT_FORMAT", claim.kind},
                           {"EXPORT_OPTIONS", claim.options},
                           {"CALLBACK_URL", assignment.callback_url},
                           {"CALLBACK_TOKEN", assignment.token.reveal()}};
  for (const auto& [name, value] : options_.environment) environment[name] = value;
  json::object config{
      {"image", image},
      {"init", {{"exec", {"gantry", "worker"}}}},
      {"env", std::move(environment)},
      {"metadata",
       {{kOwner, options_.owner},
        {kTask, claim.task_id},
        {kAttempt, std::to_string(claim.attempt)},
        {"gantry_batch", claim.batch_id}}},
      {"auto_destroy", true},
      {"restart", {{"policy", "no"}}},
      {"guest",
       {{"cpu_kind", "shared"}, {"cpus", options_.cpus}, {"memory_mb", options_.memory_mb}}}};
  json::object body{{"name", machine_name(claim)}, {"config", std::move(config)}};
  if (!options_.region.empty()) body["region"] = options_.region;
  return json::serialize(body);
}

async::awaitable<std::vector<FlyLauncher::Machine>> FlyLauncher::list(std::string filter,
                                                                      bool with_ended) {
  Answer answer = co_await call("GET", path_of("") + "?" + filter, "", kPatience);
  if (answer.status != 200) throw refusal(answer, "cannot list the machines");
  if (!answer.body.is_array()) {
    throw Error(ErrorCode::kBadResponse, "Fly's list of machines is no list");
  }
  std::vector<Machine> machines;
  for (const json::value& value : answer.body.get_array()) {
    Machine machine(value);
    std::string state = text_at(value, "/state");
    if (!with_ended && (state == "destroyed" || state == "destroying")) continue;
    if (!machine.id.empty() && machine.attempt.number > 0) machines.push_back(std::move(machine));
  }
  co_return machines;
}

// Whatever became of a creation that was not answered: the machine of this name is the one.
async::awaitable<FlyLauncher::Machine> FlyLauncher::make_or_find(Claim claim, std::string body) {
  const std::string filter =
      fmt::format("include_deleted=true&metadata.{}={}", kTask, claim.task_id);
  const std::string name = machine_name(claim);
  for (int tries = 1;; ++tries) {
    std::optional<Error> failure;
    std::chrono::milliseconds delay = fly_delay_after(tries);
    bool may_be_there = true;
    try {
      Answer answer = co_await call("POST", path_of(""), body, kPatience);
      if (answer.status == 200 || answer.status == 201) {
        Machine made(answer.body);
        if (!made.id.empty()) co_return made;
        failure = Error(ErrorCode::kBadResponse, "Fly's answer to a creation is no machine");
      } else {
        failure = refusal(answer, "cannot create a machine");
        may_be_there = answer.status >= 500 || answer.status == 409 || answer.status == 422;
        if (answer.asked_delay) delay = std::max(delay, *answer.asked_delay);
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      failure = error.with(Retry::kSameRequest);
    }
    if (may_be_there) {
      try {
        std::vector<Machine> machines = co_await list(filter, true);
        for (const Machine& machine : machines) {
          if (machine.name == name) co_return machine;
        }
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled) throw;
        failure = failure->with(Retry::kSameRequest);
      }
    }
    if (failure->retry() != Retry::kSameRequest || tries == kCreations) throw Error(*failure);
    co_await clock_.sleep(delay);
  }
}

async::awaitable<FlyLauncher::Machine> FlyLauncher::create(Assignment assignment,
                                                           std::string image) {
  std::string body = creation(assignment, image);
  co_return co_await make_or_find(assignment.claim, std::move(body));
}

async::awaitable<std::string> FlyLauncher::launch(Assignment assignment) {
  const std::string task = assignment.claim.task_id;
  auto look = [task](TaskWriter& writer) { return writer.pin_image(task, ""); };
  std::string image = co_await tasks_.change(look);
  std::optional<async::Semaphore::Permit> first;
  if (image.empty()) {
    // Of a batch that has no image yet, one machine is made at a time.
    first.emplace(co_await pinning_.acquire());
    image = co_await tasks_.change(look);
  }
  if (!image.empty()) {
    first.reset();
    Machine machine = co_await create(std::move(assignment), image);
    co_return machine.attempt.machine;
  }
  Machine machine = co_await create(std::move(assignment), options_.image);
  auto pin = [task, image = machine.image](TaskWriter& writer) {
    return writer.pin_image(task, image);
  };
  co_await tasks_.change(std::move(pin));
  co_return machine.attempt.machine;
}

// With auto_destroy a machine that has ended goes by itself, and may be gone when it is asked for.
async::awaitable<std::string> FlyLauncher::exit_of(std::string id) {
  Answer answer = co_await call("GET", path_of(id), "", kPatience);
  std::string how = end_of(answer.body);
  co_return how.empty() ? "its machine is gone" : how;
}

async::awaitable<std::string> FlyLauncher::wait(std::string machine) {
  const std::string id = machine.substr(0, machine.find('/'));
  const std::string path =
      fmt::format("{}/wait?state=stopped,destroyed,failed&version={}&timeout={}", path_of(id),
                  machine.substr(std::min(machine.size(), id.size() + 1)), kLongestFlyWait.count());
  for (int failures = 0;;) {
    try {
      Answer answer = co_await call("GET", path, "", kLongestFlyWait + kPatience);
      if (answer.status == 404) co_return "its machine is gone";
      if (answer.status == 200) co_return co_await exit_of(id);
      failures = answer.status == 408 ? 0 : failures + 1;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      ++failures;
    }
    // Fly being away says nothing of the machine, whose signs of life count.
    if (failures > 0) co_await clock_.sleep(fly_delay_after(failures));
  }
}

async::awaitable<std::vector<Attempt>> FlyLauncher::machines() {
  std::vector<Machine> all =
      co_await list(fmt::format("metadata.{}={}", kOwner, options_.owner), false);
  std::vector<Attempt> attempts;
  attempts.reserve(all.size());
  for (Machine& machine : all) attempts.push_back(std::move(machine.attempt));
  co_return attempts;
}

async::awaitable<void> FlyLauncher::stop(std::string machine) {
  for (int tries = 1; tries <= kStops; ++tries) {
    try {
      Answer answer = co_await call("DELETE", path_of(machine) + "?force=true", "", kPatience);
      if (answer.status < 300 || answer.status == 404) co_return;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
    }
    co_await clock_.sleep(fly_delay_after(tries));
  }
}

}  // namespace gantry::service
