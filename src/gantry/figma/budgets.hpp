// Figma's rate limits as budgets: three tiers of calls, each with its own number per plan and seat.
// Source: developers.figma.com, "Rate limits", in force since 2025-11-17.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gantry/net/admission_queue.hpp"

namespace gantry::figma {

// The plan that owns the files, with a Dev or Full seat; kView: a View or Collab seat of any plan.
enum class Plan { kProfessional, kOrganization, kEnterprise, kView };

std::optional<Plan> parse_plan(std::string_view word);
std::string_view to_string(Plan plan);

// kFirst: files, nodes, images. kSecond: variables. kThird: metadata, components, styles.
enum class Tier { kFirst, kSecond, kThird };

// The names under which calls of a tier ask for admission.
struct Budgets {
  std::string first, second, third;
  const std::string& of(Tier tier) const;
};

// Sets the three budgets of a plan, or, with `rate_limit`, one of so many calls a minute for all.
Budgets set_budgets(net::AdmissionQueue& queue, Plan plan, std::optional<int> rate_limit);

}  // namespace gantry::figma
