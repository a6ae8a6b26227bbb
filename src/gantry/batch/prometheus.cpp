#include <cmath>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "gantry/batch/metrics.hpp"

namespace gantry::batch {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  explicit Families(std::string processor) : label_{"processor", std::move(processor)} {}

  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    ClientMetric metric = labelled();
    metric.counter.value = static_cast<double>(value);
    add(name, help, MetricType::Counter, std::move(metric));
  }

  void gauge(std::string_view name, std::string_view help, double value) {
    ClientMetric metric = labelled();
    metric.gauge.value = value;
    add(name, help, MetricType::Gauge, std::move(metric));
  }

  // Buckets from 1 ms to 65 s, each twice the one before, and three quantiles.
  void seconds(const std::string& name, std::string_view help, const Histogram& histogram) {
    ClientMetric metric = labelled();
    metric.histogram.sample_count = histogram.count();
    metric.histogram.sample_sum = std::chrono::duration<double>(histogram.sum()).count();
    for (int power = 0; power <= 16; ++power) {
      std::chrono::milliseconds bound(1 << power);
      metric.histogram.bucket.push_back(
          {histogram.at_most(bound), std::chrono::duration<double>(bound).count()});
    }
    metric.histogram.bucket.push_back({histogram.count(), INFINITY});
    add(name + "_seconds", help, MetricType::Histogram, std::move(metric));
    for (double share : {0.5, 0.95, 0.99}) {
      ClientMetric quantile = labelled();
      quantile.label.push_back({"quantile", std::to_string(share).substr(0, 4)});
      quantile.gauge.value = std::chrono::duration<double>(histogram.percentile(share)).count();
      add(name + "_quantile_seconds", help, MetricType::Gauge, std::move(quantile));
    }
  }

  void store(const store::StoreStats& stats) {
    const std::pair<const char*, std::uint64_t> counters[] = {
        {"hits", stats.hits},       {"misses", stats.misses},   {"errors", stats.errors},
        {"evicted", stats.evicted}, {"dropped", stats.dropped},
    };
    for (const auto& [what, value] : counters) {
      ClientMetric metric = labelled();
      metric.label.push_back({"store", std::string(stats.name)});
      metric.counter.value = static_cast<double>(value);
      add("store_" + std::string(what) + "_total", "Records and calls of a store",
          MetricType::Counter, std::move(metric));
    }
    const std::pair<const char*, std::uint64_t> gauges[] = {
        {"entries", stats.entries}, {"bytes", stats.bytes}, {"queued_bytes", stats.queued_bytes}};
    for (const auto& [what, value] : gauges) {
      ClientMetric metric = labelled();
      metric.label.push_back({"store", std::string(stats.name)});
      metric.gauge.value = static_cast<double>(value);
      add("store_" + std::string(what), "What a store holds", MetricType::Gauge, std::move(metric));
    }
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  ClientMetric labelled() const {
    ClientMetric metric;
    metric.label.push_back(label_);
    return metric;
  }

  // Metrics of one name stand together.
  void add(std::string_view name, std::string_view help, MetricType type, ClientMetric metric) {
    std::string full = "gantry_batch_" + std::string(name);
    for (MetricFamily& family : families_) {
      if (family.name != full) continue;
      family.metric.push_back(std::move(metric));
      return;
    }
    families_.push_back({std::move(full), std::string(help), type, {std::move(metric)}});
  }

  ClientMetric::Label label_;
  std::vector<MetricFamily> families_;
};

void add_counters(Families& families, const Counters& counters) {
  families.counter("batches_total", "Batches that ended", counters.batches);
  families.counter("requests_total", "Requests, duplicates too", counters.requests);
  families.counter("memory_hits_total", "Keys answered from memory", counters.memory_hits);
  families.counter("store_hits_total", "Keys answered from the store", counters.store_hits);
  families.counter("upstream_calls_total", "Calls upstream", counters.upstream_calls);
  families.counter("optimized_calls_total", "Calls that served more than one key",
                   counters.optimized_calls);
  families.counter("fetched_total", "Keys that upstream has answered", counters.fetched);
  families.counter("shared_total", "Requests that joined a flight or an equal key",
                   counters.shared);
  families.counter("failed_total", "Keys that ended in an error", counters.failed);
  families.counter("retries_total", "Calls that were tried again", counters.retries);
  families.counter("timeouts_total", "Requests and calls that ran out of time", counters.timeouts);
  families.counter("cancelled_total", "Requests whose caller has left", counters.cancelled);
  families.counter("stale_total", "Answers past their time", counters.stale);
  families.counter("planner_failures_total", "Calls of planners that were given up",
                   counters.planner_failures);
  families.counter("fallbacks_total", "Keys that a planner did not bring", counters.fallbacks);
  families.counter("grouper_failures_total", "Keys that the grouper did not place",
                   counters.grouper_failures);
  families.counter("conflicting_requests_total", "Equal keys that want different things",
                   counters.conflicting_requests);
  families.counter("store_read_errors_total", "Questions that the store could not answer",
                   counters.store_read_errors);
  families.counter("store_write_errors_total", "Records that the store did not take",
                   counters.store_write_errors);
  families.counter("damaged_records_total", "Records that could not be decoded",
                   counters.damaged_records);
  families.counter("prefetched_total", "Values fetched on a prediction", counters.prefetched);
  families.counter("prefetch_hits_total", "Of those, asked for later", counters.prefetch_hits);
}

}  // namespace

std::string MetricsSnapshot::prometheus() const {
  Families families(name);
  add_counters(families, counters);
  families.gauge("calls", "Upstream calls under way", gauges.calls);
  families.gauge("flights", "Keys that are waited for", static_cast<double>(gauges.flights));
  families.gauge("in_flight_bytes", "Held by requests whose answers have not come",
                 static_cast<double>(gauges.bytes.in_flight));
  families.gauge("result_bytes", "Held by answers that nobody has taken yet",
                 static_cast<double>(gauges.bytes.results));
  families.gauge("memory_bytes", "Held by values in memory",
                 static_cast<double>(gauges.memory_bytes));
  families.gauge("concurrency_utilization", "Busy share of the slots, last hundred batches",
                 average.concurrency_utilization);
  families.seconds("batch", "Duration of batches", batch_time);
  families.seconds("queue_wait", "Waits of upstream calls for admission", queue_wait);
  families.seconds("call", "Upstream calls, from admission to answer", call_time);
  for (const store::StoreStats& stats : stores) families.store(stats);
  return families.text();
}

}  // namespace gantry::batch
