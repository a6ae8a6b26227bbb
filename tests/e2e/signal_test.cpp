// A signal in the middle of a run: it ends in two seconds whatever hangs, and what was done until
// then is in the checkpoint and in the reports.
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/run_report.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

constexpr int kConfigs = 4;
constexpr milliseconds kPatience(1000);
constexpr milliseconds kLongest(2000);

// Four configurations, one after the other. In the middle of a run two are done.
class Signal : public ::testing::TestWithParam<int> {
 protected:
  Signal() {
    for (int i = 1; i <= kConfigs; ++i) {
      workspace_.add_web_config(fmt::format("configs/{}.yaml", i), fmt::format("out/{}", i),
                                fmt::format("sandbox-{}", i), "");
    }
  }

  Process start(const Environment& changes = {}) const {
    return Process(workspace_.command(
        {"batch", "configs", "--rate-limit", "100000", "--parallel", "1", "--concurrent-downloads",
         "4", "--report", "report.json", "--report-html", "report.html"},
        changes));
  }
  // The third configuration cannot be published: a thread of the pool hangs in a file operation.
  Process start_with_a_hang() const {
    return start(with_faults({{"FAULT_SYNCFS_HANG", "30"}, {"FAULT_SYNCFS_SPARED", "4"}}));
  }
  void wait_for_downloads(Process& running, double configurations) const {
    const double drawings = static_cast<double>(sandbox_.icons_of("sandbox-1")) * configurations;
    while (running.running() && static_cast<double>(sandbox_.count("cdn.requests")) < drawings) {
      usleep(3'000);
    }
  }
  // Until what it downloaded has been converted and the hang has begun.
  static void wait_for_the_hang() { usleep(700'000); }

  static milliseconds time_to_end(Process& running, int signal) {
    const auto begin = Clock::now();
    running.kill(signal);
    running.wait();
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
  }

  void expect_partial_results(const std::string& signal) const {
    const RunReport report(workspace_ / "report.json");
    EXPECT_EQ(report.whole().at("interrupted").as_string(), signal);
    EXPECT_EQ(report.number("totalConfigs"), kConfigs);
    EXPECT_THAT(report.names(true), ElementsAre("1.yaml", "2.yaml"));
    for (const char* name : {"3.yaml", "4.yaml"}) {
      const auto& errors = report.result(name).at("errors").as_array();
      ASSERT_FALSE(errors.empty());
      EXPECT_EQ(errors.front().as_object().at("code").as_string(), "cancelled") << name;
    }
    const std::string page = read_text(workspace_ / "report.html");
    EXPECT_THAT(page, HasSubstr(signal));
    EXPECT_TRUE(page.ends_with("</html>\n")) << "half a page";
    const auto checkpoint = boost::json::parse(read_text(workspace_ / ".gantry-checkpoint.json"));
    EXPECT_EQ(checkpoint.at("finished").as_object().size(), 2U);
    for (const auto& [name, bytes] : tree_of(workspace_.folder())) {
      EXPECT_THAT(name, Not(HasSubstr(".report."))) << "half a file";
    }
  }

  void expect_recovery() const {
    EXPECT_TRUE(exits(0, workspace_.gantry({"batch", "configs", "--resume", "--rate-limit",
                                            "100000", "--report", "report.json"})));
    EXPECT_THAT(RunReport(workspace_ / "report.json").names(true), ElementsAre("3.yaml", "4.yaml"));
    EXPECT_EQ(count_of(workspace_.output(), ".svg"), kConfigs * sandbox_.icons_of("sandbox-1"));
  }

  Sandbox sandbox_{{"--icons", "40", "--files", "4", "--cdn-latency", "40"}};
  Workspace workspace_{sandbox_.base_url()};
};

std::string name_of(int signal) { return signal == SIGINT ? "SIGINT" : "SIGTERM"; }

TEST_P(Signal, InMidRunLeavesReportsAndACheckpointOfWhatIsDone) {
  Process running = start();
  wait_for_downloads(running, 2.5);
  EXPECT_LT(time_to_end(running, GetParam()), kPatience) << "nothing hangs";
  EXPECT_TRUE(exits(128 + GetParam(), running.wait()));
  expect_partial_results(name_of(GetParam()));
  expect_recovery();
}

TEST_P(Signal, LeavesTheSameWhereAThreadHangs) {
  Process running = start_with_a_hang();
  wait_for_downloads(running, 3);
  wait_for_the_hang();
  const milliseconds time = time_to_end(running, GetParam());
  EXPECT_TRUE(exits(128 + GetParam(), running.wait()));
  EXPECT_LT(time, kLongest);
  EXPECT_GE(time, kPatience) << "nothing hung: nothing was tested";
  expect_partial_results(name_of(GetParam()));
  expect_recovery();
}

INSTANTIATE_TEST_SUITE_P(Of, Signal, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return name_of(info.param); });

TEST_F(Signal, TheSecondEndsTheRunAtOnce) {
  Process running = start_with_a_hang();
  wait_for_downloads(running, 3);
  wait_for_the_hang();
  running.kill(SIGINT);
  usleep(100'000);
  EXPECT_TRUE(running.running());
  EXPECT_LT(time_to_end(running, SIGTERM), milliseconds(500));
  EXPECT_TRUE(exits(143, running.wait()));
}

TEST_F(Signal, EndsARunWhoseOutputNobodyReads) {
  const std::filesystem::path pipe = workspace_.root() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  const std::string rubbish(4096, '.');
  while (write(reader, rubbish.data(), rubbish.size()) > 0) {
  }
  Command command = workspace_.command({});
  command.arguments = {"-c", fmt::format("exec '{}' batch configs --rate-limit 100000 2>'{}'",
                                         command.program.string(), pipe.string())};
  command.program = "/bin/sh";
  Process running(command);
  usleep(700'000);
  ASSERT_TRUE(running.running());
  EXPECT_LT(time_to_end(running, SIGTERM), kLongest);
  EXPECT_TRUE(exits(143, running.wait()));
  close(reader);
}

}  // namespace
}  // namespace gantry::testing
