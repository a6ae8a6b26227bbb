#include "gantry/net/retry_policy.hpp"

#include <algorithm>

namespace gantry::net {

std::optional<std::chrono::milliseconds> RetryPolicy::next_delay(
    int retries, const Error& failure, double random,
    std::optional<std::chrono::milliseconds> asked) const {
  if (failure.retry() == Retry::kNever || retries >= max_retries) return std::nullopt;
  std::chrono::milliseconds ceiling = first_delay;
  for (int i = 0; i < retries && ceiling < longest_delay; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, longest_delay);
  auto drawn = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double, std::milli>(random * static_cast<double>(ceiling.count())));
  return asked ? *asked + drawn : drawn;
}

bool is_retryable_status(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

}  // namespace gantry::net
