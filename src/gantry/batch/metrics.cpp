#include "gantry/batch/metrics.hpp"

#include <algorithm>

namespace gantry::batch {

void Metrics::record(const BatchMetrics& batch) {
  if (batch.total_requests == 0) return;
  ++counters.batches;
  batch_time.add(batch.total_time);
  ring_[recorded_ % kRemembered] = batch;
  ++recorded_;
}

std::optional<BatchMetrics> Metrics::last() const {
  if (recorded_ == 0) return std::nullopt;
  return ring_[(recorded_ - 1) % kRemembered];
}

AverageMetrics Metrics::average() const {
  AverageMetrics average;
  average.batches = static_cast<std::size_t>(std::min<std::uint64_t>(recorded_, kRemembered));
  if (average.batches == 0) return average;
  std::uint64_t requests = 0;
  async::Duration time{};
  for (std::size_t i = 0; i < average.batches; ++i) {
    const BatchMetrics& batch = ring_[i];
    requests += batch.total_requests;
    time += batch.total_time;
    average.cached_requests += static_cast<double>(batch.cached_requests);
    average.fetched_requests += static_cast<double>(batch.fetched_requests);
    average.optimized_groups += static_cast<double>(batch.optimized_groups);
    average.concurrency_utilization += batch.concurrency_utilization;
  }
  auto count = static_cast<double>(average.batches);
  average.total_requests = static_cast<double>(requests) / count;
  average.cached_requests /= count;
  average.fetched_requests /= count;
  average.optimized_groups /= count;
  average.concurrency_utilization /= count;
  average.total_time = time / static_cast<std::int64_t>(average.batches);
  average.avg_time_per_request = time / static_cast<std::int64_t>(requests);
  return average;
}

}  // namespace gantry::batch
