#include "testing/process.hpp"

#include <csignal>

#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::testing {
namespace {

ProcessResult shell(const std::string& script) {
  return run({.program = "sh", .arguments = {"-c", script}});
}

TEST(Process, KeepsTheStreamsApartAndTheExitCode) {
  const ProcessResult result = shell("echo one; echo two >&2; exit 3");
  EXPECT_EQ(result.out, "one\n");
  EXPECT_EQ(result.err, "two\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.signal, 0);
  EXPECT_FALSE(result.timed_out);
  EXPECT_GT(result.peak_memory, 100'000U);
}

TEST(Process, KeepsMoreThanAPipeHolds) {
  EXPECT_EQ(shell("head -c 3000000 /dev/zero").out.size(), 3'000'000U);
}

TEST(Process, ChangesTheEnvironmentAndTheFolder) {
  const TemporaryFolder folder;
  const ProcessResult result = run({.program = "sh",
                                    .arguments = {"-c", "echo \"$ADDED-${HOME-none}\"; pwd"},
                                    .environment = {{"ADDED", "yes"}, {"HOME", std::nullopt}},
                                    .working_folder = folder.path()});
  EXPECT_EQ(result.out, "yes-none\n" + folder.path().string() + "\n");
}

TEST(Process, ReportsTheSignalThatEndedIt) {
  Process process({.program = "sleep", .arguments = {"60"}});
  EXPECT_TRUE(process.running());
  process.kill(SIGTERM);
  EXPECT_EQ(process.wait().signal, SIGTERM);
  EXPECT_EQ(process.wait().exit_code, -1);
  EXPECT_FALSE(process.running());
}

TEST(Process, KillsAtTheTimeLimit) {
  const ProcessResult result =
      run({.program = "sleep", .arguments = {"60"}, .time_limit = std::chrono::milliseconds(50)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(Process, AProgramThatDoesNotExistIs127) {
  EXPECT_EQ(run({.program = "/nowhere/at-all"}).exit_code, 127);
}

}  // namespace
}  // namespace gantry::testing
