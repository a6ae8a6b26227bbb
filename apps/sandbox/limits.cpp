#include "apps/sandbox/limits.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace gantry::sandbox {

std::optional<int> Limits::admit(int tier, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto scripted = options_.once.find(++calls_);
  if (scripted != options_.once.end()) return scripted->second;
  const auto place = static_cast<std::size_t>(tier - 1);
  const int limit = options_.per_tier.at(place);
  if (limit == 0) return std::nullopt;
  auto& passed = passed_.at(place);
  const auto window = options_.window - kNetworkJitter;
  while (!passed.empty() && now - passed.front() >= window) passed.pop_front();
  if (static_cast<int>(passed.size()) < limit) {
    passed.push_back(now);
    return std::nullopt;
  }
  if (options_.retry_after) return options_.retry_after;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(passed.front() + window - now);
  return std::max(1, static_cast<int>(wait.count()));
}

httpd::Response Limits::refusal(Endpoint endpoint, int retry_after) const {
  auto response = refusal_of(endpoint, 429, "Rate limit exceeded");
  response.headers.emplace_back("Retry-After", fmt::format("{}", retry_after));
  response.headers.emplace_back("X-Figma-Plan-Tier", options_.plan_tier);
  response.headers.emplace_back("X-Figma-Rate-Limit-Type", options_.rate_limit_type);
  response.headers.emplace_back("X-Figma-Upgrade-Link", "https://www.figma.com/pricing");
  return response;
}

void Limits::reset() {
  const std::lock_guard lock(mutex_);
  calls_ = 0;
  for (auto& passed : passed_) passed.clear();
}

}  // namespace gantry::sandbox
