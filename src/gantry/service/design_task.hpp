// The export of one configuration from Figma as a task of a worker. Io thread.
#pragma once

#include <filesystem>
#include <string>

#include "gantry/async/awaitable.hpp"
#include "gantry/jobs/engine.hpp"
#include "gantry/jobs/result.hpp"

namespace gantry::service {

struct DesignTaskResult {
  jobs::JobResult job;
  std::filesystem::path archive;  // of a success
  std::uint64_t size = 0;         // in bytes
};

// Exports `config`, the text of a configuration, and puts the files into "NAME.zip" in `folder`:
// stored, in the order of their names, with a fixed time, so that equal exports are equal bytes.
// Relative paths of the configuration are those in the archive. Changes the working directory of
// the process, which has one task. What goes wrong with the export is in the result; kIo, kNoSpace.
async::awaitable<DesignTaskResult> export_design(jobs::Engine& engine, std::string name,
                                                 std::string config, std::filesystem::path folder);

}  // namespace gantry::service
