// Serving many keys with one upstream call.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gantry/batch/request.hpp"

namespace gantry::batch {

// What a plan costs: calls of the upstream's quota, and time until the last value is there. Absent
// time: as long as a single fetch takes, as measured.
struct Cost {
  double calls = 1;
  std::optional<async::Duration> time;
};

// Values by key, each with its own outcome. A key that is left out is fetched by itself; one that
// nobody asked for is kept for later.
template <class T>
using Answers = std::unordered_map<std::string, Outcome<T>>;

template <class T>
class GroupPlanner {
 public:
  virtual ~GroupPlanner() = default;

  // The cost of all these keys of one group in one call, or nothing if this planner cannot serve
  // the group. The plan is taken if it is cheaper than single fetches; see choose_plan(). A planner
  // must be able to serve any part of the keys, too. One that throws cannot serve the group.
  virtual std::optional<Cost> cost(std::string_view group,
                                   std::span<const std::string_view> keys) const = 0;

  // One upstream call for these keys. What it throws fails the call: it is tried again if the error
  // allows it, and then the keys are fetched by themselves, if their requests can.
  virtual async::awaitable<Answers<T>> fetch(std::string group, std::vector<std::string> keys,
                                             CallContext context) = 0;
};

}  // namespace gantry::batch
