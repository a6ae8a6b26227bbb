#include "gantry/net/admission.hpp"

#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace gantry::net {
namespace {

// Limits that are over this soon need not be remembered by the next run.
constexpr auto kShortPause = std::chrono::minutes(1);

// Where admit() waits. A grant that nobody comes for goes back with it.
struct Arrival {
  async::Event arrived;
  std::optional<Outcome<Admission::Grant>> outcome;
  explicit Arrival(const async::any_io_executor& executor) : arrived(executor) {}
};

TicketId request_for(const std::shared_ptr<Arrival>& arrival, Admission& admission,
                     TicketRequest request) {
  return admission.request(std::move(request), [arrival](Outcome<Admission::Grant> outcome) {
    arrival->outcome.emplace(std::move(outcome));
    arrival->arrived.set();
  });
}

}  // namespace

Admission::Admission(async::any_io_executor executor, async::Clock& clock, async::Duration max_wait)
    : executor_(std::move(executor)), clock_(clock), max_wait_(max_wait) {}

Admission::~Admission() {
  set_alarm(std::nullopt);
  for (const auto& [id, waiter] : waiters_) forget(id, waiter);
  pumping_ = true;  // a `done` that goes may give a grant back, which nobody gets any more
  auto waiters = std::exchange(waiters_, {});
}

std::string Admission::unique_name(std::string_view prefix) {
  return fmt::format("{}/{}", prefix, ++last_name_);
}

void Admission::remember(LimitLedger& ledger) {
  ledger_ = &ledger;
  async::WallTime wall = clock_.wall_now();
  async::TimePoint now = clock_.now();
  LimitLedger::Past past = ledger.read(wall);
  for (const auto& [host, until] : past.pauses) {
    queue_.gate(host)->close_until(now + (until - wall));
    said_[host] =
        "remembered from an earlier run; removing " + ledger.file().string() + " forgets it";
  }
  for (const auto& [budget, calls] : past.calls) {
    if (!queue_.has_budget(budget)) continue;
    for (async::WallTime left : calls) queue_.charge(budget, now - (wall - left));
  }
}

Admission::Grant::Grant(Grant&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)),
      id_(other.id_),
      lane_(other.lane_),
      departure_(other.departure_) {}

Admission::Grant::~Grant() {
  if (admission_ != nullptr) admission_->release(id_, departure_);
}

async::awaitable<Admission::Grant> Admission::admit(TicketRequest request) {
  co_await async::throw_if_cancelled();
  auto arrival = std::make_shared<Arrival>(executor_);
  TicketId id = request_for(arrival, *this, std::move(request));
  try {
    co_await arrival->arrived.wait();
  } catch (...) {
    withdraw(id);
    arrival->outcome.reset();  // granted in the moment of the cancellation
    throw;
  }
  Outcome<Grant>& outcome = *arrival->outcome;
  if (!outcome) throw outcome.error();
  Grant grant = std::move(*outcome);
  co_return grant;
}

TicketId Admission::request(TicketRequest request, Done done) {
  std::optional<Error> refused;
  if (!closed_.empty() && !request.budget.empty()) {
    if (auto closed = closed_.find(request.host); closed != closed_.end()) refused = closed->second;
  }
  TicketId id = add(std::move(request), std::move(done));
  if (refused) fail(id, *std::move(refused));
  pump();
  return id;
}

TicketId Admission::add(TicketRequest request, Done done) {
  async::TimePoint now = clock_.now();
  Waiter waiter{std::move(done), nullptr};
  if (request.claims == nullptr) {
    TicketId id = queue_.add(request, now);
    waiters_.emplace(id, std::move(waiter));
    return id;
  }
  waiter.claimed = std::make_unique<Claimed>();
  Claimed& claimed = *waiter.claimed;
  claimed.request = std::move(request);
  std::vector<Claims::Claim> claims = claimed.request.claims->list();
  if (claims.empty()) {
    claimed.kept = Claims::Claim{claimed.request.lane, claimed.request.priority};
    claims.push_back(*claimed.kept);
  }
  TicketId id = queue_.add(claimed.as(claims.front()), now);
  for (const Claims::Claim& claim : claims) queue_.join(id, claimed.as(claim));
  claimed.request.claims->waiting_.push_back(Claims::Waiting{this, id});
  waiters_.emplace(id, std::move(waiter));
  return id;
}

const TicketRequest& Admission::Claimed::as(const Claims::Claim& claim) {
  request.lane = claim.lane;
  request.priority = claim.priority;
  return request;
}

// Ends the ties of a waiter that is about to go.
void Admission::forget(TicketId id, const Waiter& waiter) {
  if (waiter.claimed == nullptr) return;
  std::erase(waiter.claimed->request.claims->waiting_, Claims::Waiting{this, id});
}

void Admission::withdraw(TicketId waiting) {
  auto found = waiters_.extract(waiting);  // outlives its entry: `done` may hold a grant
  if (found.empty()) return;
  queue_.remove(waiting);
  forget(waiting, found.mapped());
}

void Admission::join(TicketId waiting, const TicketRequest& as) {
  queue_.join(waiting, as);
  pump();
}

