// Node scripts with packages from npm: other people's tools that judge what Gantry does.
#pragma once

#include <string>

#include "testing/process.hpp"

namespace gantry::testing {

// The exit code where npm is absent or cannot install the packages; the test is then to be skipped
// with what the script has printed.
inline constexpr int kSkippedWithoutNpm = 77;

// A script of the source folder with the packages that the package.json beside it names. They are
// installed once, into the folder `packages` of the build tree.
Command npm_command(const std::string& packages, const std::string& script,
                    const std::string& argument);
ProcessResult run_with_npm(const std::string& packages, const std::string& script,
                           const std::string& argument);

}  // namespace gantry::testing
