// What a run did, for machines and for people: a JSON file, and one HTML page without references.
//
// Both tell the same: totals, a line for each configuration with its phases, costs and errors, and
// the pauses of the run. Neither holds a secret. Paths and names come from elsewhere and are only
// ever shown as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::jobs {

// Nothing could be asked in this time, because a limit was reached.
struct Wait {
  Span span;
  bool paused = false;  // the server has asked for it (429); else the budget of calls was spent
};

struct RunReport {
  std::string version;  // Gantry's
  async::WallTime started;
  std::chrono::milliseconds duration{};
  std::string interrupted;  // "SIGINT"; empty: the run has come to its end
  bool dry_run = false;
  std::uint64_t api_calls = 0;  // that left, retries included
  std::uint64_t retries = 0;
  std::uint64_t downloads = 0;
  std::uint64_t bytes = 0;
  // Of drawings that another job had turned into the same files already.
  std::uint64_t conversions_saved = 0;
  std::vector<Wait> waits;
  std::vector<JobResult> jobs;  // in the order in which they were given
};

// Two spaces, keys in a fixed order, "schemaVersion" first.
std::string to_json(const RunReport& report);
// Reads the pictures that are published. Those that cannot be read are left out, and so are all
// beyond a number of bytes; the page says so. Blocks.
std::string to_html(const RunReport& report);

}  // namespace gantry::jobs
