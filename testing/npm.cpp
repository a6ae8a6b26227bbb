#include "testing/npm.hpp"

#include <chrono>

#include "testing/data.hpp"

namespace gantry::testing {

ProcessResult run_with_npm(const std::string& packages, const std::string& script,
                           const std::string& argument) {
  return run({.program = source_folder() / "testing/with_npm.sh",
              .arguments = {std::string(GANTRY_NPM_FOLDER) + "/" + packages,
                            (source_folder() / script).string(), argument},
              .time_limit = std::chrono::seconds(150)});
}

}  // namespace gantry::testing
