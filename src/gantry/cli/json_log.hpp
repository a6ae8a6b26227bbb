// Events of a run as JSON, one object a line, for machines that read the log.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "gantry/cli/progress_state.hpp"
#include "gantry/net/limit_status.hpp"

namespace gantry::cli {

// {"time":"2026-11-25T07:02:26.123Z","level":"info","event":"job_started", ...} and a line break.
// `level` is debug, info, warning or error.
std::string json_event(std::string_view level, std::string_view event,
                       const boost::json::object& fields);  // of valid UTF-8

// Name, phase and counts of a job.
boost::json::object json_of(const JobProgress& job);
// What status_line() tells, and the jobs at work.
boost::json::object json_of(const ProgressState& state, const net::LimitStatus& limits);

}  // namespace gantry::cli
