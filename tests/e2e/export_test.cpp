// What an export leaves behind: complete, the same every time, and nothing else.
#include <filesystem>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

TEST(Export, WritesWebIconsAndASecondRunWritesNothing) {
  const Sandbox sandbox({"--icons", "60"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch()));
  const Tree first = workspace.output();
  EXPECT_THAT(first, Contains(Key("components/index.ts")));
  EXPECT_THAT(first, Contains(Key("components/types.ts")));
  EXPECT_GE(count_of(first, ".svg"), sandbox.icons_of("sandbox-light"));
  EXPECT_GE(count_of(first, ".tsx"), 1U);

  const auto before = identities_of(workspace / "out");
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(same_tree(first, workspace.output()));
  EXPECT_EQ(identities_of(workspace / "out"), before);
}

TEST(Export, TheSameDesignGivesTheSameBytesWhateverTheOrderOfAnswers) {
  const std::vector<std::string> icons = {"--icons", "80"};
  const Tree expected = clean_output(icons);
  EXPECT_GT(expected.size(), 80U);
  const Sandbox sandbox({"--icons", "80", "--cdn-latency", "15", "--api-latency", "5"});
  for (const char* downloads : {"1", "7", "64"}) {
    Workspace workspace(sandbox.base_url());
    workspace.add_web_config("web.yaml");
    EXPECT_TRUE(exits(0, workspace.batch({"--concurrent-downloads", downloads})));
    EXPECT_TRUE(same_tree(expected, workspace.output()));
  }
}

TEST(Export, AJobOfItsOwnGivesWhatBatchGives) {
  const Sandbox sandbox({"--icons", "20"});
  Workspace single(sandbox.base_url());
  single.add_web_config("gantry.yaml");
  EXPECT_TRUE(exits(0, single.gantry({"icons"})));
  EXPECT_TRUE(same_tree(clean_output({"--icons", "20"}), single.output()));
}

TEST(Export, EveryFormOfMetadataGivesTheSameFiles) {
  const Tree expected = clean_output({"--icons", "10", "--meta", "flat"});
  EXPECT_GT(expected.size(), 10U);
  EXPECT_TRUE(same_tree(expected, clean_output({"--icons", "10", "--meta", "wrapped"})));
  EXPECT_TRUE(same_tree(expected, clean_output({"--icons", "10", "--meta", "forbidden"})));
}

