// What --cache spares: exports that are up to date, and with --granular-cache drawings that look as
// before.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;

class VersionCache : public ::testing::Test {
 protected:
  VersionCache() { workspace_.add_web_config("web.yaml"); }

  // The design as it is after somebody has worked on it.
  void publish(std::vector<std::string> changes, const std::string& version = "77") {
    changes.insert(changes.end(), {"--design-version", version});
    sandbox_ = std::make_unique<Sandbox>(std::move(changes));
    workspace_.set_api_url(sandbox_->base_url());
  }
  ProcessResult run(std::vector<std::string> flags = {}) {
    flags.emplace_back("--cache");
    sandbox_->reset();
    return workspace_.batch(flags);
  }
  std::int64_t calls(const std::string& endpoint) const {
    return sandbox_->count("api.by_endpoint." + endpoint);
  }
  std::int64_t downloads() const { return sandbox_->count("cdn.requests"); }
  bool exports() { return exits(0, run()) && sandbox_->count("api.requests") > 2; }

  std::unique_ptr<Sandbox> sandbox_ =
      std::make_unique<Sandbox>(std::vector<std::string>{"--icons", "40"});
  Workspace workspace_{sandbox_->base_url()};
};

TEST_F(VersionCache, WhatHasNotChangedCostsOneCheapCallAFileAndWritesNothing) {
  EXPECT_TRUE(exits(0, run()));
  const auto before = identities_of(workspace_ / "out");
  const ProcessResult second = run();
  EXPECT_TRUE(exits(0, second));
  EXPECT_EQ(sandbox_->count("api.requests"), 2);
  EXPECT_EQ(downloads(), 0);
  EXPECT_EQ(identities_of(workspace_ / "out"), before);
  EXPECT_THAT(second.out, HasSubstr("up to date"));
  EXPECT_TRUE(exits(0, run({"--check"})));
  EXPECT_EQ(sandbox_->count("api.requests"), 2);
}

TEST_F(VersionCache, AnotherVersionIsExportedAndEqualFilesStay) {
  EXPECT_TRUE(exits(0, run()));
  const auto before = identities_of(workspace_ / "out");
  publish({"--icons", "40"});
  EXPECT_TRUE(exports());
  EXPECT_EQ(identities_of(workspace_ / "out"), before);
  EXPECT_FALSE(exports()) << "the new version is known now";
}

TEST_F(VersionCache, AFileThatIsGoneOrChangedIsExportedAgain) {
  EXPECT_TRUE(exits(0, run()));
  const Tree expected = workspace_.output();
  const std::filesystem::path file = workspace_ / ("out/" + expected.begin()->first);
  std::filesystem::remove(file);
  EXPECT_TRUE(exports());
  EXPECT_TRUE(same_tree(expected, workspace_.output()));
  EXPECT_FALSE(exports());
  write_text(file, "edited by somebody");
  EXPECT_TRUE(exports());
  EXPECT_TRUE(same_tree(expected, workspace_.output()));
}

TEST_F(VersionCache, AFreshCheckoutWithTheSameBytesIsUpToDate) {
  EXPECT_TRUE(exits(0, run()));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(workspace_ / "out")) {
    if (entry.is_regular_file()) {
      std::filesystem::last_write_time(entry, std::filesystem::file_time_type::clock::now());
    }
  }
  EXPECT_FALSE(exports());
}

TEST_F(VersionCache, AnEditedConfigurationIsExportedAgain) {
  EXPECT_TRUE(exits(0, run()));
  write_text(workspace_ / "web.yaml",
             read_text(workspace_ / "web.yaml") + "    generateReactComponents: false\n");
  EXPECT_TRUE(exports());
  EXPECT_EQ(count_of(workspace_.output(), ".tsx"), 0U);
}

TEST_F(VersionCache, IsKeptForEachExportAndNotForTheFile) {
  EXPECT_TRUE(exits(0, run()));
  workspace_.add_web_config("web.yaml", "other");
  EXPECT_TRUE(exports());
  EXPECT_GT(workspace_.output("other").size(), 40U);
}

