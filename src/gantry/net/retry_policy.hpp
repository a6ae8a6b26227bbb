// Whether and when a failed attempt is made again. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "gantry/base/error.hpp"

namespace gantry::net {

struct RetryPolicy {
  int max_retries = 4;
  std::chrono::milliseconds first_delay{1'000};
  std::chrono::milliseconds longest_delay{30'000};

  // The wait before the next attempt after `retries` of them, or nothing if it is not made. The
  // delay doubles each time and is drawn from the whole range ("full jitter") by `random` in
  // [0, 1). What the server asked for is a floor that the longest delay does not lower.
  std::optional<std::chrono::milliseconds> next_delay(
      int retries, const Error& failure, double random,
      std::optional<std::chrono::milliseconds> asked = std::nullopt) const;
};

// 429 is not among them: a pause is not a failure and costs no retry.
bool is_retryable_status(int status);

}  // namespace gantry::net
