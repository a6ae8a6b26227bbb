// `--resume`: a run that was killed is taken up where it was, and nothing that had arrived is
// fetched again.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/run_report.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace json = boost::json;

constexpr int kConfigs = 4;
// Downloads on their way when a run is killed, and those that the blob store has still to write.
constexpr std::int64_t kInFlight = 20;

class Resume : public ::testing::Test {
 protected:
  Resume() {
    for (int i = 1; i <= kConfigs; ++i) {
      workspace_.add_web_config(fmt::format("configs/{}.yaml", i), fmt::format("out/{}", i),
                                fmt::format("sandbox-{}", i), "");
      drawings_ += static_cast<std::int64_t>(sandbox_.icons_of(fmt::format("sandbox-{}", i)));
    }
  }

  static std::vector<std::string> batch(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "batch", "configs",  "--rate-limit", "100000", "--parallel", "1", "--concurrent-downloads",
        "4",     "--report", "report.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProcessResult resume() const { return workspace_.gantry(batch({"--resume"})); }

  // Ends a run by force when that many downloads have been asked for.
  void kill_after(std::int64_t downloads, const std::vector<std::string>& arguments) {
    Process running(workspace_.command(arguments));
    while (running.running() && this->downloads() < downloads) usleep(3'000);
    running.kill(SIGKILL);
    ASSERT_EQ(running.wait().signal, SIGKILL) << "it ended before it was killed";
  }
  // When the first two configurations are done and the third is under way.
  void kill_in_the_third() { kill_after(drawings_ * 5 / 8, batch()); }

  std::int64_t downloads() const { return sandbox_.count("cdn.requests"); }
  std::filesystem::path checkpoint() const { return workspace_ / ".gantry-checkpoint.json"; }
  // Names of the configurations that the checkpoint holds as done.
  std::vector<std::string> finished() const {
    const json::object record = json::parse(read_text(checkpoint())).as_object();
    std::vector<std::string> names;
    for (const auto& [path, digest] : record.at("finished").as_object()) {
      names.push_back(std::filesystem::path(std::string(path)).filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> exported() const {
    return RunReport(workspace_ / "report.json").names(true);
  }
  void expect_all_exported() const {
    for (int i = 1; i <= kConfigs; ++i) {
      const std::size_t icons = sandbox_.icons_of(fmt::format("sandbox-{}", i));
      EXPECT_EQ(count_of(workspace_.output(fmt::format("out/{}", i)), ".svg"), icons);
    }
    EXPECT_FALSE(std::filesystem::exists(checkpoint())) << "all is done";
  }

  Sandbox sandbox_{{"--icons", "40", "--files", "4", "--cdn-latency", "30"}};
  Workspace workspace_{sandbox_.base_url()};
  std::int64_t drawings_ = 0;
};

class ResumeAt : public Resume, public ::testing::WithParamInterface<int> {};

TEST_P(ResumeAt, AKilledBatchGoesOnAndFetchesNothingAgain) {
  kill_after(std::max<std::int64_t>(1, drawings_ * GetParam() / 100), batch());
  const std::vector<std::string> done = finished();
  std::vector<std::string> left;
  for (int i = 1; i <= kConfigs; ++i) {
    const std::string name = fmt::format("{}.yaml", i);
    if (std::find(done.begin(), done.end(), name) == done.end()) left.push_back(name);
  }
  const ProcessResult result = resume();
  EXPECT_TRUE(exits(0, result));
  EXPECT_EQ(exported(), left);
  EXPECT_LE(downloads(), drawings_ + kInFlight);
  EXPECT_GE(downloads(), drawings_);
  if (!done.empty()) {
    EXPECT_THAT(result.err, HasSubstr(fmt::format("{} of 4 configurations are done", done.size())));
  }
  expect_all_exported();
}

INSTANTIATE_TEST_SUITE_P(Percent, ResumeAt, ::testing::Values(0, 20, 45, 70, 95));

TEST_F(Resume, WorksForARunThatWasKilledMoreThanOnce) {
  for (const int percent : {30, 60, 85}) {
    kill_after(drawings_ * percent / 100, batch({"--resume"}));
  }
  EXPECT_TRUE(exits(0, resume()));
  EXPECT_LE(downloads(), drawings_ + 3 * kInFlight);
  expect_all_exported();
}

TEST_F(Resume, AnEditedConfigurationRunsAgain) {
  kill_in_the_third();
  ASSERT_THAT(finished(), ElementsAre("1.yaml", "2.yaml"));
  write_text(workspace_ / "configs/1.yaml",
             read_text(workspace_ / "configs/1.yaml") + "gantry:\n  maxRetries: 3\n");
  EXPECT_TRUE(exits(0, resume()));
  EXPECT_THAT(exported(), ElementsAre("1.yaml", "3.yaml", "4.yaml"));
  EXPECT_LE(downloads(), drawings_ + kInFlight) << "what it needs is stored";
  expect_all_exported();
}

TEST_F(Resume, OtherArgumentsStartAfreshWithAWarning) {
  kill_in_the_third();
  const ProcessResult other =
      workspace_.gantry({"batch", "configs/1.yaml", "configs/2.yaml", "--resume", "--rate-limit",
                         "100000", "--report", "report.json"});
  EXPECT_TRUE(exits(0, other));
  EXPECT_THAT(other.err, HasSubstr("everything starts afresh"));
  EXPECT_THAT(exported(), ElementsAre("1.yaml", "2.yaml"));
}

TEST_F(Resume, AfterADayEverythingStartsAfreshWithAWarning) {
  kill_in_the_third();
  json::object record = json::parse(read_text(checkpoint())).as_object();
  record["started"] = record.at("started").to_number<std::int64_t>() - 25 * std::int64_t{3600};
  write_text(checkpoint(), json::serialize(record));
  const ProcessResult result = resume();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, HasSubstr("more than a day old"));
  EXPECT_EQ(exported().size(), kConfigs);
  expect_all_exported();
}

TEST_F(Resume, ADamagedCheckpointStartsAfreshWithAWarning) {
  write_text(checkpoint(), "{\"schemaVersion\":1,");
  const ProcessResult result = resume();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, HasSubstr("everything starts afresh"));
  EXPECT_EQ(exported().size(), kConfigs);
}

TEST_F(Resume, WithoutAnEarlierRunIsAnOrdinaryRun) {
  const ProcessResult result = resume();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, Not(HasSubstr("resum")));
  expect_all_exported();
}

TEST_F(Resume, WithoutTheFlagEverythingRunsAgain) {
  kill_in_the_third();
  EXPECT_TRUE(exits(0, workspace_.gantry(batch())));
  EXPECT_EQ(exported().size(), kConfigs);
}

TEST_F(Resume, AFailureIsAllThatTheNextRunHasToDo) {
  workspace_.add_web_config("configs/2.yaml", "out/2", "no-such-file", "");
  EXPECT_TRUE(exits(1, workspace_.gantry(batch())));
  EXPECT_THAT(finished(), ElementsAre("1.yaml", "3.yaml", "4.yaml"));
  EXPECT_TRUE(exits(1, resume()));
  EXPECT_THAT(exported(), IsEmpty());
  EXPECT_EQ(RunReport(workspace_ / "report.json").number("totalConfigs"), 1);

  workspace_.add_web_config("configs/2.yaml", "out/2", "sandbox-2", "");
  EXPECT_TRUE(exits(0, resume()));
  EXPECT_THAT(exported(), ElementsAre("2.yaml"));
  expect_all_exported();
}

TEST_F(Resume, WithNothingLeftToDoWritesAnEmptyReport) {
  workspace_.add_web_config("configs/2.yaml", "out/2", "no-such-file", "");
  EXPECT_TRUE(exits(1, workspace_.gantry(batch())));
  std::filesystem::remove(workspace_ / "configs/2.yaml");
  const auto before = sandbox_.count("api.requests");
  EXPECT_TRUE(exits(0, resume()));
  EXPECT_EQ(RunReport(workspace_ / "report.json").number("totalConfigs"), 0);
  EXPECT_EQ(sandbox_.count("api.requests"), before);
  EXPECT_FALSE(std::filesystem::exists(checkpoint()));
}

TEST_F(Resume, WorksForASingleCommand) {
  const std::vector<std::string> icons = {
      "icons",        "-i",     "configs/1.yaml",         "--resume",
      "--rate-limit", "100000", "--concurrent-downloads", "4"};
  const auto drawings = static_cast<std::int64_t>(sandbox_.icons_of("sandbox-1"));
  kill_after(drawings * 2 / 3, icons);
  ASSERT_TRUE(std::filesystem::exists(checkpoint()));
  EXPECT_TRUE(exits(0, workspace_.gantry(icons)));
  EXPECT_LE(downloads(), drawings + 12);
  EXPECT_EQ(count_of(workspace_.output("out/1"), ".svg"), static_cast<std::size_t>(drawings));
  EXPECT_FALSE(std::filesystem::exists(checkpoint()));
}

}  // namespace
}  // namespace gantry::testing
