#include "gantry/net/admission.hpp"

#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace gantry::net {
namespace {

// Limits that are over this soon need not be remembered by the next run.
constexpr auto kShortPause = std::chrono::minutes(1);

}  // namespace

Admission::Admission(async::any_io_executor executor, async::Clock& clock, async::Duration max_wait)
    : executor_(std::move(executor)), clock_(clock), max_wait_(max_wait) {}

Admission::~Admission() {
  if (alarm_) clock_.cancel(*alarm_);
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
      departure_(other.departure_) {}

Admission::Grant::~Grant() {
  if (admission_ != nullptr) admission_->release(id_, departure_);
}

async::awaitable<Admission::Grant> Admission::admit(TicketRequest request) {
  co_await async::throw_if_cancelled();
  if (!request.budget.empty()) {
    if (auto closed = closed_.find(request.host); closed != closed_.end()) throw closed->second;
  }
  auto waiter = std::make_shared<Waiter>(executor_);
  TicketId id = queue_.add(request, clock_.now());
  waiters_.emplace(id, waiter);
  pump();
  try {
    co_await waiter->granted.wait();
  } catch (...) {
    bool was_waiting = waiters_.erase(id) > 0;
    if (was_waiting) {
      queue_.remove(id);
    } else if (!waiter->failure) {
      release(id, std::nullopt);  // granted in the moment of the cancellation
    }
    throw;
  }
  if (waiter->failure) throw *waiter->failure;
  co_return Grant(*this, id);
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
  for (TicketId ticket : queue_.waiting_for(host)) {
    queue_.remove(ticket);
    fail(ticket, reason);
  }
}

void Admission::fail(TicketId ticket, const Error& reason) {
  auto waiter = waiters_.find(ticket);
  std::shared_ptr<Waiter> failed = waiter->second;
  waiters_.erase(waiter);
  failed->failure = reason;
  failed->granted.set();
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

void Admission::release(TicketId id, std::optional<AdmissionQueue::Departure> departure) {
  auto kept = departure ? queue_.long_budget_of(id, kShortPause) : std::nullopt;
  if (ledger_ != nullptr && kept) {
    ledger_->note_call(kept->first, clock_.wall_now(), kept->second);
  }
  queue_.release(id, departure);
  pump();
}

void Admission::pump() {
  if (alarm_) clock_.cancel(*std::exchange(alarm_, std::nullopt));
  async::TimePoint now = clock_.now();
  AdmissionQueue::Decision decision = queue_.next(now);
  while (decision.granted) {
    auto waiter = waiters_.find(*decision.granted);
    std::shared_ptr<Waiter> granted = waiter->second;
    waiters_.erase(waiter);
    granted->granted.set();
    decision = queue_.next(now);
  }
  if (!decision.ask_again) return;
  fail_the_hopeless();
  if (waiters_.empty()) return;
  alarm_at_ = *decision.ask_again;
  alarm_ = clock_.call_at(alarm_at_, [this] {
    alarm_.reset();
    pump();
  });
}

void Admission::fail_the_hopeless() {
  async::TimePoint now = clock_.now();
  for (const AdmissionQueue::Hopeless& hopeless : queue_.hopeless(now, now + max_wait_)) {
    auto wait = std::chrono::duration_cast<std::chrono::seconds>(hopeless.until - now);
    auto reset = std::chrono::system_clock::to_time_t(clock_.wall_now() + wait);
    std::string reason = hopeless.paused ? hopeless.host + " asks to wait"
                                         : "the budget " + hopeless.budget + " is spent";
    const std::string& said = said_[hopeless.host];
    if (hopeless.paused && !said.empty()) reason += " (" + said + ")";
    queue_.remove(hopeless.ticket);
    Error failure(ErrorCode::kRateLimited,
                  fmt::format("{} until {:%Y-%m-%d %H:%M:%S} UTC, in {} s; --max-wait allows {} s",
                              reason, fmt::gmtime(reset), wait.count(),
                              std::chrono::duration_cast<std::chrono::seconds>(max_wait_).count()));
    fail(hopeless.ticket, failure.with(Scope::kRun).with_status(429));
  }
}

}  // namespace gantry::net
