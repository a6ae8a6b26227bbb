// What the network and the API may do to a run: faults, limits, redirects, expiry.
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Faults : public ::testing::TestWithParam<const char*> {};

TEST_P(Faults, EndCompleteAndByteIdenticalToTheCleanRun) {
  const Tree expected = clean_output({"--icons", "60", "--seed", GetParam()});
  ASSERT_GT(expected.size(), 60U);
  const Sandbox sandbox({"--icons", "60", "--fault-5xx", "10", "--fault-reset", "5",
                         "--fault-truncate", "3", "--fault-html", "2", "--fault-target", "both",
                         "--seed", GetParam()});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(same_tree(expected, workspace.output()));
  EXPECT_GT(sandbox.count("cdn.faults.5xx"), 0);
  EXPECT_GT(sandbox.count("cdn.faults.reset"), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Faults, ::testing::Values("1", "2", "3"));

// Every image fails once: with a retry all is well, without one nothing is.
TEST(Settings, AFlagBeatsTheEnvironmentWhichBeatsTheDefault) {
  Sandbox sandbox({"--icons", "10", "--fault-5xx", "100", "--faults-per-address", "1",
                   "--fault-target", "cdn"});
  const Environment no_retries = {{"GANTRY_MAX_RETRIES", "0"}};
  for (const bool with_flag : {false, true}) {
    Workspace workspace(sandbox.base_url());
    workspace.add_web_config("web.yaml");
    sandbox.reset();
    const std::vector<std::string> flags =
        with_flag ? std::vector<std::string>{"--max-retries", "2"} : std::vector<std::string>{};
    EXPECT_TRUE(exits(with_flag ? 0 : 1, workspace.batch(flags, no_retries)));
  }
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(2, workspace.batch({}, {{"GANTRY_MAX_RETRIES", "many"}})));
}

