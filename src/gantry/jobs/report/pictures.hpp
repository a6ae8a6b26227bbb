// The pictures of a report, each as one data: URI. Internal to the reports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "gantry/jobs/report/report.hpp"

namespace gantry::jobs {

struct PictureLimits {
  std::uint64_t all = 32 << 20;  // bytes of all URIs; what has changed goes first
  std::uint64_t one = 4 << 20;   // bytes of one file
};

// "uris", each once; "items", the exported pictures with indices into them; "removed", those that
// are gone; "unreadable" and "leftOut", how many files are not there for which reason. Blocks.
boost::json::object pictures_value(const RunReport& report, const PictureLimits& limits = {});

std::string base64(std::string_view bytes);

}  // namespace gantry::jobs
