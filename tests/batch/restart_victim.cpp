// The process that restart_test kills: URL of the sandbox, file of the store.
#include "tests/batch/restart_engine.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  gantry::testing::RestartEngine(argv[1], argv[2]).process();
}