TEST(Settings, AConfigurationBeatsTheDefaultAndIsBeatenByTheEnvironmentAndAFlag) {
  const Sandbox sandbox({"--icons", "10", "--fault-5xx", "100", "--faults-per-address", "1"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  write_text(workspace / "web.yaml",
             read_text(workspace / "web.yaml") + "gantry:\n  maxRetries: 0\n");
  EXPECT_TRUE(exits(1, workspace.batch()));
  EXPECT_TRUE(exits(1, workspace.batch({"--max-retries", "0"}, {{"GANTRY_MAX_RETRIES", "3"}})));
  EXPECT_TRUE(exits(0, workspace.batch({}, {{"GANTRY_MAX_RETRIES", "3"}})));
}

TEST(Settings, TheTimeoutOfAConfigurationIsBeatenByTheFlag) {
  const Sandbox sandbox({"--icons", "10", "--api-latency", "1800"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  std::string text = read_text(workspace / "web.yaml");
  text.replace(text.find("figma:\n"), 7, "figma:\n  timeout: 1\n");
  write_text(workspace / "web.yaml", text);
  const ProcessResult own = workspace.batch({"--max-retries", "0"});
  EXPECT_TRUE(exits(1, own));
  EXPECT_THAT(own.err + own.out, HasSubstr("no answer in time"));
  EXPECT_TRUE(exits(0, workspace.batch({"--max-retries", "0", "--timeout", "20"})));
}

TEST(Downloads, GrowBeyondTwentyWhereTheServerTakesThemAndAreRemembered) {
  Sandbox sandbox({"--icons", "1500", "--cdn-latency", "120:30"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml", "out", "sandbox-light", "");
  EXPECT_TRUE(exits(0, workspace.batch({"--cache", "--concurrent-downloads", "auto"})));
  EXPECT_GT(sandbox.count("cdn.peak_concurrency"), 20);
  EXPECT_LE(sandbox.count("cdn.peak_concurrency"), 128);
  bool is_remembered =
      read_text(workspace / ".gantry-cache.db").find("downloads/127.0.0.") != std::string::npos;
  EXPECT_TRUE(is_remembered);
  // Few drawings are over before anything could be found again.
  std::filesystem::remove_all(workspace.root() / "home");
  sandbox.reset();
  EXPECT_TRUE(exits(
      0, workspace.gantry({"fetch", "-f", "sandbox-light", "-r", "Icons/Navigation", "-o", "few",
                           "--format", "svg", "--cache", "--concurrent-downloads", "auto"})));
  EXPECT_GT(sandbox.count("cdn.peak_concurrency"), 30);
}

TEST(Settings, AnAutomaticNumberOfDownloadsMayStandInTheConfigurationOrTheEnvironment) {
  Sandbox sandbox({"--icons", "300", "--cdn-latency", "60:20"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml", "out", "sandbox-light", "");
  EXPECT_TRUE(exits(0, workspace.batch({}, {{"GANTRY_CONCURRENT_DOWNLOADS", "auto"}})));
  EXPECT_GT(sandbox.count("cdn.peak_concurrency"), 20);
  EXPECT_TRUE(exits(2, workspace.batch({"--concurrent-downloads", "automatic"})));
  write_text(workspace / "web.yaml", read_text(workspace / "web.yaml") +
                                         "gantry:\n  concurrentDownloads: 7\n  parallel: 1\n");
  std::filesystem::remove_all(workspace.root() / "home");
  std::filesystem::remove_all(workspace / "out");
  sandbox.reset();
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_LE(sandbox.count("cdn.peak_concurrency"), 7);
}

TEST(FailFast, StopsAtTheFirstItemThatCannotBeHad) {
  const Sandbox sandbox({"--icons", "400", "--null-every", "10", "--cdn-latency", "30"});
  const Workspace workspace(sandbox.base_url());
  const ProcessResult result = workspace.gantry(
      {"fetch", "-f", "sandbox-light", "-r", "Icons", "-o", "out", "--format", "svg", "--fail-fast",
       "--concurrent-downloads", "4", "--rate-limit", "100000"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_LT(sandbox.count("cdn.requests"), 100);
  EXPECT_THAT(workspace.output(), IsEmpty());
}

TEST(WrongLengths, AreNoticedAndRetried) {
  const Sandbox sandbox({"--icons", "40", "--fault-length", "15", "--fault-target", "cdn"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(same_tree(clean_output({"--icons", "40"}), workspace.output()));
}

TEST(Redirects, AreFollowedWithoutTheToken) {
  const Sandbox sandbox({"--icons", "40", "--fault-redirect", "40", "--fault-target", "cdn"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch()));
  EXPECT_TRUE(same_tree(clean_output({"--icons", "40"}), workspace.output()));
  EXPECT_EQ(sandbox.count("credentials_on_other_hosts"), 0);
}

TEST(RateLimit, APauseHoldsEveryJobUntilItIsOverAndCostsNoRetry) {
  const Sandbox sandbox({"--icons", "250", "--limit-once", "5:2", "--cdn-latency", "10"});
  Workspace workspace(sandbox.base_url());
  for (const char* name : {"a", "b", "c"}) {
    workspace.add_web_config(std::string("configs/") + name + ".yaml", std::string("out/") + name);
  }
  const ProcessResult result = workspace.gantry(
      {"batch", "configs", "--parallel", "3", "--rate-limit", "100000", "--max-retries", "0"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_GE(result.wall, seconds(2));
  EXPECT_EQ(sandbox.count("api.by_status.429"), 1);
  EXPECT_EQ(sandbox.count("api.requests_during_pause"), 0);
}

TEST(RateLimit, APauseLongerThanMaxWaitEndsTheRunAndSaysWhen) {
  const Sandbox sandbox({"--icons", "20", "--limit-once", "2:3600"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult result = workspace.batch({"--max-wait", "5"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_LT(result.wall, seconds(30));
  EXPECT_THAT(result.err + result.out, HasSubstr("plan"));
  EXPECT_THAT(result.err + result.out, HasSubstr("seat"));
  EXPECT_THAT(workspace.output(), IsEmpty());
}

TEST(RateLimit, ALongPauseIsRememberedByTheNextRunOfTheSameToken) {
  const Sandbox sandbox({"--icons", "20", "--limit-once", "1:7200"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(1, workspace.batch()));
  // The versions of both files may have been asked for before the first answer came.
  const auto asked = sandbox.count("api.requests");
  const ProcessResult next = workspace.batch();
  EXPECT_TRUE(exits(1, next));
  EXPECT_THAT(next.err, HasSubstr("remembered"));
  EXPECT_EQ(sandbox.count("api.requests"), asked);
  EXPECT_TRUE(exits(0, workspace.batch({}, {{"FIGMA_PERSONAL_TOKEN", "figd_another"}})));
}

TEST(RateLimit, AViewSeatHasSixCallsForDrawingsAMonth) {
  const Sandbox sandbox({"--icons", "20"});
  Workspace workspace(sandbox.base_url());
  for (int call = 1; call <= 7; ++call) {
    const ProcessResult result =
        workspace.gantry({"fetch", "-f", "sandbox-light", "-r", "Icons", "-o", "out", "--format",
                          "png", "--scale", std::to_string(call * 0.5), "--plan", "view"});
    EXPECT_TRUE(exits(call <= 6 ? 0 : 1, result)) << "call " << call;
    if (call == 7) EXPECT_THAT(result.err, HasSubstr("Figma tier 1"));
  }
}

TEST(RateLimit, ABudgetHoldsInEveryWindowRetriesIncluded) {
  // 250 light and 250 dark icons take six calls for addresses, at least two lists and two versions.
  const Sandbox sandbox({"--icons", "250", "--fault-5xx", "20", "--fault-target", "api"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  const ProcessResult result =
      workspace.gantry({"batch", "web.yaml", "--rate-limit", "8", "--max-retries", "10"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_GT(result.wall, seconds(50)) << "all calls fitted into one window: nothing was tested";
  EXPECT_LE(sandbox.count("api.max_calls_in_window.total"), 8);
  EXPECT_GE(sandbox.count("api.max_calls_in_window.total"), 4);
}

TEST(Unauthorized, InMidRunStopsAllJobsAndLeavesNoHalfExport) {
  const Sandbox sandbox({"--icons", "250", "--unauthorized-after", "5", "--cdn-latency", "5"});
  Workspace workspace(sandbox.base_url());
  for (const char* name : {"a", "b", "c", "d"}) {
    workspace.add_web_config(std::string("configs/") + name + ".yaml", std::string("out/") + name);
  }
  const ProcessResult result =
      workspace.gantry({"batch", "configs", "--rate-limit", "100000", "--parallel", "4"});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err + result.out, HasSubstr("FIGMA_PERSONAL_TOKEN"));
  // What was under way when the first answer came may still arrive; nothing is sent after it.
  EXPECT_LE(sandbox.count("api.by_status.401"), 12);
  for (const auto& [name, bytes] : workspace.output()) ADD_FAILURE() << name << " was published";

  const Sandbox healthy({"--icons", "250"});
  workspace.set_api_url(healthy.base_url());
  EXPECT_TRUE(exits(0, workspace.gantry({"batch", "configs", "--rate-limit", "100000"})));
  EXPECT_GT(count_of(workspace.output(), ".svg"), 250U);
}

TEST(Images, ThatCannotBeRenderedAreNamedAndTheOthersFetched) {
  const Sandbox sandbox({"--icons", "40", "--null-every", "10"});
  const Workspace workspace(sandbox.base_url());
  const ProcessResult result = workspace.gantry(
      {"fetch", "-f", "sandbox-light", "-r", "Icons", "-o", "out", "--format", "svg"});
  EXPECT_TRUE(exits(1, result));
  const std::size_t published = workspace.output().size();
  EXPECT_GT(published, 0U);
  EXPECT_LT(published, sandbox.icons_of("sandbox-light"));
}

class Splitting : public ::testing::TestWithParam<const char*> {};

TEST_P(Splitting, AChunkThatIsTooMuchIsAskedForInParts) {
  const Sandbox sandbox({"--icons", "120", GetParam(), "30"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  EXPECT_TRUE(exits(0, workspace.batch({"--max-retries", "0"})));
  EXPECT_TRUE(same_tree(clean_output({"--icons", "120"}), workspace.output()));
}

INSTANTIATE_TEST_SUITE_P(Limits, Splitting,
                         ::testing::Values("--render-timeout-above", "--max-ids"));

TEST(Addresses, ThatHaveExpiredAreAskedForAgain) {
  const Sandbox sandbox({"--icons", "200", "--url-lifetime", "2", "--cdn-latency", "100"});
  const Workspace workspace(sandbox.base_url());
  const ProcessResult result =
      workspace.gantry({"fetch", "-f", "sandbox-light", "-r", "Icons", "-o", "out", "--format",
                        "svg", "--concurrent-downloads", "4", "--rate-limit", "100000"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_EQ(workspace.output().size(), sandbox.icons_of("sandbox-light"));
  EXPECT_GE(sandbox.count("cdn.by_status.403"), 1) << "no address expired: nothing was tested";
}

TEST(NameResolution, ThatHangsEndsAtTheTimeoutAndAtASignal) {
  Workspace workspace("https://figma.invalid");
  workspace.add_web_config("web.yaml");
  const Environment hang = with_faults({{"FAULT_RESOLVE_HANG", "60"}});
  const ProcessResult result = workspace.batch({"--timeout", "1", "--max-retries", "0"}, hang);
  EXPECT_TRUE(exits(1, result));
  EXPECT_LT(result.wall, seconds(20));
  EXPECT_THAT(result.err + result.out, HasSubstr("figma.invalid"));

  Process running(workspace.command({"batch", "web.yaml"}, hang));
  // Long enough to be waiting for the name; earlier would pass as well.
  usleep(700'000);
  running.kill(SIGINT);
  EXPECT_TRUE(exits(130, running.wait()));
  EXPECT_LT(running.wait().wall, seconds(10));
}

TEST(Signals, EndARunWithTheirCodeAndLeaveNothingHalf) {
  const Sandbox sandbox({"--icons", "200", "--cdn-latency", "200"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto before = sandbox.count("cdn.requests");
    Process running(workspace.command(
        {"batch", "web.yaml", "--rate-limit", "100000", "--concurrent-downloads", "4"}));
    while (running.running() && sandbox.count("cdn.requests") == before) usleep(20'000);
    running.kill(signal);
    EXPECT_TRUE(exits(128 + signal, running.wait()));
    EXPECT_THAT(workspace.output(), IsEmpty());
  }
}

TEST(Egress, PlainHttpToAnotherHostIsRefused) {
  Workspace workspace("http://figma.invalid");
  workspace.add_web_config("web.yaml");
  const ProcessResult result = workspace.batch();
  EXPECT_THAT(result.exit_code, AnyOf(1, 2));
  EXPECT_THAT(result.err + result.out, HasSubstr("https"));
}

}  // namespace
}  // namespace gantry::testing
