#include "gantry/service/fair_share.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

namespace gantry::service {
namespace {

struct Candidate {
  std::size_t index = 0;
  std::uint64_t places = 0;  // with the next one
  std::uint64_t weight = 1;
  std::int64_t number = 0;

  // Whether the other comes first: fewer places for its weight, then the older batch.
  bool operator<(const Candidate& other) const {
    std::uint64_t mine = places * other.weight;
    std::uint64_t theirs = other.places * weight;
    return std::tie(mine, number) > std::tie(theirs, other.number);
  }
};

std::uint64_t weight_of(int priority) {
  int above = std::clamp(priority, kLowestPriority, kHighestPriority) - kLowestPriority;
  return std::uint64_t{1} << above;
}

}  // namespace

std::vector<Share> share_out(std::uint64_t places, const std::vector<ReadyBatch>& batches) {
  std::vector<std::uint64_t> given(batches.size());
  std::priority_queue<Candidate> candidates;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (batches[i].queued == 0) continue;
    candidates.push({i, batches[i].claimed + 1, weight_of(batches[i].priority), batches[i].number});
  }
  for (; places > 0 && !candidates.empty(); --places) {
    Candidate next = candidates.top();
    candidates.pop();
    ++given[next.index];
    ++next.places;
    if (given[next.index] < batches[next.index].queued) candidates.push(next);
  }
  std::vector<Share> shares;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (given[i] > 0) shares.push_back({batches[i].number, given[i]});
  }
  return shares;
}

}  // namespace gantry::service
