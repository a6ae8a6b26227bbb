// Which batches the free places go to. Pure.
//
// Each place goes to the batch that has the fewest for its weight, so that a batch of three tasks
// beside one of ten thousand has all its places at once, and none waits for ever.
#pragma once

#include <cstdint>
#include <vector>

#include "gantry/service/task_writer.hpp"

namespace gantry::service {

// A priority up is twice the weight.
inline constexpr int kLowestPriority = -2;
inline constexpr int kHighestPriority = 2;

struct Share {
  std::int64_t batch = 0;
  std::uint64_t places = 0;
  bool operator==(const Share&) const = default;
};

// In the order of `batches`; those that get none are left out.
std::vector<Share> share_out(std::uint64_t places, const std::vector<ReadyBatch>& batches);

}  // namespace gantry::service
