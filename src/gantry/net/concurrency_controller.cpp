#include "gantry/net/concurrency_controller.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

// Of the lowest latency. Between them the limit stays: windows differ by a few per cent by chance.
constexpr double kGrowsBelow = 1.15;
constexpr double kShrinksAbove = 1.3;
constexpr double kQueueKept = 1.1;
// What a shrunk limit must make of a latency for the latency to have been its doing.
constexpr double kOursIfBelow = 0.92;

constexpr double kStartFactor = 1.5;
constexpr int kStep = 8;  // grows by such a part
constexpr double kMostShrunk = 0.7;
constexpr double kCut = 0.7;
constexpr double kCeiling = 0.9;
constexpr double kProbe = 0.75;

constexpr auto kProbeEvery = 10s;
// What was taken for the lowest latency in the beginning may have been a queue's.
constexpr auto kFirstProbe = 1s;
constexpr auto kCeilingLasts = 10s;

// One request in fifty may fail by chance, and so may one alone.
constexpr int kFailuresBorne = 2;
constexpr int kShareBorne = 50;
// So many at once are not waited out.
constexpr int kOutbreak = 8;

constexpr int kSmallestWindow = 24;

int scaled(int limit, double by) { return static_cast<int>(std::lround(limit * by)); }

}  // namespace

ConcurrencyController::ConcurrencyController(Options options)
    : options_(options), limit_(options.start), window_(window_for(options.start, options.start)) {}

int ConcurrencyController::settled() const { return std::max(limit_, probed_.value_or(0)); }

// `under_way`: how many were sent under another limit.
ConcurrencyController::Window ConcurrencyController::window_for(int limit, int under_way) {
  return Window{.left_out = under_way, .wanted = std::max(kSmallestWindow, 2 * limit)};
}

void ConcurrencyController::set(int limit) {
  int before = std::exchange(limit_, std::clamp(limit, options_.least, options_.most));
  window_ = window_for(limit_, std::max(before, limit_));
}

void ConcurrencyController::start_at(int limit) {
  set(limit);
  is_starting_ = false;
  lowest_.reset();
  probed_.reset();
  next_probe_.reset();
}

bool ConcurrencyController::is_failing() const {
  int ended = window_.succeeded + window_.failed;
  return window_.failed >= kFailuresBorne && window_.failed * kShareBorne > ended;
}

void ConcurrencyController::ended(async::TimePoint now, async::Duration latency, bool failed,
                                  int in_flight) {
  if (!next_probe_) next_probe_ = now + kFirstProbe;
  if (window_.left_out > 0) {
    --window_.left_out;
    return;
  }
  window_.was_full = window_.was_full || in_flight >= limit_;
  ++(failed ? window_.failed : window_.succeeded);
  if (!failed) window_.sum += latency;
  bool is_outbreak = window_.failed >= std::max(kFailuresBorne, limit_ / kOutbreak);
  if (!is_outbreak && window_.succeeded + window_.failed < window_.wanted) return;
  if (is_failing()) return back_off(now);
  // A limit that nothing fills teaches nothing.
  if (!window_.was_full) return set(limit_);
  judge(now, window_.sum / window_.succeeded);
}

void ConcurrencyController::back_off(async::TimePoint now) {
  int failed_at = settled();
  probed_.reset();
  risen_.reset();
  is_starting_ = false;
  ceiling_ = std::max(options_.least, scaled(failed_at, kCeiling));
  ceiling_ends_ = now + kCeilingLasts;
  set(scaled(limit_, kCut));
}

void ConcurrencyController::judge(async::TimePoint now, Seconds mean) {
  if (probed_) return end_probe(now, mean);
  // A latency that does not fall with the limit is not the limit's: the server has become slower.
  // One window alone may still hold answers of the time before.
  bool is_not_ours = risen_ && mean > *risen_ * kOursIfBelow;
  in_vain_ = is_not_ours ? in_vain_ + 1 : 0;
  if (in_vain_ > 1) lowest_ = mean;
  risen_.reset();
  if (!lowest_ || mean < *lowest_) lowest_ = mean;
  double risen = mean / *lowest_;
  if (risen > kShrinksAbove) return shrink(mean);
  if (now >= *next_probe_) {
    probed_ = limit_;
    before_probe_ = mean;
    return set(scaled(limit_, kProbe));
  }
  if (risen < kGrowsBelow) return grow(now);
  is_starting_ = false;
  set(limit_);
}

// As long as latency falls with the limit, the requests have queued.
void ConcurrencyController::end_probe(async::TimePoint now, Seconds mean) {
  int before = std::exchange(probed_, std::nullopt).value();
  lowest_ = mean;
  if (mean < before_probe_ * kOursIfBelow && limit_ > options_.least) {
    is_starting_ = false;
    probed_ = limit_;
    before_probe_ = mean;
    return set(scaled(limit_, kProbe));
  }
  next_probe_ = now + kProbeEvery;
  set(before);
}

void ConcurrencyController::shrink(Seconds mean) {
  is_starting_ = false;
  risen_ = mean;
  set(scaled(limit_, std::max(kMostShrunk, kQueueKept * (*lowest_ / mean))));
}

void ConcurrencyController::grow(async::TimePoint now) {
  int grown = is_starting_ ? scaled(limit_, kStartFactor) : limit_ + std::max(1, limit_ / kStep);
  if (ceiling_ && now >= ceiling_ends_) {
    // Tried again a little at a time.
    ceiling_ = std::max(*ceiling_ + 1, scaled(*ceiling_, 1 / kCeiling));
    ceiling_ends_ = now + kCeilingLasts;
  }
  if (ceiling_) grown = std::min(grown, *ceiling_);
  set(std::max(grown, limit_));
}

}  // namespace gantry::net
