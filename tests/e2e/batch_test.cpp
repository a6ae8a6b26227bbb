// `exfig batch`: the scenarios of its specification under their own names, and what else many
// configurations in one run are promised.
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/run_report.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace json = boost::json;

class Batch : public ::testing::Test {
 protected:
  // Configurations 1.yaml, 2.yaml... in ./configs, each of a file of its own.
  void add_configs(int count, const std::string& folder = "configs") {
    for (int i = 1; i <= count; ++i) {
      workspace_.add_web_config(fmt::format("{}/{}.yaml", folder, i), fmt::format("out/{}", i),
                                fmt::format("sandbox-{}", i), "");
    }
  }
  ProcessResult batch(std::vector<std::string> arguments, const Environment& changes = {}) {
    arguments.insert(arguments.begin(), "batch");
    for (const char* more : {"--rate-limit", "100000", "--report", "report.json"}) {
      arguments.emplace_back(more);
    }
    return workspace_.exfig(std::move(arguments), changes);
  }
  RunReport report() const { return RunReport(workspace_ / "report.json"); }

  static std::vector<std::string> slow() {
    return {"--icons", "12", "--files", "7", "--api-latency", "60", "--cdn-latency", "60"};
  }

  Sandbox sandbox_{slow()};
  Workspace workspace_{sandbox_.base_url()};
};

