#include "gantry/figma/budgets.hpp"

#include <array>
#include <utility>

namespace gantry::figma {
namespace {

using namespace std::chrono_literals;

constexpr auto kMinute = 1min;
constexpr auto kMonth = std::chrono::hours(30 * 24);

struct Limits {
  int first, second, third;
};

constexpr std::array<std::pair<std::string_view, Limits>, 4> kPlans = {{
    {"professional", {10, 25, 50}},
    {"organization", {15, 50, 100}},
    {"enterprise", {20, 100, 150}},
    {"view", {6, 5, 10}},
}};

}  // namespace

std::optional<Plan> parse_plan(std::string_view word) {
  for (std::size_t i = 0; i < kPlans.size(); ++i) {
    if (kPlans[i].first == word) return static_cast<Plan>(i);
  }
  return std::nullopt;
}

std::string_view to_string(Plan plan) { return kPlans[static_cast<std::size_t>(plan)].first; }

const std::string& Budgets::of(Tier tier) const {
  switch (tier) {
    case Tier::kFirst:
      return first;
    case Tier::kSecond:
      return second;
    case Tier::kThird:
      return third;
  }
  return third;
}

Budgets set_budgets(net::AdmissionQueue& queue, Plan plan, std::optional<int> rate_limit) {
  if (rate_limit) {
    queue.set_budget("Figma calls", *rate_limit, kMinute);
    return {"Figma calls", "Figma calls", "Figma calls"};
  }
  const Limits& limits = kPlans[static_cast<std::size_t>(plan)].second;
  Budgets budgets{"Figma tier 1", "Figma tier 2", "Figma tier 3"};
  // A View seat has six calls of the first tier a month.
  queue.set_budget(budgets.first, limits.first, plan == Plan::kView ? kMonth : kMinute);
  queue.set_budget(budgets.second, limits.second, kMinute);
  queue.set_budget(budgets.third, limits.third, kMinute);
  return budgets;
}

}  // namespace gantry::figma
