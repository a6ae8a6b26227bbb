#include "gantry/net/client.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace gantry::net {
namespace {

constexpr int kMostRedirects = 5;
// A server that answers 429 for ever, each time with a short pause, must not hold a call for ever.
constexpr int kMostPauses = 100;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Error failure_of(const HttpRequest& request, const HttpResponse& response) {
  return Error(ErrorCode::kServer,
               fmt::format("{} answers {}", shown_url(request.url), response.status))
      .with(Retry::kSameRequest)
      .with_status(response.status);
}

}  // namespace

Client::Client(Transport& transport, Admission& admission, EgressPolicy egress, async::Clock& clock,
               std::function<void(const std::string&)> note, std::uint64_t seed)
    : transport_(transport),
      admission_(admission),
      egress_(egress),
      clock_(clock),
      note_(std::move(note)),
      random_(seed) {}

void Client::authorise(HttpRequest& request) {
  if (request.credential && origin_of(request.url) != request.credential->origin) {
    request.credential.reset();
  }
}

void Client::count(bool is_api_call, Lane payer, const TicketRequest& ticket) {
  ++counts_.requests;
  ++of_lane_[payer].requests;
  if (!is_api_call) return;
  ++counts_.api_calls;
  ++of_lane_[payer].api_calls;
  if (!ticket.claims) return;
  std::set<Lane> sharing;
  for (const Claims::Claim& claim : ticket.claims->list()) sharing.insert(claim.lane);
  sharing.erase(payer);
  for (Lane lane : sharing) ++of_lane_[lane].shared_calls;
}

TrafficCounts Client::counts(Lane lane) const {
  auto found = of_lane_.find(lane);
  return found == of_lane_.end() ? TrafficCounts() : found->second;
}

async::awaitable<HttpResponse> Client::attempt(HttpRequest request, TicketRequest ticket,
                                               std::shared_ptr<Admission::Grant> given,
                                               AttemptObserver* observer) {
  bool is_api_call = !ticket.budget.empty();
  if (given == nullptr) {
    Admission::Grant own = co_await admission_.admit(ticket);
    given = std::make_shared<Admission::Grant>(std::move(own));
  }
  Admission::Grant grant = std::move(*given);
  Lane payer = grant.lane();
  if (is_api_call) request.gate = admission_.queue().gate(ticket.host);
  egress_.check_url(request.url);
  authorise(request);
  HttpRequest first_hop = request;
  async::TimePoint started = clock_.now();
  HttpResponse response;
  try {
    response = co_await transport_.send(std::move(first_hop));
  } catch (const Error& error) {
    bool is_of_the_server =
        error.code() == ErrorCode::kNetwork || error.code() == ErrorCode::kTimeout;
    if (observer != nullptr && is_of_the_server) {
      observer->attempt_ended(ticket, clock_.now() - started, true);
    }
    // Only a request that the gate held back is known not to have left.
    if (error.code() != ErrorCode::kRateLimited) {
      grant.left({started, clock_.now()});
      count(is_api_call, payer, ticket);
    }
    throw;
  }
  if (observer != nullptr) {
    bool failed = is_retryable_status(response.status) || response.status == 429;
    observer->attempt_ended(ticket, clock_.now() - started, failed);
  }
  grant.left({response.departed, response.answered});
  count(is_api_call, payer, ticket);
  counts_.bytes += response.body.size();
  of_lane_[payer].bytes += response.body.size();
  if (is_redirect(response.status) && (request.method == "GET" || request.method == "HEAD")) {
    response = co_await follow_redirects(std::move(request), std::move(response), ticket, payer);
  }
  co_return response;
}

async::awaitable<HttpResponse> Client::follow_redirects(HttpRequest request, HttpResponse response,
                                                        TicketRequest ticket, Lane payer) {
  for (int hop = 0; is_redirect(response.status); ++hop) {
    if (hop == kMostRedirects) {
      throw Error(ErrorCode::kBadResponse,
                  shown_url(request.url) + ": more than five redirects in a row");
    }
    std::string_view location = find_header(response.headers, "Location");
    if (location.empty()) break;
    std::string target = resolve_location(request.url, location);
    egress_.check_redirect(request.url, target);
    request.url = target;
    authorise(request);
    // A hop that stays on the host is another call to it; one that leaves is none of its business.
    bool is_api_call = !ticket.budget.empty() && host_of(target) == ticket.host;
    if (!is_api_call) request.gate = nullptr;
    HttpRequest next_hop = request;
    response = co_await transport_.send(std::move(next_hop));
    if (is_api_call) admission_.queue().charge(ticket.budget, response.departed);
    count(is_api_call, payer, ticket);
    counts_.bytes += response.body.size();
    of_lane_[payer].bytes += response.body.size();
  }
  co_return response;
}

std::optional<std::chrono::milliseconds> Client::pause_of(const HttpResponse& response,
                                                          const CallOptions& options,
                                                          int pauses) const {
  if (options.ticket.budget.empty()) return std::nullopt;
  if (options.asked_pause) return options.asked_pause(response, clock_.wall_now(), pauses);
  if (response.status != 429) return std::nullopt;
  return rate_limit_pause(response.headers, clock_.wall_now());
}

void Client::note_pause(const HttpRequest& request, const HttpResponse& response,
                        const CallOptions& options, std::chrono::milliseconds pause) {
  ++counts_.pauses;
  std::string said = options.describe_limit ? options.describe_limit(response) : std::string();
  note_(fmt::format("{} answers {}: all calls to it pause for {:.1f} s{}{}", host_of(request.url),
                    response.status, static_cast<double>(pause.count()) / 1000,
                    said.empty() ? "" : "; ", said));
  admission_.rate_limited(options.ticket.budget, options.ticket.host, pause, said);
}

async::awaitable<HttpResponse> Client::send(HttpRequest request, CallOptions options) {
  int retries = 0;
  int pauses = 0;
  while (true) {
    std::optional<Error> failure;
    std::optional<std::chrono::milliseconds> asked;
    HttpResponse response;
    bool is_bad_answer = false;
    try {
      response = co_await attempt(request, options.ticket, std::exchange(options.grant, nullptr),
                                  options.observer);
      if (auto pause = pause_of(response, options, pauses); pause && pauses < kMostPauses) {
        ++pauses;
        note_pause(request, response, options, *pause);
        continue;
      }
      if (is_retryable_status(response.status) || response.status == 429) {
        failure = failure_of(request, response);
        is_bad_answer = true;
        asked = parse_retry_after(find_header(response.headers, "Retry-After"), clock_.wall_now());
      } else if (options.check && response.status >= 200 && response.status < 300) {
        options.check(response);
      }
    } catch (const Error& error) {
      failure = error;
    }
    if (!failure) co_return response;
    if (failure->code() == ErrorCode::kRateLimited && failure->retry() == Retry::kSameRequest) {
      continue;  // held back by a pause: nothing was sent
    }
    double random = std::uniform_real_distribution<double>(0, 1)(random_);
    auto delay = options.retry.next_delay(retries, *failure, random, asked);
    if (!delay) {
      if (is_bad_answer) co_return response;
      throw *failure;
    }
    ++retries;
    ++counts_.retries;
    ++of_lane_[options.ticket.lane].retries;
    note_(fmt::format("retry {} of {} in {:.1f} s: {}", retries, options.retry.max_retries,
                      static_cast<double>(delay->count()) / 1000, failure->message()));
    co_await clock_.sleep(*delay);
  }
}

}  // namespace gantry::net
