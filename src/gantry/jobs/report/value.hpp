// What both reports tell, as JSON. Internal to the reports.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "gantry/jobs/report/report.hpp"

namespace gantry::jobs {

// All of the report but the bytes of pictures; members in a fixed order.
boost::json::object report_value(const RunReport& report);
// The same text with U+FFFD for what is not UTF-8, as JSON must be. Names of files can be anything.
std::string valid_utf8(std::string_view text);

}  // namespace gantry::jobs
