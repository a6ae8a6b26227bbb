#include "gantry/batch/metrics.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Histogram, PercentilesAreRightToASixteenth) {
  Histogram histogram;
  std::vector<std::int64_t> values;
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> draw(15, 2);
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(draw(random)));
    histogram.add(std::chrono::nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (double share : {0.01, 0.5, 0.95, 0.99, 1.0}) {
    auto place = static_cast<std::size_t>(share * static_cast<double>(values.size())) - 1;
    auto exact = static_cast<double>(values[place]);
    auto found = static_cast<double>(histogram.percentile(share).count());
    EXPECT_NEAR(found / exact, 1.0, 0.07) << share;
  }
}

TEST(Histogram, NothingAndZeroAndCenturiesAreFine) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile(0.99), 0ns);
  histogram.add(-5ns);
  EXPECT_EQ(histogram.percentile(0.5), 0ns);
  histogram.add(std::chrono::nanoseconds::max());
  EXPECT_EQ(histogram.percentile(1), std::chrono::nanoseconds::max());
  EXPECT_EQ(histogram.at_most(1h), 1u);
}

BatchMetrics batch(std::uint64_t requests, async::Duration time) {
  BatchMetrics metrics;
  metrics.total_requests = requests;
  metrics.total_time = time;
  return metrics;
}

TEST(Metrics, TheLastHundredBatchesAreAveraged) {
  Metrics metrics;
  EXPECT_EQ(metrics.average().batches, 0u);
  for (int i = 0; i < 250; ++i) metrics.record(batch(1, 1s));
  for (int i = 0; i < 50; ++i) metrics.record(batch(3, 1s));
  AverageMetrics average = metrics.average();
  EXPECT_EQ(average.batches, 100u);
  EXPECT_DOUBLE_EQ(average.total_requests, 2);
  EXPECT_EQ(average.total_time, 1s);
  EXPECT_EQ(average.avg_time_per_request, 500ms);  // 100 s / 200 requests, no mean of means
  EXPECT_EQ(metrics.counters.batches, 300u);
}

TEST(Metrics, AnEmptyBatchChangesNothing) {
  Metrics metrics;
  metrics.record(batch(0, 5s));
  EXPECT_FALSE(metrics.last());
  EXPECT_EQ(metrics.average().batches, 0u);
  EXPECT_EQ(metrics.batch_time.count(), 0u);
}

TEST(Metrics, SpeaksPrometheus) {
  MetricsSnapshot snapshot;
  snapshot.name = "sources";
  snapshot.counters.requests = 12;
  snapshot.call_time.add(3ms);
  snapshot.stores.push_back({.name = "sqlite", .hits = 7});
  std::string text = snapshot.prometheus();
  EXPECT_THAT(text, HasSubstr("# TYPE gantry_batch_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("gantry_batch_requests_total{processor=\"sources\"} 12"));
  EXPECT_THAT(text,
              HasSubstr("gantry_batch_call_seconds_bucket{processor=\"sources\",le=\"+Inf\"} 1"));
  EXPECT_THAT(text, HasSubstr("quantile=\"0.95\""));
  EXPECT_THAT(text,
              HasSubstr("gantry_batch_store_hits_total{processor=\"sources\",store=\"sqlite\"} 7"));
}

}  // namespace
}  // namespace gantry::batch
