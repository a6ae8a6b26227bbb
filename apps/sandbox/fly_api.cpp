#include "apps/sandbox/fly_api.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/v1/apps/";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kWrongFlyToken = "fly_invalid";
constexpr std::string_view kFilter = "metadata.";
constexpr int kLongestWait = 60;

httpd::Response json_answer(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

httpd::Response fly_error(int status, std::string_view text) {
  return json_answer(status, json::object{{"error", text}, {"status", "unknown"}});
}

std::string next_part(std::string& path) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  std::string part = path.substr(0, slash);
  path.erase(0, slash + 1);
  return part;
}

}  // namespace

std::optional<FlyCall> find_fly_call(const httpd::Request& request) {
  if (!request.path.starts_with(kPath)) return std::nullopt;
  std::string rest = request.path.substr(kPath.size());
  FlyCall call;
  call.app = next_part(rest);
  if (next_part(rest) != "machines") return std::nullopt;
  call.id = next_part(rest);
  call.action = next_part(rest);
  if (call.app.empty() || !rest.empty()) return std::nullopt;
  return call;
}

FlyApi::FlyApi(const FlyOptions& options) : options_(options), machines_(options) {
  if (options.transcript.empty()) return;
  transcript_.open(options.transcript, std::ios::app);
  if (!transcript_) throw system_error("cannot write " + options.transcript.string(), errno);
}

// A bucket for each action on each machine, and for what concerns the app.
bool FlyApi::admit(const FlyCall& call, const std::string& method) {
  double rate = options_.rate;
  double burst = options_.burst;
  if (!call.id.empty()) {
    const bool is_get = method == "GET" && call.action.empty();
    rate = is_get ? 5 : 1;
    burst = is_get ? 10 : 3;
  }
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  auto [known, is_new] = buckets_.try_emplace(
      fmt::format("{} {} {} {}", method, call.app, call.id, call.action), Bucket{burst, now});
  Bucket& bucket = known->second;
  const std::chrono::duration<double> passed = now - bucket.at;
  bucket.tokens = std::min(burst, bucket.tokens + passed.count() * rate);
  bucket.at = now;
  const double early = std::chrono::duration<double>(kNetworkJitter).count() * rate;
  if (bucket.tokens + early < 1) {
    ++refused_;
    return false;
  }
  bucket.tokens -= 1;
  return true;
}

std::optional<httpd::Response> FlyApi::refuse(const FlyCall& call, const httpd::Request& request) {
  const std::string_view token = request.header("Authorization").value_or("");
  const bool is_known = token.starts_with(kBearer) && token.size() > kBearer.size() &&
                        token.substr(kBearer.size()) != kWrongFlyToken;
  if (!is_known) return fly_error(401, "unauthorized");
  if (!admit(call, request.method)) {
    return fly_error(429, "resource_exhausted: rate limit exceeded");
  }
  if (!call.id.empty() && !machines_.find(call.app, call.id)) {
    return fly_error(404, "machine not found");
  }
  return std::nullopt;
}

FlyApi::Answer FlyApi::answer(const FlyCall& call, const httpd::Request& request) {
  Answer answer;
  if (auto refusal = refuse(call, request)) {
    answer.response = std::move(*refusal);
  } else if (!call.id.empty()) {
    answer.response = act(call, request);
  } else if (request.method == "POST") {
    answer.response = create(call, request);
    if (answer.response.status == 200) {
      const std::lock_guard lock(mutex_);
      ++creations_;
      answer.is_lost = options_.lose_every > 0 && creations_ % options_.lose_every == 0;
      lost_ += answer.is_lost ? 1 : 0;
    }
  } else {
    answer.response = list(call, request);
  }
  write(request, answer.response);
  return answer;
}

httpd::Response FlyApi::create(const FlyCall& call, const httpd::Request& request) {
  json::error_code fault;
  const json::value body = json::parse(request.body, fault);
  const json::value* image = fault ? nullptr : body.find_pointer("/config/image", fault);
  if (image == nullptr || !image->is_string()) return fly_error(400, "config.image is missing");
  if (image->get_string().find("missing") != json::string::npos) {
    return fly_error(400, "failed to get manifest: manifest unknown");
  }
  auto machine = machines_.create(call.app, body.as_object());
  if (!machine) return fly_error(422, "already_exists: unique machine name violation");
  return json_answer(200, *machine);
}

httpd::Response FlyApi::list(const FlyCall& call, const httpd::Request& request) {
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : request.query) {
    if (name.starts_with(kFilter)) metadata[name.substr(kFilter.size())] = value;
  }
  const bool with_destroyed = request.query_value("include_deleted") == "true";
  json::array all;
  for (auto& machine : machines_.list(call.app, metadata, with_destroyed)) {
    all.emplace_back(std::move(machine));
  }
  return json_answer(200, all);
}

httpd::Response FlyApi::act(const FlyCall& call, const httpd::Request& request) {
  if (request.method == "GET" && call.action.empty()) {
    return json_answer(200, *machines_.find(call.app, call.id));
  }
  if (request.method == "DELETE" && call.action.empty()) {
    const auto machine = machines_.find(call.app, call.id);
    const bool is_forced = request.query_value("force") == "true";
    if (machine->at("state") == "started" && !is_forced) {
      return fly_error(412, "failed_precondition: machine is started");
    }
    machines_.destroy(call.id);
    return json_answer(200, json::object{{"ok", true}});
  }
  if (request.method == "POST" && call.action == "stop") {
    const bool is_kill = request.body.find("SIGKILL") != std::string::npos;
    machines_.stop(call.id, is_kill ? SIGKILL : SIGINT);
    return json_answer(200, json::object{{"ok", true}});
  }
  return fly_error(404, "not found");
}

std::optional<std::chrono::seconds> FlyApi::patience(const FlyCall& call,
                                                     const httpd::Request& request) {
  if (request.method != "GET" || call.action != "wait") return std::nullopt;
  const std::string_view text = request.query_value("timeout").value_or("60");
  int seconds = kLongestWait;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 1, kLongestWait));
}

std::optional<httpd::Response> FlyApi::look(const FlyCall& call, const httpd::Request& request,
                                            bool is_late) {
  const auto machine = machines_.find(call.app, call.id);
  if (!machine) return fly_error(404, "machine not found");
  const std::string state(machine->at("state").as_string());
  std::string wanted;
  for (const auto& [name, value] : request.query) {
    if (name == "state") wanted += "," + value + ",";
  }
  if (wanted.find(state) == std::string::npos && !is_late) return std::nullopt;
  httpd::Response response = fly_error(408, "deadline_exceeded");
  if (wanted.find(state) != std::string::npos) {
    response = json_answer(
        200, json::object{{"ok", true}, {"state", state}, {"version", machine->at("instance_id")}});
  }
  write(request, response);
  return response;
}

void FlyApi::write(const httpd::Request& request, const httpd::Response& response) {
  if (!transcript_.is_open()) return;
  json::error_code fault;
  json::value sent = json::parse(request.body, fault);
  if (fault) sent = nullptr;
  json::object line{{"method", request.method},
                    {"target", request.target},
                    {"request", std::move(sent)},
                    {"status", response.status},
                    {"answer", json::parse(std::get<std::string>(response.body))}};
  const std::lock_guard lock(mutex_);
  transcript_ << line << std::endl;
}

std::string FlyApi::stats_json() {
  json::object stats = machines_.stats();
  const std::lock_guard lock(mutex_);
  stats["refused"] = refused_;
  stats["lost"] = lost_;
  return json::serialize(stats);
}

}  // namespace gantry::sandbox
