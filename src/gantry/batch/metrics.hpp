// What a processor has done and is doing: numbers for each batch, the last hundred batches,
// distributions, gauges. Io thread; copies may go anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/batch/histogram.hpp"
#include "gantry/store/store.hpp"

namespace gantry::batch {

// Bytes that are held, about.
struct BytesHeld {
  std::uint64_t in_flight = 0;  // by requests whose answers have not come
  std::uint64_t results = 0;    // by answers that nobody has taken yet
};

struct BatchMetrics {
  std::uint64_t total_requests = 0;
  std::uint64_t cached_requests = 0;   // answered from memory or the store
  std::uint64_t fetched_requests = 0;  // answered by upstream, shared flights too
  std::uint64_t optimized_groups = 0;  // upstream calls that served more than one key
  async::Duration total_time{};
  async::Duration avg_time_per_request{};  // total_time / total_requests
  // Time that slots were busy / (limit x total_time); without a limit, of the most calls at a time.
  double concurrency_utilization = 0;

  std::uint64_t failed_requests = 0;
  std::uint64_t upstream_calls = 0;
  int limit = 0;       // of concurrency, in effect; 0: none
  int peak_calls = 0;  // under way at a time
  BytesHeld peak_bytes;
};

// Averages over the batches of the ring: means, but time per request is all time / all requests.
struct AverageMetrics {
  std::size_t batches = 0;
  double total_requests = 0;
  double cached_requests = 0;
  double fetched_requests = 0;
  double optimized_groups = 0;
  async::Duration total_time{};
  async::Duration avg_time_per_request{};
  double concurrency_utilization = 0;
};

// Counts that only grow.
struct Counters {
  std::uint64_t batches = 0;
  std::uint64_t requests = 0;
  std::uint64_t memory_hits = 0;
  std::uint64_t store_hits = 0;
  std::uint64_t upstream_calls = 0;
  std::uint64_t fetched = 0;
  std::uint64_t shared = 0;  // requests that joined a flight or an equal key
  std::uint64_t failed = 0;
  std::uint64_t retries = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t stale = 0;             // answers past their time
  std::uint64_t optimized_calls = 0;   // calls that served more than one key
  std::uint64_t planner_failures = 0;  // calls of planners that were given up
  std::uint64_t fallbacks = 0;         // keys that no planner brought, fetched by themselves
  std::uint64_t grouper_failures = 0;
  std::uint64_t conflicting_requests = 0;  // equal keys of one batch that want different things
  std::uint64_t store_read_errors = 0;
  std::uint64_t store_write_errors = 0;
  std::uint64_t damaged_records = 0;  // that could not be decoded
  std::uint64_t prefetched = 0;       // values fetched because a prediction said so
  std::uint64_t prefetch_hits = 0;    // of those, asked for later
};

struct Gauges {
  int calls = 0;              // upstream calls under way
  std::uint64_t flights = 0;  // keys that are waited for
  BytesHeld bytes;
  std::uint64_t memory_bytes = 0;  // of the processor's memory of values
};

struct MetricsSnapshot {
  std::string name;
  Counters counters;
  Gauges gauges;
  AverageMetrics average;
  Histogram batch_time;
  Histogram queue_wait;  // of upstream calls
  Histogram call_time;   // of upstream calls, from admission to answer
  std::vector<store::StoreStats> stores;

  // The text format of Prometheus, all metrics named gantry_batch_... and labelled
  // processor="name".
  std::string prometheus() const;
};

class Metrics {
 public:
  static constexpr std::size_t kRemembered = 100;

  Counters counters;
  Gauges gauges;
  Histogram batch_time;
  Histogram queue_wait;
  Histogram call_time;

  // An empty batch leaves no trace.
  void record(const BatchMetrics& batch);
  AverageMetrics average() const;
  std::optional<BatchMetrics> last() const;

 private:
  std::array<BatchMetrics, kRemembered> ring_;
  std::uint64_t recorded_ = 0;
};

}  // namespace gantry::batch
