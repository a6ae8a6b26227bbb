// Folders that two exports of a run would both write to, known from the configurations alone.
#pragma once

#include <string>
#include <vector>

#include "gantry/jobs/design_export.hpp"

namespace gantry::jobs {

struct OutputConflict {
  std::string path;
  std::vector<std::string> jobs;  // names, in the order of the run; one twice for two entries

  // "out/icons: a.yaml, b.yaml".
  std::string to_string() const;
};

// Paths are compared after links and ".." are resolved, whatever their letter case. Sorted. Blocks.
std::vector<OutputConflict> find_output_conflicts(const std::vector<DesignJob>& jobs);

}  // namespace gantry::jobs
