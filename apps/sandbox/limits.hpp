// Figma's rate limits: so many calls of a tier in a sliding window.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "gantry/httpd/message.hpp"

#include "apps/sandbox/figma_api.hpp"

namespace gantry::sandbox {

using Clock = std::chrono::steady_clock;

// Calls are counted where they arrive, a client counts where they leave: this much may a call be
// late or early on the way.
constexpr std::chrono::milliseconds kNetworkJitter{50};

struct LimitOptions {
  std::array<int, 3> per_tier{};  // calls a window; 0: no limit
  std::chrono::seconds window{60};
  std::optional<int> retry_after;        // seconds to tell, whatever the window says
  std::map<std::uint64_t, int> once;     // the Nth call answers 429 with this Retry-After
  std::string plan_tier = "pro";         // of X-Figma-Plan-Tier
  std::string rate_limit_type = "high";  // of X-Figma-Rate-Limit-Type
};

class Limits {
 public:
  explicit Limits(LimitOptions options) : options_(std::move(options)) {}

  // Empty: the call of `tier` (1 to 3) may pass. Else the seconds that the client has to wait; such
  // a call does not count. Any thread.
  std::optional<int> admit(int tier, Clock::time_point now);
  httpd::Response refusal(Endpoint endpoint, int retry_after) const;
  void reset();

 private:
  const LimitOptions options_;
  std::mutex mutex_;
  std::uint64_t calls_ = 0;
  std::array<std::deque<Clock::time_point>, 3> passed_;
};

}  // namespace gantry::sandbox
