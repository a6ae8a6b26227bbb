// Files that two exports of a run would both write, and folders that look as if they would.
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

// Folders that several exports fill, known from the configurations alone and before any call:
// worth a warning. Paths are compared after links and ".." are resolved, whatever their letter
// case. Sorted. Blocks.
std::vector<OutputConflict> find_shared_folders(const std::vector<DesignJob>& jobs);

// What one job will write, by its name.
struct JobOutputs {
  std::string job;
  std::vector<PlannedOutput> outputs;
};

// Files that would be written more than once. Compared and sorted as above. Blocks.
std::vector<OutputConflict> find_output_conflicts(const std::vector<JobOutputs>& jobs);

}  // namespace gantry::jobs
