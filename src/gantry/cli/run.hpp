// The program: arguments in, exit code out.
#pragma once

namespace gantry::cli {

int run(int argc, const char* const* argv);

}  // namespace gantry::cli
