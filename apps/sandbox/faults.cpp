#include "apps/sandbox/faults.hpp"

#include "apps/sandbox/random.hpp"

namespace gantry::sandbox {

std::string_view name_of(Fault fault) {
  constexpr std::array<std::string_view, kFaultKinds> kNames = {
      "none", "5xx", "reset", "truncate", "html", "slow", "length", "redirect"};
  return kNames.at(static_cast<std::size_t>(fault));
}

FaultDecision Faults::next(bool is_api, std::string_view address) {
  const auto other = is_api ? FaultTarget::kCdn : FaultTarget::kApi;
  if (options_.target == other) return {};
  double total = 0;
  for (const auto percent : options_.percent) total += percent;
  if (total <= 0) return {};

  const std::lock_guard lock(mutex_);
  auto& attempts = attempts_[std::string(address)];
  Random random(hash_text(address, options_.seed + 1000 * ++attempts.count));
  if (options_.per_address > 0 && attempts.faults >= options_.per_address) return {};
  double left = random.unit() * 100.0;
  for (std::size_t kind = 1; kind < kFaultKinds; ++kind) {
    left -= options_.percent.at(kind);
    if (left < 0) {
      ++attempts.faults;
      return {static_cast<Fault>(kind), random.next()};
    }
  }
  return {};
}

void Faults::reset() {
  const std::lock_guard lock(mutex_);
  attempts_.clear();
}

}  // namespace gantry::sandbox
