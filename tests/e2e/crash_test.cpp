// A run that is ended by force, by a full disk or by a rival leaves every file old or new, whole.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

int rounds() {
  const char* configured = std::getenv("GANTRY_KILL_ROUNDS");
  return configured != nullptr ? std::atoi(configured) : 8;
}

// Two designs that differ in many icons, and a workspace that has the first one exported.
class Interrupted : public ::testing::Test {
 protected:
  Interrupted()
      : before_({"--icons", "150"}),
        after_({"--icons", "150", "--change-icons", "100", "--design-version", "2"}),
        old_(clean_output({"--icons", "150"})),
        new_(clean_output({"--icons", "150", "--change-icons", "100", "--design-version", "2"})) {}

  void SetUp() override {
    ASSERT_GT(old_.size(), 150U);
    ASSERT_NE(old_, new_);
  }

  void prepare(Workspace& workspace) const {
    workspace.add_web_config("web.yaml");
    workspace.set_api_url(before_.base_url());
    ASSERT_TRUE(exits(0, workspace.batch()));
    ASSERT_TRUE(same_tree(old_, workspace.output()));
    workspace.set_api_url(after_.base_url());
  }

  // Files of unknown names may be there (what was staged); known ones are old or new.
  void expect_old_or_new(const Tree& tree) const {
    for (const auto& [name, bytes] : tree) {
      const auto in_old = old_.find(name);
      const auto in_new = new_.find(name);
      if (in_old == old_.end() && in_new == new_.end()) continue;
      EXPECT_TRUE((in_old != old_.end() && in_old->second == bytes) ||
                  (in_new != new_.end() && in_new->second == bytes))
          << name << " is neither the old file nor the new one";
    }
    for (const auto& [name, bytes] : old_) {
      if (new_.contains(name)) EXPECT_TRUE(tree.contains(name)) << name << " is gone";
    }
  }

  // The next run completes, and what the last one left is gone.
  void expect_recovery(const Workspace& workspace) const {
    EXPECT_TRUE(exits(0, workspace.batch()));
    EXPECT_TRUE(same_tree(new_, workspace.output()));
    for (const auto& [name, bytes] : tree_of(workspace.folder())) {
      EXPECT_TRUE(name == "web.yaml" || name == "gantry.lock" || name.starts_with("out/"))
          << name << " was left behind";
    }
  }

  const Sandbox before_;
  const Sandbox after_;
  const Tree old_;
  const Tree new_;
};

TEST_F(Interrupted, KilledAtAnyMomentEveryFileIsWholeAndTheNextRunCompletes) {
  Workspace measured(before_.base_url());
  prepare(measured);
  const ProcessResult whole = measured.batch();
  ASSERT_TRUE(exits(0, whole));

  std::mt19937 random(20240229);
  std::uniform_int_distribution<long> moment(0, whole.wall.count());
  int killed = 0;
  for (int round = 0; round < rounds(); ++round) {
    Workspace workspace(before_.base_url());
    prepare(workspace);
    const auto delay = std::chrono::milliseconds(moment(random));
    SCOPED_TRACE("killed after " + std::to_string(delay.count()) + " ms");
    Process running(workspace.command({"batch", "web.yaml", "--rate-limit", "100000"}));
    // The moment is what is drawn; there is no event to wait for.
    usleep(static_cast<useconds_t>(delay.count() * 1000));
    running.kill(SIGKILL);
    if (running.wait().signal == SIGKILL) ++killed;
    expect_old_or_new(workspace.output());
    expect_recovery(workspace);
  }
  EXPECT_GT(killed, 0) << "every run ended before it was killed";
}

TEST_F(Interrupted, AFullDiskEndsTheRunAndHarmsNoFile) {
  for (const char* room : {"0", "5000", "60000"}) {
    SCOPED_TRACE(std::string("room for ") + room + " bytes");
    Workspace workspace(before_.base_url());
    prepare(workspace);
    const ProcessResult result =
        workspace.batch({}, with_faults({{"FAULT_ENOSPC_UNDER", workspace.folder().string()},
                                         {"FAULT_ENOSPC_AFTER", room}}));
    EXPECT_TRUE(exits(1, result));
    EXPECT_THAT(result.err + result.out,
                AnyOf(HasSubstr("no space"), HasSubstr("No space"), HasSubstr("disk is full")));
    expect_old_or_new(workspace.output());
    expect_recovery(workspace);
  }
}

TEST_F(Interrupted, AFullDiskWhereNothingWasExportedYetLeavesNoOutput) {
  Workspace workspace(after_.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(
      exits(1, workspace.batch({}, with_faults({{"FAULT_ENOSPC_UNDER", workspace.folder().string()},
                                                {"FAULT_ENOSPC_AFTER", "20000"}}))));
  EXPECT_EQ(count_of(workspace.output(), ".svg"), 0U);
  expect_recovery(workspace);
}

TEST(TwoRuns, AtOnceInOneFolderWaitForEachOther) {
  const Sandbox sandbox({"--icons", "60", "--cdn-latency", "30"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const std::vector<std::string> arguments = {
      "batch", "web.yaml", "--rate-limit", "100000", "--concurrent-downloads", "4"};
  Process first(workspace.command(arguments));
  Process second(workspace.command(arguments));
  EXPECT_TRUE(exits(0, first.wait()));
  EXPECT_TRUE(exits(0, second.wait()));
  EXPECT_THAT(first.wait().err + second.wait().err, HasSubstr("wait"));
  EXPECT_TRUE(same_tree(clean_output({"--icons", "60"}), workspace.output()));
}

}  // namespace
}  // namespace gantry::testing
