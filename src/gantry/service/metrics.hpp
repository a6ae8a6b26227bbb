// The state of the service in the text format of Prometheus.
#pragma once

#include <string>

#include "gantry/service/task_reader.hpp"

namespace gantry::service {

std::string prometheus_text(const Totals& totals);

}  // namespace gantry::service
