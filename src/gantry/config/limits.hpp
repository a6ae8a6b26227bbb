// What a number of a configuration may be.
#pragma once

#include <limits>
#include <utility>
#include <vector>

namespace gantry::config {

struct Limits {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<double> choices;  // if not empty, the only numbers allowed

  bool bounded() const { return minimum > -std::numeric_limits<double>::infinity(); }
};

inline Limits range(double minimum, double maximum) { return {minimum, maximum, {}}; }
inline Limits one_of(std::vector<double> choices) {
  Limits limits;
  limits.choices = std::move(choices);
  return limits;
}

}  // namespace gantry::config
