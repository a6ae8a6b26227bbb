#include "testing/npm.hpp"

#include <chrono>

#include "testing/data.hpp"

namespace gantry::testing {

Command npm_command(const std::string& packages, const std::string& script,
                    const std::string& argument) {
  return {.program = source_folder() / "testing/with_npm.sh",
          .arguments = {std::string(GANTRY_NPM_FOLDER) + "/" + packages,
                        (source_folder() / script).string(), argument},
          // The first of them installs, which takes minutes where nothing is kept from before.
          .time_limit = std::chrono::minutes(12)};
}

ProcessResult run_with_npm(const std::string& packages, const std::string& script,
                           const std::string& argument) {
  return run(npm_command(packages, script, argument));
}

}  // namespace gantry::testing