TEST_F(Batch, ProcessDirectoryOfConfigs) {
  add_configs(3);
  std::filesystem::rename(workspace_ / "configs/3.yaml", workspace_ / "configs/3.YML");
  write_text(workspace_ / "configs/notes.txt", "no configuration");
  write_text(workspace_ / "configs/.hidden.yaml", "none");
  const ProcessResult result = batch({"./configs/"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(report().names(true), ElementsAre("1.yaml", "2.yaml", "3.YML"));
  EXPECT_THAT(result.out, HasSubstr("3 succeeded, 0 failed"));
  for (int i = 1; i <= 3; ++i) EXPECT_GT(workspace_.output(fmt::format("out/{}", i)).size(), 12U);
}

TEST_F(Batch, ProcessSpecificFiles) {
  add_configs(3);
  EXPECT_TRUE(exits(0, batch({"configs/1.yaml", "configs/3.yaml"})));
  EXPECT_THAT(report().names(true), ElementsAre("1.yaml", "3.yaml"));
  EXPECT_FALSE(std::filesystem::exists(workspace_ / "out/2"));
}

TEST_F(Batch, InvalidConfigHandling) {
  add_configs(3);
  write_text(workspace_ / "configs/2.yaml", "figma: [this is\n");
  const ProcessResult result = batch({"configs"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(report().names(true), ElementsAre("1.yaml", "3.yaml"));
  EXPECT_THAT(report().names(false), ElementsAre("2.yaml"));
  EXPECT_THAT(result.out, HasSubstr("✗ 2.yaml: "));
  EXPECT_THAT(result.err, HasSubstr("configs/2.yaml:"));
}

TEST_F(Batch, DefaultParallelism) {
  add_configs(7);
  EXPECT_TRUE(exits(0, batch({"configs"})));
  EXPECT_EQ(report().most_at_once(), 3);
}

TEST_F(Batch, CustomParallelism) {
  add_configs(7);
  EXPECT_TRUE(exits(0, batch({"configs", "--parallel", "5"})));
  EXPECT_EQ(report().most_at_once(), 5);
}

TEST_F(Batch, SequentialExecution) {
  add_configs(4);
  EXPECT_TRUE(exits(0, batch({"configs", "--parallel", "1"})));
  EXPECT_EQ(report().most_at_once(), 1);
}

TEST_F(Batch, ContinueOnErrorDefault) {
  add_configs(3);
  workspace_.add_web_config("configs/2.yaml", "out/2", "no-such-file", "");
  const ProcessResult result = batch({"configs"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(report().names(true), ElementsAre("1.yaml", "3.yaml"));
  EXPECT_THAT(result.out, HasSubstr("2 succeeded, 1 failed"));
  EXPECT_THAT(result.out, HasSubstr("✗ 2.yaml: "));
  EXPECT_THAT(result.out, HasSubstr("no-such-file"));
}

TEST_F(Batch, FailFastMode) {
  add_configs(7);
  workspace_.add_web_config("configs/1.yaml", "out/1", "no-such-file", "");
  const ProcessResult result = batch({"configs", "--fail-fast"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_EQ(report().names(true).size(), 0U);
  EXPECT_EQ(report().number("totalConfigs"), 7);
  EXPECT_THAT(result.err, HasSubstr("no-such-file"));
  EXPECT_EQ(sandbox_.count("cdn.requests"), 0) << "nothing is downloaded";
}

TEST_F(Batch, AllConfigsFail) {
  for (int i = 1; i <= 3; ++i) {
    workspace_.add_web_config(fmt::format("configs/{}.yaml", i), fmt::format("out/{}", i),
                              fmt::format("missing-{}", i), "");
  }
  const ProcessResult result = batch({"configs"});
  EXPECT_TRUE(exits(1, result));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(result.err, HasSubstr(fmt::format("missing-{}", i)));
    EXPECT_THAT(result.out, HasSubstr(fmt::format("✗ {}.yaml", i)));
  }
  EXPECT_EQ(report().number("failureCount"), 3);
}

TEST_F(Batch, SummaryDisplay) {
  add_configs(2);
  const std::size_t icons = sandbox_.icons_of("sandbox-1");
  const ProcessResult result = batch({"configs"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, HasSubstr("Batch complete: 2 succeeded, 0 failed, in "));
  EXPECT_THAT(result.out, HasSubstr(fmt::format("✓ 1.yaml - {} icons", icons)));
}

TEST_F(Batch, JsonReport) {
  add_configs(2);
  workspace_.add_web_config("configs/3.yaml", "out/3", "no-such-file", "");
  EXPECT_TRUE(exits(1, batch({"configs"})));
  const RunReport report = this->report();
  EXPECT_EQ(report.number("totalConfigs"), 3);
  EXPECT_EQ(report.number("successCount"), 2);
  EXPECT_EQ(report.number("failureCount"), 1);
  EXPECT_EQ(report.total("apiCalls"), sandbox_.count("api.requests"));
  EXPECT_EQ(report.total("downloads"), sandbox_.count("cdn.requests"));
  EXPECT_GT(report.whole().at("duration").to_number<double>(), 0.2);
  const json::object& good = report.result("1.yaml");
  EXPECT_EQ(good.at("stats").as_object().at("icons").to_number<std::size_t>(),
            sandbox_.icons_of("sandbox-1"));
  const json::object& error = report.result("3.yaml").at("errors").as_array().front().as_object();
  EXPECT_EQ(error.at("code").as_string(), "not_found");
  int paid = 0;
  for (const json::value& result : report.results()) {
    paid += result.as_object().at("costs").as_object().at("callsPaid").to_number<int>();
  }
  EXPECT_EQ(paid, report.total("apiCalls")) << "each call is paid by one configuration";
}

TEST_F(Batch, OverlappingOutputPaths) {
  workspace_.add_web_config("configs/a.yaml", "out/both", "sandbox-1", "");
  workspace_.add_web_config("configs/b.yaml", "out/x/../Both", "sandbox-1", "");
  std::filesystem::create_directories(workspace_ / "out/x");
  const ProcessResult refused = batch({"configs"});
  EXPECT_TRUE(exits(3, refused));
  EXPECT_THAT(refused.err, HasSubstr("a.yaml, b.yaml"));
  EXPECT_THAT(refused.err, HasSubstr("out/both/components/index.ts"));
  EXPECT_THAT(refused.err, HasSubstr("--on-conflict continue"));
  EXPECT_FALSE(std::filesystem::exists(workspace_ / "out/both"));
  EXPECT_EQ(sandbox_.count("cdn.requests"), 0) << "nothing is fetched before it is decided";

  const ProcessResult forced = batch({"configs", "--on-conflict", "continue"});
  EXPECT_TRUE(exits(0, forced));
  EXPECT_THAT(forced.err, HasSubstr("a.yaml, b.yaml"));
  const ProcessResult by_variable = batch({"configs"}, {{"GANTRY_ON_CONFLICT", "continue"}});
  EXPECT_TRUE(exits(0, by_variable));
}

TEST_F(Batch, NoConflicts) {
  add_configs(3);
  const ProcessResult result = batch({"configs"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, Not(HasSubstr("⚠")));
  EXPECT_THAT(result.err, Not(HasSubstr("more than one")));
}

TEST_F(Batch, FoldersInCommonAreNoConflictWhereTheFilesDiffer) {
  for (const char* name : {"a", "b"}) {
    write_text(workspace_ / fmt::format("configs/{}.yaml", name),
               fmt::format("figma: {{lightFileId: sandbox-1}}\n"
                           "web:\n"
                           "  output: out\n"
                           "  icons:\n"
                           "    - svgDirectory: svg\n"
                           "      generateReactComponents: false\n"
                           "      nameValidateRegexp: '^(.*)$'\n"
                           "      nameReplaceRegexp: '{}_$1'\n",
                           name));
  }
  const ProcessResult result = batch({"configs"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.err, HasSubstr("more than one export writes to"));
  EXPECT_EQ(workspace_.output().size(), 2 * sandbox_.icons_of("sandbox-1"));
}

TEST_F(Batch, TheSameConfigurationTwiceRunsOnceAndEqualNamesAreToldApart) {
  add_configs(1, "configs");
  workspace_.add_web_config("more/1.yaml", "out/more", "sandbox-2", "");
  EXPECT_TRUE(
      exits(0, batch({"configs/1.yaml", "configs", "./configs/../configs/1.yaml", "more"})));
  EXPECT_THAT(report().names(true), ElementsAre("configs/1.yaml", "more/1.yaml"));
}

TEST_F(Batch, WhatSeveralConfigurationsWantIsAskedForOnce) {
  for (int i = 1; i <= 5; ++i) {
    workspace_.add_web_config(fmt::format("configs/{}.yaml", i), fmt::format("out/{}", i),
                              "sandbox-1", "");
  }
  EXPECT_TRUE(exits(0, batch({"configs", "--parallel", "5"})));
  EXPECT_EQ(sandbox_.count("api.requests"), 3) << "the version, the list, one call for all images";
  EXPECT_EQ(sandbox_.count("cdn.requests"),
            static_cast<std::int64_t>(sandbox_.icons_of("sandbox-1")));
  EXPECT_EQ(report().total("apiCalls"), 3);
  EXPECT_EQ(report().total("conversionsSaved"), 4 * sandbox_.count("cdn.requests"));
  for (int i = 2; i <= 5; ++i) {
    EXPECT_TRUE(same_tree(workspace_.output("out/1"), workspace_.output(fmt::format("out/{}", i))));
  }
}

// The sandbox renders one drawing in a call, so that each configuration needs some thirty calls;
// the run ends when the budget is spent.
TEST_F(Batch, GlobalRateLimit) {
  constexpr int kBudget = 60;
  add_configs(4);
  const std::filesystem::path log = workspace_.root() / "requests.jsonl";
  const Sandbox sandbox({"--icons", "20", "--files", "4", "--render-timeout-above", "1",
                         "--api-latency", "5", "--log-requests", log.string()});
  workspace_.set_api_url(sandbox.base_url());
  Process running(workspace_.command({"batch", "configs", "--parallel", "4", "--rate-limit",
                                      std::to_string(kBudget), "--report", "report.json"}));
  while (running.running() && sandbox.count("api.requests") < kBudget) usleep(20'000);
  usleep(500'000);
  running.kill(SIGINT);
  EXPECT_TRUE(exits(130, running.wait()));
  EXPECT_EQ(sandbox.count("api.requests"), kBudget) << "not one more";
  const RunReport report = this->report();
  EXPECT_EQ(report.total("apiCalls"), kBudget);
  for (int i = 1; i <= 4; ++i) {
    const json::object& costs = report.result(fmt::format("{}.yaml", i)).at("costs").as_object();
    EXPECT_NEAR(costs.at("callsPaid").to_number<double>(), kBudget / 4.0, 5) << i;
  }
}

TEST_F(Batch, RateLimitAdaptation) {
  add_configs(4);
  const Sandbox sandbox({"--icons", "20", "--files", "4", "--render-timeout-above", "4",
                         "--limit-once", "14:2", "--cdn-latency", "10"});
  workspace_.set_api_url(sandbox.base_url());
  const ProcessResult result = batch({"configs", "--parallel", "4", "--max-retries", "0"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_GE(result.wall, std::chrono::seconds(2));
  EXPECT_EQ(sandbox.count("api.by_status.429"), 1);
  EXPECT_EQ(sandbox.count("api.requests_during_pause"), 0);
  const RunReport report = this->report();
  EXPECT_EQ(report.names(true).size(), 4U);
  double paused = 0;
  for (const json::value& wait : report.whole().at("waits").as_array()) {
    if (wait.at("reason").as_string() != "rate limit") continue;
    paused += wait.at("end").to_number<double>() - wait.at("begin").to_number<double>();
  }
  EXPECT_NEAR(paused, 2, 0.5) << "the report shows the pause";
}

TEST(BatchOrder, TheAddressesOfJobsAtWorkComeBeforeThoseOfJobsThatWait) {
  const TemporaryFolder folder;
  const std::string log = (folder / "requests").string();
  const Sandbox sandbox(
      {"--icons", "1500", "--files", "2", "--api-latency", "40", "--log-requests", log});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("configs/1.yaml", "out/1", "sandbox-1", "");
  workspace.add_web_config("configs/2.yaml", "out/2", "sandbox-2", "");
  EXPECT_TRUE(exits(
      0, workspace.gantry({"batch", "configs", "--rate-limit", "100000", "--parallel", "1"})));
  std::string order;
  std::istringstream lines(read_text(log));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("/images/sandbox-1") != std::string::npos) order += '1';
    if (line.find("/images/sandbox-2") != std::string::npos) order += '2';
  }
  const std::size_t calls = (sandbox.icons_of("sandbox-1") + 99) / 100;
  EXPECT_EQ(order.size(), 2 * calls);
  // The last of one and the first of the other are on their way at once.
  EXPECT_GE(order.find('2'), calls - 2);
}

}  // namespace
}  // namespace gantry::testing
