#include "gantry/jobs/result.hpp"

#include <algorithm>

namespace gantry::jobs {

bool JobResult::succeeded() const { return !error && failures() == 0; }

std::size_t JobResult::failures() const {
  std::size_t count = 0;
  for (const KindResult& kind : kinds) count += kind.failures.size();
  return count;
}

bool JobResult::up_to_date() const {
  return std::all_of(kinds.begin(), kinds.end(),
                     [](const KindResult& kind) { return kind.changes.up_to_date(); });
}

}  // namespace gantry::jobs