Admission::Claimed* Admission::find_claimed(TicketId id) {
  auto found = waiters_.find(id);
  return found == waiters_.end() ? nullptr : found->second.claimed.get();
}

void Admission::claim(TicketId id, const Claims::Claim& claim) {
  Claimed* claimed = find_claimed(id);
  if (claimed == nullptr) return;
  queue_.join(id, claimed->as(claim));
  if (claimed->kept && *claimed->kept != claim) queue_.leave(id, claimed->as(*claimed->kept));
  claimed->kept.reset();
  pump();
}

void Admission::unclaim(TicketId id, const Claims::Claim& claim) {
  Claimed* claimed = find_claimed(id);
  if (claimed != nullptr && !queue_.leave(id, claimed->as(claim))) claimed->kept = claim;
}

void Admission::rate_limited(const std::string& budget, const std::string& host,
                             async::Duration pause, std::string said) {
  said_[host] = std::move(said);
  queue_.rate_limited(budget, host, clock_.now(), pause);
  if (ledger_ != nullptr && pause > kShortPause) {
    ledger_->note_pause(host, clock_.wall_now() + std::chrono::ceil<std::chrono::seconds>(pause));
  }
  pump();
}

void Admission::close(const std::string& host, const Error& reason) {
  if (!closed_.emplace(host, reason).second) return;
  for (TicketId ticket : queue_.waiting_for(host)) fail(ticket, reason);
  pump();
}

void Admission::fail(TicketId ticket, Error reason) {
  queue_.remove(ticket);
  failed_.emplace_back(ticket, std::move(reason));
}

async::Duration Admission::pause_left(const std::string& host) {
  async::TimePoint until = queue_.gate(host)->closed_until();
  async::TimePoint now = clock_.now();
  return until > now ? until - now : async::Duration::zero();
}

async::Duration Admission::wait_left() const {
  async::TimePoint now = clock_.now();
  return alarm_ && alarm_at_ > now ? alarm_at_ - now : async::Duration::zero();
}

LimitStatus Admission::status() {
  LimitStatus status = queue_.status(clock_.now());
  status.wait = wait_left();
  return status;
}

void Admission::release(TicketId id, std::optional<AdmissionQueue::Departure> departure) {
  auto kept = departure ? queue_.long_budget_of(id, kShortPause) : std::nullopt;
  if (ledger_ != nullptr && kept) {
    ledger_->note_call(kept->first, clock_.wall_now(), kept->second);
  }
  queue_.release(id, departure);
  pump();
}

void Admission::pump() {
  if (pumping_) return;  // called by a `done`: the loop below sees what has changed
  pumping_ = true;
  while (deliver_next()) {
  }
  pumping_ = false;
}

// False: nothing can be granted before the alarm that is set now, or before something changes.
bool Admission::deliver_next() {
  if (failed_.empty()) {
    async::TimePoint now = clock_.now();
    AdmissionQueue::Decision decision = queue_.next(now);
    if (decision.granted) {
      deliver(*decision.granted, Grant(*this, *decision.granted, decision.lane));
      return true;
    }
    if (decision.ask_again) fail_the_hopeless(now);
    if (failed_.empty()) {
      set_alarm(decision.ask_again);
      return false;
    }
  }
  auto [ticket, reason] = std::move(failed_.front());
  failed_.pop_front();
  deliver(ticket, tl::unexpected(std::move(reason)));
  return true;
}

void Admission::deliver(TicketId id, Outcome<Grant> outcome) {
  auto found = waiters_.extract(id);
  if (found.empty()) return;  // withdrawn since it failed
  forget(id, found.mapped());
  found.mapped().done(std::move(outcome));
}

void Admission::set_alarm(std::optional<async::TimePoint> time) {
  if (alarm_ && time == alarm_at_) return;
  if (alarm_) clock_.cancel(*std::exchange(alarm_, std::nullopt));
  if (!time) return;
  alarm_at_ = *time;
  alarm_ = clock_.call_at(alarm_at_, [this] {
    alarm_.reset();
    pump();
  });
}

void Admission::fail_the_hopeless(async::TimePoint now) {
  for (const AdmissionQueue::Hopeless& hopeless : queue_.hopeless(now, now + max_wait_)) {
    auto wait = std::chrono::duration_cast<std::chrono::seconds>(hopeless.until - now);
    auto reset = std::chrono::system_clock::to_time_t(clock_.wall_now() + wait);
    std::string reason = hopeless.paused ? hopeless.host + " asks to wait"
                                         : "the budget " + hopeless.budget + " is spent";
    const std::string& said = said_[hopeless.host];
    if (hopeless.paused && !said.empty()) reason += " (" + said + ")";
    Error failure(ErrorCode::kRateLimited,
                  fmt::format("{} until {:%Y-%m-%d %H:%M:%S} UTC, in {} s; --max-wait allows {} s",
                              reason, fmt::gmtime(reset), wait.count(),
                              std::chrono::duration_cast<std::chrono::seconds>(max_wait_).count()));
    fail(hopeless.ticket, failure.with(Scope::kRun).with_status(429));
  }
}

}  // namespace gantry::net
