#include "apps/sandbox/sandbox.hpp"

#include <atomic>
#include <fstream>
#include <mutex>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/httpd/server.hpp"

#include "apps/sandbox/arke_api.hpp"
#include "apps/sandbox/cdn.hpp"
#include "apps/sandbox/delivery.hpp"
#include "apps/sandbox/fly_api.hpp"
#include "apps/sandbox/github_api.hpp"
#include "apps/sandbox/random.hpp"
#include "apps/sandbox/stats.hpp"

namespace gantry::sandbox {
namespace {

constexpr std::string_view kApiHost = "127.0.0.1";
constexpr std::string_view kRedirectHost = "127.0.0.3";
constexpr std::string_view kWrongToken = "figd_invalid";

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::size_t size_of(const httpd::Body& body) {
  if (const auto* bytes = std::get_if<std::string>(&body)) return bytes->size();
  const auto& shared = std::get<std::shared_ptr<const std::string>>(body);
  return shared ? shared->size() : 0;
}

std::vector<std::string> addresses_of(const Options& options) {
  std::vector<std::string> addresses = {std::string(kApiHost), std::string(kRedirectHost)};
  const bool is_listed = options.cdn_host == kApiHost || options.cdn_host == kRedirectHost;
  // A name such as localhost is one that leads to 127.0.0.1.
  const bool is_numeric = options.cdn_host.starts_with("127.");
  if (is_numeric && !is_listed) addresses.push_back(options.cdn_host);
  return addresses;
}

// One JSON line for each API request, without the values of its headers.
class RequestLog {
 public:
  explicit RequestLog(const std::filesystem::path& path) {
    if (path.empty()) return;
    file_.open(path, std::ios::app);
    if (!file_) throw system_error("cannot write " + path.string(), errno);
  }

  void add(const httpd::Request& request) {
    if (!file_.is_open()) return;
    boost::json::array headers;
    for (const auto& [name, value] : request.headers) headers.emplace_back(name);
    const boost::json::object line{
        {"method", request.method}, {"target", request.target}, {"headers", std::move(headers)}};
    const std::lock_guard lock(mutex_);
    file_ << line << std::endl;
  }

 private:
  std::mutex mutex_;
  std::ofstream file_;
};

}  // namespace

struct Sandbox::State {
  explicit State(const Options& given)
      : options(given),
        design(make_design(given.design)),
        cdn(design, given.url_lifetime),
        api(design, cdn, given.api),
        arke(given.arke),
        fly(given.fly),
        github(given.github),
        limits(given.limits),
        faults(given.faults),
        stats(given.limits.window),
        log(given.request_log),
        server({.addresses = addresses_of(given), .port = given.port, .threads = given.threads},
               [this](const httpd::Request& request, httpd::Responder responder) {
                 handle(request, std::move(responder));
               }) {}

  void handle(const httpd::Request& request, httpd::Responder responder);
  void handle_own(const httpd::Request& request, httpd::Responder responder);
  void handle_api(const ApiCall& call, const httpd::Request& request, httpd::Responder responder);
  void handle_arke(const ArkeCall& call, const httpd::Request& request, httpd::Responder responder);
  void handle_fly(const FlyCall& call, const httpd::Request& request, httpd::Responder responder);
  void wait_for_machine(const FlyCall& call, const httpd::Request& request,
                        httpd::Responder responder, Clock::time_point end);
  void handle_github(GitHubEndpoint endpoint, const httpd::Request& request,
                     httpd::Responder responder);
  void handle_cdn(const httpd::Request& request, httpd::Responder responder);
  std::optional<httpd::Response> refuse_token(Endpoint endpoint, const httpd::Request& request,
                                              std::uint64_t call_number);
  void refuse_for_limit(Endpoint endpoint, int retry_after, httpd::Responder responder,
                        std::shared_ptr<void> flight);
  // Counts and sends, after the delay.
  void answer(Side side, const httpd::Request& request, httpd::Responder responder,
              httpd::Response response, const FaultDecision& fault, std::chrono::milliseconds delay,
              std::shared_ptr<void> flight);
  std::chrono::milliseconds draw(const Latency& latency);

