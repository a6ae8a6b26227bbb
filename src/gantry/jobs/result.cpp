#include "gantry/jobs/result.hpp"

#include <algorithm>

namespace gantry::jobs {

bool JobResult::succeeded() const { return !error && failures() == 0; }

std::size_t JobResult::failures() const {
  std::size_t count = 0;
  for (const KindResult& kind : kinds) count += kind.failures.size();
  return count;
}

std::string JobResult::outcome() const {
  std::string text;
  std::string reason = error ? error->message() : std::string();
  for (const KindResult& kind : kinds) {
    if (!text.empty()) text += ", ";
    text += std::to_string(kind.exported) + " " + kind.kind;
    if (kind.exported == 1 && text.ends_with('s')) text.pop_back();
    if (reason.empty() && !kind.failures.empty()) reason = kind.failures.front().error.message();
  }
  return succeeded() ? text : reason.substr(0, reason.find('\n'));
}

bool JobResult::up_to_date() const {
  return std::all_of(kinds.begin(), kinds.end(),
                     [](const KindResult& kind) { return kind.changes.up_to_date(); });
}

}  // namespace gantry::jobs