TEST(Export, DryRunAndCheckWriteNothingAndTellWhatWouldChange) {
  const Sandbox before({"--icons", "30"});
  Workspace workspace(before.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult plan = workspace.batch({"--dry-run"});
  EXPECT_TRUE(exits(0, plan));
  EXPECT_THAT(plan.out, HasSubstr("added"));
  EXPECT_THAT(plan.out, HasSubstr("components/index.ts"));
  EXPECT_TRUE(exits(4, workspace.batch({"--check"})));
  EXPECT_THAT(workspace.output(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(workspace / "gantry.lock"));

  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(exits(0, workspace.batch({"--check"})));
  const auto written = identities_of(workspace / "out");

  const Sandbox after({"--icons", "30", "--change-icons", "3", "--design-version", "2"});
  workspace.set_api_url(after.base_url());
  EXPECT_TRUE(exits(4, workspace.batch({"--check"})));
  const ProcessResult change = workspace.batch({"--dry-run"});
  EXPECT_TRUE(exits(0, change));
  EXPECT_THAT(change.out, HasSubstr("changed"));
  EXPECT_EQ(identities_of(workspace / "out"), written);

  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(exits(0, workspace.batch({"--check"})));
}

TEST(Export, CheckFindsWhatSomebodyChangedOrRemoved) {
  const Sandbox sandbox({"--icons", "10"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch()));
  const Tree exported = workspace.output();

  write_text(workspace / "out/components/index.ts", "// mine now\n");
  EXPECT_TRUE(exits(4, workspace.batch({"--check"})));
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(same_tree(exported, workspace.output()));

  std::filesystem::remove(workspace / "out/components/types.ts");
  EXPECT_TRUE(exits(4, workspace.batch({"--check"})));
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(same_tree(exported, workspace.output()));
}

TEST(Export, FilesThatAreNotItsOwnStayAsTheyAre) {
  const Sandbox sandbox({"--icons", "10"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  write_text(workspace / "out/svg/handmade.svg", "<svg/>");
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_EQ(read_text(workspace / "out/svg/handmade.svg"), "<svg/>");
}

TEST(Fetch, WritesTheBytesAsServedUnderChosenNames) {
  const Sandbox sandbox({"--icons", "25"});
  const Workspace workspace(sandbox.base_url());
  EXPECT_TRUE(exits(0, workspace.gantry({"fetch", "-f", "sandbox-light", "-r", "Icons", "-o", "raw",
                                         "--format", "svg"})));
  const Tree raw = workspace.output("raw");
  EXPECT_EQ(raw.size(), sandbox.icons_of("sandbox-light"));
  for (const auto& [name, bytes] : raw) EXPECT_THAT(bytes, HasSubstr("<svg")) << name;

  EXPECT_TRUE(
      exits(0, workspace.gantry({"fetch", "-f", "sandbox-light", "-r", "Icons", "-o", "kebab",
                                 "--format", "svg", "--name-style", "kebab-case"})));
  std::multiset<std::string> served;
  std::multiset<std::string> renamed;
  for (const auto& [name, bytes] : raw) served.insert(bytes);
  for (const auto& [name, bytes] : workspace.output("kebab")) {
    renamed.insert(bytes);
    EXPECT_EQ(name.find_first_of("_ ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos) << name;
  }
  EXPECT_EQ(renamed, served);
}

TEST(Fetch, AFrameThatIsNotThereIsNamed) {
  const Sandbox sandbox({"--icons", "5"});
  const Workspace workspace(sandbox.base_url());
  const ProcessResult result = workspace.gantry(
      {"fetch", "-f", "sandbox-light", "-r", "No such frame", "-o", "out", "--format", "svg"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err, HasSubstr("No such frame"));
}

class RealInput : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto data = shared_data();
    // The data is not the project's to ship; the rest of the suite does without it.
    if (!data) GTEST_SKIP() << "skipped: there is no real data at ../shared/data";
    unpack_xz(*data / "figma/fdb-components-3718.json.xz", folder_ / "components.json");
    std::filesystem::create_directory(folder_ / "icons");
    unpack_xz(*data / "icons/svg-icons.tar.xz", folder_ / "icons");
  }

  TemporaryFolder folder_;
};

TEST_F(RealInput, All1604IconsOfAPublishedLibraryAreExportedTwiceAlike) {
  const Sandbox sandbox({"--components", (folder_ / "components.json").string(), "--icons-from",
                         (folder_ / "icons").string()});
  const std::string key = "YfHPTyArBQBSpLmaPlZyUk";
  ASSERT_EQ(sandbox.icons_of(key), 1604U);
  Workspace workspace(sandbox.base_url());
  write_text(workspace / "web.yaml", "figma:\n  lightFileId: " + key +
                                         "\nweb:\n  output: out\n  icons:\n"
                                         "    outputDirectory: components\n"
                                         "    svgDirectory: svg\n");
  EXPECT_TRUE(exits(0, workspace.batch()));
  const Tree first = workspace.output();
  EXPECT_EQ(count_of(first, ".svg"), 1604U);
  EXPECT_EQ(count_of(first, ".tsx"), 1604U);

  const auto written = identities_of(workspace / "out");
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_EQ(identities_of(workspace / "out"), written);

  Workspace elsewhere(sandbox.base_url());
  write_text(elsewhere / "web.yaml", read_text(workspace / "web.yaml"));
  EXPECT_TRUE(exits(0, elsewhere.batch({"--concurrent-downloads", "50"})));
  EXPECT_TRUE(same_tree(first, elsewhere.output()));
}

}  // namespace
}  // namespace gantry::testing