  const Options options;
  const Design design;
  Cdn cdn;
  FigmaApi api;
  ArkeTree arke;
  FlyApi fly;
  GitHub github;
  Limits limits;
  Faults faults;
  Stats stats;
  RequestLog log;
  std::atomic<std::uint64_t> api_calls = 0;
  std::atomic<std::uint64_t> draws = 0;
  httpd::Server server;
};

void Sandbox::State::handle(const httpd::Request& request, httpd::Responder responder) {
  if (request.path.starts_with("/cdn/")) return handle_cdn(request, std::move(responder));
  if (request.path.starts_with("/__sandbox/")) return handle_own(request, std::move(responder));
  if (const auto call = find_call(request)) {
    return handle_api(*call, request, std::move(responder));
  }
  if (const auto call = find_arke_call(request)) {
    return handle_arke(*call, request, std::move(responder));
  }
  if (const auto call = find_fly_call(request)) {
    return handle_fly(*call, request, std::move(responder));
  }
  if (const auto endpoint = github.find(request)) {
    return handle_github(*endpoint, request, std::move(responder));
  }
  responder.send(error_with_err(404, "Not found"));
}

void Sandbox::State::handle_own(const httpd::Request& request, httpd::Responder responder) {
  const httpd::Headers headers = {{"Content-Type", "application/json"}};
  if (request.path == "/__sandbox/stats" && request.method == "GET") {
    return responder.send({200, headers, stats.to_json()});
  }
  if (request.path == "/__sandbox/fly" && request.method == "GET") {
    return responder.send({200, headers, fly.stats_json()});
  }
  if (request.path == "/__sandbox/reset" && request.method == "POST") {
    stats.reset();
    limits.reset();
    github.reset();
    faults.reset();
    api_calls = 0;
    return responder.send({200, headers, "{}"});
  }
  responder.send(error_with_err(404, "Not found"));
}

void Sandbox::State::handle_api(const ApiCall& call, const httpd::Request& request,
                                httpd::Responder responder) {
  const auto now = Clock::now();
  const int tier = tier_of(call.endpoint);
  auto flight = stats.arrived(Side::kApi);
  stats.api_call(name_of(call.endpoint), tier, now);
  log.add(request);
  auto delay = draw(options.api_latency);
  if (auto refusal = refuse_token(call.endpoint, request, ++api_calls)) {
    return answer(Side::kApi, request, std::move(responder), std::move(*refusal), {}, delay,
                  std::move(flight));
  }
  if (const auto wait = limits.admit(tier, now)) {
    return refuse_for_limit(call.endpoint, *wait, std::move(responder), std::move(flight));
  }
  if (call.endpoint == Endpoint::kImages) delay += options.render_delay;
  const auto fault = faults.next(true, request.target);
  const auto base = fmt::format("http://{}:{}", options.cdn_host, server.port());
  answer(Side::kApi, request, std::move(responder), api.answer(call, request, base, unix_now()),
         fault, delay, std::move(flight));
}

// Contents count as the CDN's, everything else as an API's. The archive wants no credential.
void Sandbox::State::handle_arke(const ArkeCall& call, const httpd::Request& request,
                                 httpd::Responder responder) {
  constexpr int kTier = 3;
  const auto now = Clock::now();
  const Side side = call.is_content() ? Side::kCdn : Side::kApi;
  auto flight = stats.arrived(side);
  if (carries_credential(request)) stats.credential_seen();
  if (!call.is_content()) {
    stats.api_call(name_of(call.endpoint), kTier, now);
    log.add(request);
    if (const auto wait = limits.admit(kTier, now)) {
      stats.paused(now, now, *wait);
      return answer(side, request, std::move(responder), arke_too_many_calls(*wait), {}, {},
                    std::move(flight));
    }
  }
  const auto fault = faults.next(!call.is_content(), request.target + request.body);
  answer(side, request, std::move(responder), answer_arke(arke, call), fault,
         draw(call.is_content() ? options.cdn_latency : options.api_latency), std::move(flight));
}

// Faults are the API's, and those of its own.
void Sandbox::State::handle_fly(const FlyCall& call, const httpd::Request& request,
                                httpd::Responder responder) {
  if (const auto patience = fly.patience(call, request)) {
    return wait_for_machine(call, request, std::move(responder), Clock::now() + *patience);
  }
  auto flight = stats.arrived(Side::kApi);
  FlyApi::Answer given = fly.answer(call, request);
  FaultDecision fault = faults.next(true, request.target + request.body);
  if (given.is_lost) fault.fault = Fault::kReset;
  answer(Side::kApi, request, std::move(responder), std::move(given.response), fault,
         draw(options.api_latency), std::move(flight));
}

void Sandbox::State::wait_for_machine(const FlyCall& call, const httpd::Request& request,
                                      httpd::Responder responder, Clock::time_point end) {
  constexpr std::chrono::milliseconds kLook{20};
  if (auto response = fly.look(call, request, Clock::now() >= end)) {
    return responder.send(std::move(*response));
  }
  server.schedule(kLook, [this, call, request, responder, end] {
    wait_for_machine(call, request, responder, end);
  });
}

// Raw files count as the CDN's. The credential is for the API alone.
void Sandbox::State::handle_github(GitHubEndpoint endpoint, const httpd::Request& request,
                                   httpd::Responder responder) {
  constexpr int kTier = 3;
  const auto now = Clock::now();
  const bool is_raw = endpoint == GitHubEndpoint::kRaw;
  const Side side = is_raw ? Side::kCdn : Side::kApi;
  auto flight = stats.arrived(side);
  const bool is_misled =
      is_raw ? carries_credential(request) : request.header("X-Figma-Token").has_value();
  if (is_misled) stats.credential_seen();
  if (!is_raw) {
    stats.api_call(name_of(endpoint), kTier, now);
    log.add(request);
  }
  auto response = github.answer(endpoint, request, unix_now());
  const auto fault = faults.next(!is_raw, request.target + request.body);
  answer(side, request, std::move(responder), std::move(response), fault,
         draw(is_raw ? options.cdn_latency : options.api_latency), std::move(flight));
}

void Sandbox::State::handle_cdn(const httpd::Request& request, httpd::Responder responder) {
  auto flight = stats.arrived(Side::kCdn);
  if (carries_credential(request)) stats.credential_seen();
  auto response = cdn.answer(request, unix_now());
  const auto fault = faults.next(false, request.path);
  answer(Side::kCdn, request, std::move(responder), std::move(response), fault,
         draw(options.cdn_latency), std::move(flight));
}

// The host that redirects lead to wants no credential, all others want one.
std::optional<httpd::Response> Sandbox::State::refuse_token(Endpoint endpoint,
                                                            const httpd::Request& request,
                                                            std::uint64_t call_number) {
  if (request.header("Host").value_or("").starts_with(kRedirectHost)) {
    if (!carries_credential(request)) return std::nullopt;
    stats.credential_seen();
    return error_with_err(400, "A credential was sent to a host that it is not for");
  }
  const auto token = request.header("X-Figma-Token").value_or("");
  if (token.empty() || token == kWrongToken) return refusal_of(endpoint, 403, "Invalid token");
  if (options.unauthorized_after > 0 && call_number > options.unauthorized_after) {
    return error_with_message(401, "Unauthorized");
  }
  if (options.token_valid_until > 0 && call_number > options.token_valid_until) {
    return refusal_of(endpoint, 403, "Token expired");
  }
  return std::nullopt;
}

void Sandbox::State::refuse_for_limit(Endpoint endpoint, int retry_after,
                                      httpd::Responder responder, std::shared_ptr<void> flight) {
  auto response = limits.refusal(endpoint, retry_after);
  stats.answered(Side::kApi, response.status, size_of(response.body));
  flight.reset();
  const auto decided = Clock::now();
  responder.send(std::move(response), [this, decided, retry_after](bool) {
    stats.paused(decided, Clock::now(), retry_after);
  });
}

void Sandbox::State::answer(Side side, const httpd::Request& request, httpd::Responder responder,
                            httpd::Response response, const FaultDecision& fault,
                            std::chrono::milliseconds delay, std::shared_ptr<void> flight) {
  if (fault.fault != Fault::kNone) {
    stats.injected(side, fault.fault);
    const auto elsewhere =
        fmt::format("http://{}:{}{}", kRedirectHost, server.port(), request.target);
    response = spoilt(std::move(response), fault, elsewhere);
  }
  const bool is_whole_picture = side == Side::kCdn && response.status == 200 &&
                                (fault.fault == Fault::kNone || fault.fault == Fault::kSlow);
  if (is_whole_picture) stats.served(request.path);
  if (fault.fault != Fault::kReset) {
    stats.answered(side, response.status, size_of(response.body));
  }
  const std::chrono::milliseconds slow(options.faults.slow_ms);
  if (delay.count() == 0) {
    return deliver(server, std::move(responder), std::move(response), fault, slow,
                   std::move(flight));
  }
  server.schedule(delay, [this, responder, response = std::move(response), fault, slow,
                          flight = std::move(flight)]() mutable {
    deliver(server, responder, std::move(response), fault, slow, std::move(flight));
  });
}

std::chrono::milliseconds Sandbox::State::draw(const Latency& latency) {
  if (latency.spread.count() == 0) return latency.base;
  Random random(options.faults.seed + mix(++draws));
  const auto spread = static_cast<int>(latency.spread.count());
  const auto drawn = latency.base + std::chrono::milliseconds(random.between(-spread, spread));
  return std::max(drawn, std::chrono::milliseconds(0));
}

Sandbox::Sandbox(const Options& options) : state_(std::make_unique<State>(options)) {}
Sandbox::~Sandbox() = default;

void Sandbox::start() { state_->server.start(); }
void Sandbox::stop() { state_->server.stop(); }
std::uint16_t Sandbox::port() const { return state_->server.port(); }
std::string Sandbox::stats_json() const { return state_->stats.to_json(); }

}  // namespace gantry::sandbox
