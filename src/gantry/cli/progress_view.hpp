// The progress of a run as lines of text: a picture for a terminal, one line for a log. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gantry/cli/progress_state.hpp"
#include "gantry/net/limit_status.hpp"

namespace gantry::cli {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool operator==(const ScreenSize&) const = default;
};

// A line for each job and one with counts, rate and headroom; of a single job one line in all.
// Where not all jobs fit, those at work come first and the others are counted. No line is wider
// than the screen, and at least one row of it stays free. Empty when all is over.
std::vector<std::string> progress_lines(const ProgressState& state, const net::LimitStatus& limits,
                                        ScreenSize screen, Instant now);

// "2 active, 5 waiting, 3 done · 4.2 calls/s · Figma tier 1: 3 of 10 left · paused, 23 s left"
std::string status_line(const ProgressState& state, const net::LimitStatus& limits);

}  // namespace gantry::cli
