#include "gantry/cli/run.hpp"

int main(int argc, char** argv) { return gantry::cli::run(argc, argv); }
