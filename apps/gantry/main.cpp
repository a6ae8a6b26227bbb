#include <malloc.h>

#include "gantry/cli/run.hpp"

int main(int argc, char** argv) {
  // One arena for each thread would keep what a large answer once needed, several times over.
  mallopt(M_ARENA_MAX, 2);
  return gantry::cli::run(argc, argv);
}
