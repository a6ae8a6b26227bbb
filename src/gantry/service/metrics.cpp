#include "gantry/service/metrics.hpp"

#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace gantry::service {
namespace {

prometheus::MetricFamily gauge(const char* name, const char* help, double value) {
  prometheus::MetricFamily family{name, help, prometheus::MetricType::Gauge, {}};
  family.metric.emplace_back().gauge.value = value;
  return family;
}

}  // namespace

std::string prometheus_text(const Totals& totals) {
  prometheus::MetricFamily tasks{
      "gantry_service_tasks", "Tasks by state", prometheus::MetricType::Gauge, {}};
  for (int state = 0; state < kTaskStates; ++state) {
    prometheus::ClientMetric& metric = tasks.metric.emplace_back();
    auto its_state = static_cast<TaskState>(state);
    metric.label.push_back({"state", std::string(to_string(its_state))});
    metric.gauge.value = static_cast<double>(totals.counts.of(its_state));
  }
  prometheus::MetricFamily notices{"gantry_service_webhook_events",
                                   "Events for the webhooks of known batches, by what became of "
                                   "them",
                                   prometheus::MetricType::Gauge,
                                   {}};
  for (auto [state, count] : {std::pair{"pending", totals.notices.pending},
                              std::pair{"delivered", totals.notices.delivered},
                              std::pair{"failed", totals.notices.failed}}) {
    prometheus::ClientMetric& metric = notices.metric.emplace_back();
    metric.label.push_back({"state", state});
    metric.gauge.value = static_cast<double>(count);
  }
  double wait = std::chrono::duration<double>(totals.median_wait).count();
  std::vector<prometheus::MetricFamily> families{
      std::move(tasks), std::move(notices),
      gauge("gantry_service_open_batches", "Batches that have not ended",
            static_cast<double>(totals.open_batches)),
      gauge("gantry_service_finished_last_minute", "Tasks that ended in the last minute",
            static_cast<double>(totals.finished)),
      gauge("gantry_service_median_wait_seconds",
            "From request to launch, of the tasks launched last", wait)};
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace gantry::service