TEST_F(VersionCache, WhatFailedIsNotTakenForDoneBecauseAnotherSucceeded) {
  publish({"--icons", "40", "--null-every", "7"}, "5");
  workspace_.add_web_config("configs/good.yaml", "good", "sandbox-single", "");
  EXPECT_TRUE(exits(1, run()));
  publish({"--icons", "40"}, "5");
  EXPECT_TRUE(exports());
  EXPECT_GT(workspace_.output().size(), 40U);
}

TEST_F(VersionCache, OfADeletedComponentNothingIsLeft) {
  EXPECT_TRUE(exits(0, run({"--granular-cache"})));
  const std::size_t before = workspace_.output().size();
  publish({"--icons", "20"});
  EXPECT_TRUE(exits(0, run({"--granular-cache"})));
  EXPECT_LT(workspace_.output().size(), before);
  EXPECT_TRUE(same_tree(clean_output({"--icons", "20"}), workspace_.output()));
}

TEST_F(VersionCache, ForceExportsAndNoCacheAndAConfigurationDecide) {
  EXPECT_TRUE(exits(0, run()));
  EXPECT_TRUE(exits(0, run({"--force"})));
  EXPECT_GT(sandbox_->count("api.requests"), 2);
  sandbox_->reset();
  EXPECT_TRUE(exits(0, workspace_.batch({"--no-cache"})));
  EXPECT_GT(sandbox_->count("api.requests"), 2);
  write_text(workspace_ / "web.yaml",
             "common:\n  cache:\n    enabled: true\n" + read_text(workspace_ / "web.yaml"));
  EXPECT_TRUE(exits(0, workspace_.batch()));
  sandbox_->reset();
  EXPECT_TRUE(exits(0, workspace_.batch()));
  EXPECT_EQ(sandbox_->count("api.requests"), 2);
}

TEST_F(VersionCache, AVersionThatCannotBeHadIsNoReasonToFail) {
  publish({"--icons", "40", "--fault-5xx", "100", "--fault-target", "api", "--faults-per-address",
           "1"});
  const ProcessResult result = run({"--max-retries", "0"});
  EXPECT_THAT(result.err, HasSubstr("the version of file"));
}

TEST_F(VersionCache, TwoRunsAtOnceShareIt) {
  workspace_.add_web_config("other.yaml", "other");
  Process first(workspace_.command({"batch", "web.yaml", "--cache", "--rate-limit", "100000"}));
  Process second(workspace_.command({"batch", "other.yaml", "--cache", "--rate-limit", "100000"}));
  EXPECT_TRUE(exits(0, first.wait()));
  EXPECT_TRUE(exits(0, second.wait()));
  sandbox_->reset();
  EXPECT_TRUE(exits(0, workspace_.gantry({"batch", "web.yaml", "other.yaml", "--cache"})));
  EXPECT_EQ(sandbox_->count("api.requests"), 2);
}

TEST_F(VersionCache, GranularFetchesOnlyWhatLooksDifferentAndGivesTheWholeExport) {
  EXPECT_TRUE(exits(0, run({"--granular-cache"})));
  publish({"--icons", "40", "--change-icons", "3"});
  EXPECT_TRUE(exits(0, run({"--experimental-granular-cache"})));
  EXPECT_EQ(downloads(), 6) << "three of the light file and three of the dark one";
  EXPECT_TRUE(
      same_tree(clean_output({"--icons", "40", "--change-icons", "3"}), workspace_.output()));
}

TEST_F(VersionCache, GranularWithoutAChangeFetchesNothing) {
  EXPECT_TRUE(exits(0, run({"--granular-cache"})));
  const auto before = identities_of(workspace_ / "out");
  publish({"--icons", "40"});
  EXPECT_TRUE(exits(0, run({"--granular-cache"})));
  EXPECT_EQ(downloads(), 0);
  EXPECT_EQ(identities_of(workspace_ / "out"), before);
}

TEST_F(VersionCache, GranularNeedsACache) {
  const ProcessResult result = workspace_.batch({"--granular-cache"});
  EXPECT_TRUE(exits(2, result));
  EXPECT_THAT(result.err, HasSubstr("--cache"));
}

}  // namespace
}  // namespace gantry::testing
