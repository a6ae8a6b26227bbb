// A recorded run can be had again without network and token; the token is nowhere.
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Replay, GivesTheSameFilesOfflineAndWithoutAToken) {
  Sandbox sandbox({"--icons", "40"});
  Workspace online(sandbox.base_url());
  online.add_web_config("web.yaml");
  const std::string recording = (online / "recording").string();
  EXPECT_TRUE(exits(0, online.batch({"--record", recording})));
  const Tree expected = online.output();
  EXPECT_GT(expected.size(), 40U);
  sandbox.stop();

  Workspace offline(sandbox.base_url());
  offline.add_web_config("web.yaml");
  const ProcessResult replayed =
      offline.batch({"--replay", recording}, {{"FIGMA_PERSONAL_TOKEN", std::nullopt}});
  EXPECT_TRUE(exits(0, replayed));
  EXPECT_TRUE(same_tree(expected, offline.output()));
}

TEST(Replay, OfWhatWasNotRecordedFailsAndNamesIt) {
  Sandbox sandbox({"--icons", "10"});
  Workspace online(sandbox.base_url());
  online.add_web_config("web.yaml");
  const std::string recording = (online / "recording").string();
  EXPECT_TRUE(exits(0, online.batch({"--record", recording})));

  Workspace offline(sandbox.base_url());
  offline.add_web_config("web.yaml", "out", "sandbox-single", "");
  const ProcessResult replayed =
      offline.batch({"--replay", recording}, {{"FIGMA_PERSONAL_TOKEN", std::nullopt}});
  EXPECT_TRUE(exits(1, replayed));
  EXPECT_THAT(replayed.err + replayed.out, HasSubstr("sandbox-single"));
}

TEST(Token, IsInNoFileAndOnNoStream) {
  const Sandbox sandbox({"--icons", "20", "--fault-5xx", "10", "--fault-redirect", "10"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult result = workspace.batch({"-v", "--record", "recording"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, Not(HasSubstr(kToken)));
  EXPECT_THAT(result.err, Not(HasSubstr(kToken)));
  const Tree everything = tree_of(workspace.root());
  EXPECT_GT(everything.size(), 40U);
  for (const auto& [name, bytes] : everything) {
    EXPECT_EQ(bytes.find(kToken), std::string::npos) << name << " holds the token";
  }
  EXPECT_EQ(sandbox.count("credentials_on_other_hosts"), 0);
}

TEST(Token, ThatIsWrongIsShownMasked) {
  const Sandbox sandbox({"--icons", "5", "--unauthorized-after", "1"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult result = workspace.batch({"-v"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err + result.out, Not(HasSubstr(kToken)));
}

}  // namespace
}  // namespace gantry::testing
