// What --cache keeps is enough to work offline, and `gantry cache` shows and tends it.
#include <string>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() { workspace_.add_web_config("web.yaml"); }

  ProcessResult cache(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "cache");
    return workspace_.gantry(std::move(arguments));
  }
  boost::json::object json_of(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const ProcessResult result = cache(std::move(arguments));
    EXPECT_TRUE(exits(0, result));
    return boost::json::parse(result.out).as_object();
  }

  Sandbox sandbox_{{"--icons", "40"}};
  Workspace workspace_{sandbox_.base_url()};
};

TEST_F(CacheTest, OfflineARunGivesTheSameFilesAndAsksNobody) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  const Tree expected = workspace_.output();
  EXPECT_GT(expected.size(), 40U);
  std::filesystem::remove_all(workspace_ / "out");
  sandbox_.reset();
  EXPECT_TRUE(exits(0, workspace_.batch({"--offline"})));
  EXPECT_TRUE(same_tree(expected, workspace_.output()));
  EXPECT_EQ(sandbox_.count("api.requests"), 0);
  EXPECT_EQ(sandbox_.count("cdn.requests"), 0);
}

TEST_F(CacheTest, OfflineWhatIsNotThereIsNamedAndNothingIsPublished) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  workspace_.add_web_config("web.yaml", "other", "sandbox-single", "");
  const ProcessResult result = workspace_.batch({"--offline"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err + result.out, HasSubstr("sandbox-single"));
  EXPECT_THAT(result.err + result.out, HasSubstr("offline"));
  EXPECT_FALSE(std::filesystem::exists(workspace_ / "other"));
}

TEST_F(CacheTest, OfflineWithoutACacheIsSaidAtOnce) {
  const ProcessResult result = workspace_.batch({"--offline"});
  EXPECT_TRUE(exits(2, result));
  EXPECT_THAT(result.err, HasSubstr(".gantry-cache.db"));
  EXPECT_THAT(result.err, HasSubstr("--cache"));
}

TEST_F(CacheTest, AnotherTokenSeesNothingOfIt) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  const ProcessResult result =
      workspace_.batch({"--offline"}, {{"FIGMA_PERSONAL_TOKEN", "figd_of-somebody-else"}});
  EXPECT_TRUE(exits(1, result));
}

TEST_F(CacheTest, ACacheThatIsDamagedIsMadeAnewAndSaid) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  write_text(workspace_ / ".gantry-cache.db", std::string(10'000, 'x'));
  const ProcessResult result = workspace_.batch({"--cache"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, HasSubstr(".gantry-cache.db"));
  EXPECT_TRUE(exits(0, cache({"verify"})));
}

TEST_F(CacheTest, StatsCountWhatIsThere) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  boost::json::object stats = json_of({"stats"});
  // Metadata and components of two files, and what was exported.
  EXPECT_EQ(stats.at("entries").to_number<int>(), 5);
  EXPECT_GT(stats.at("bytes").to_number<int>(), 1000);
  const ProcessResult table = cache({"stats"});
  EXPECT_TRUE(exits(0, table));
  EXPECT_THAT(table.out, HasSubstr("entries"));
}

TEST_F(CacheTest, InspectListsKeysAndNoToken) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  boost::json::object all = json_of({"inspect"});
  EXPECT_EQ(all.at("records").as_array().size(), 5U);
  boost::json::object some = json_of({"inspect", "*sandbox-light*"});
  EXPECT_EQ(some.at("records").as_array().size(), 2U);
  boost::json::object one = json_of({"inspect", "--limit", "1", "--value"});
  EXPECT_EQ(one.at("records").as_array().size(), 1U);
  EXPECT_TRUE(one.at("records").at(0).as_object().contains("value"));
  const ProcessResult table = cache({"inspect"});
  EXPECT_THAT(table.out, HasSubstr("sandbox-light"));
  EXPECT_THAT(table.out, Not(HasSubstr(kToken)));
}

TEST_F(CacheTest, ClearRemovesWhatItIsToldAndNothingWithoutASelection) {
  EXPECT_TRUE(exits(0, workspace_.batch({"--cache"})));
  EXPECT_TRUE(exits(2, cache({"clear"})));
  EXPECT_TRUE(exits(0, cache({"clear", "*sandbox-dark*"})));
  EXPECT_EQ(json_of({"stats"}).at("entries").to_number<int>(), 3);
  EXPECT_TRUE(exits(0, cache({"clear", "--older-than", "1"})));
  EXPECT_EQ(json_of({"stats"}).at("entries").to_number<int>(), 3);
  EXPECT_TRUE(exits(0, cache({"clear", "--all"})));
  EXPECT_EQ(json_of({"stats"}).at("entries").to_number<int>(), 0);
}

TEST_F(CacheTest, AMissingFileIsAnErrorAndIsNotMade) {
  for (const char* command : {"stats", "inspect", "verify"}) {
    const ProcessResult result = cache({command, "--cache-path", "nothing.db"});
    EXPECT_TRUE(exits(2, result)) << command;
    EXPECT_THAT(result.err, HasSubstr("nothing.db"));
  }
  EXPECT_FALSE(std::filesystem::exists(workspace_ / "nothing.db"));
}

}  // namespace
}  // namespace gantry::testing
