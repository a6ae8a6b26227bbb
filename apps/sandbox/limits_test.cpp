#include "apps/sandbox/limits.hpp"

#include <array>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/sandbox/stats.hpp"
#include "apps/sandbox/test_client.hpp"

namespace gantry::sandbox {
namespace {

using namespace std::chrono_literals;

TEST(Limits, AdmitsSoManyInASlidingWindow) {
  Limits limits({.per_tier = {2, 0, 1}});
  const Clock::time_point start{};
  EXPECT_EQ(limits.admit(1, start), std::nullopt);
  EXPECT_EQ(limits.admit(1, start + 30s), std::nullopt);
  EXPECT_EQ(limits.admit(1, start + 40s), 20);
  EXPECT_EQ(limits.admit(3, start + 40s), std::nullopt) << "tiers are counted apart";
  EXPECT_EQ(limits.admit(2, start + 40s), std::nullopt);
  EXPECT_EQ(limits.admit(1, start + 60s), std::nullopt);
  EXPECT_EQ(limits.admit(1, start + 61s), 29);
}

TEST(Limits, RefuseAScriptedCallOnce) {
  Limits limits({.once = {{2, 7}}});
  EXPECT_EQ(limits.admit(1, {}), std::nullopt);
  EXPECT_EQ(limits.admit(3, {}), 7);
  EXPECT_EQ(limits.admit(1, {}), std::nullopt);
}

TEST(Stats, CountsTheMostCallsOfAnyWindow) {
  Stats stats(60s);
  const Clock::time_point start{};
  for (const auto at : {0s, 10s, 50s, 59s, 61s, 200s}) stats.api_call("x", 1, start + at);
  stats.api_call("y", 3, start + 60s + 59s);
  const auto json = boost::json::parse(stats.to_json());
  const auto& most = json.at("api").at("max_calls_in_window");
  EXPECT_EQ(most.at("tier1"), 4);
  EXPECT_EQ(most.at("tier3"), 1);
  EXPECT_EQ(most.at("total"), 4);
}

TEST(Stats, CountsCallsDuringAPause) {
  Stats stats(60s);
  const Clock::time_point start{};
  stats.paused(start, start + 5ms, 10);
  const auto seen = [&](auto after) {
    stats.reset();
    stats.paused(start, start + 5ms, 10);
    stats.api_call("x", 1, start + after);
    return boost::json::parse(stats.to_json())
        .at("api")
        .at("requests_during_pause")
        .to_number<int>();
  };
  EXPECT_EQ(seen(40ms), 0) << "it was on its way";
  EXPECT_EQ(seen(60ms), 1);
  EXPECT_EQ(seen(9900ms), 1);
  EXPECT_EQ(seen(10s), 0);
}

TEST(SandboxLimits, RefuseWithTheRealHeaders) {
  Options options = small_options();
  options.limits.per_tier = {0, 0, 1};
  options.limits.plan_tier = "starter";
  const Running running(options);
  EXPECT_EQ(running.api("/v1/files/sandbox-light/meta").status, 200);
  const auto refused = running.api("/v1/files/sandbox-light/components");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"status":429,"err":"Rate limit exceeded"})");
  EXPECT_EQ(refused.headers.at("retry-after"), "60");
  EXPECT_EQ(refused.headers.at("x-figma-plan-tier"), "starter");
  EXPECT_EQ(refused.headers.at("x-figma-rate-limit-type"), "high");
  EXPECT_THAT(refused.headers.at("x-figma-upgrade-link"), ::testing::StartsWith("https://"));
  EXPECT_EQ(running.api("/v1/files/sandbox-light?depth=1").status, 200) << "another tier";
}

TEST(SandboxLimits, TellAnotherWaitIfAsked) {
  Options options = small_options();
  options.limits.per_tier = {0, 0, 1};
  options.limits.retry_after = 397'777;
  const Running running(options);
  running.api("/v1/files/sandbox-light/meta");
  EXPECT_EQ(running.api("/v1/files/sandbox-light/meta").headers.at("retry-after"), "397777");
}

TEST(SandboxLimits, ShowClientsThatDoNotWait) {
  Options options = small_options();
  options.limits.once = {{1, 1}};
  const Running running(options);
  EXPECT_EQ(running.api("/v1/files/sandbox-light/meta").status, 429);
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(running.api("/v1/images/sandbox-light?ids=1").status, 200);
  std::this_thread::sleep_for(900ms);
  EXPECT_EQ(running.api("/v1/files/sandbox-light/meta").status, 200);
  const auto stats = running.stats();
  EXPECT_EQ(stats.at("api").at("pauses"), 1);
  EXPECT_EQ(stats.at("api").at("requests_during_pause"), 1);
  EXPECT_EQ(stats.at("api").at("max_calls_in_window").at("total"), 3);
  EXPECT_EQ(stats.at("api").at("by_status").at("429"), 1);
}

TEST(SandboxStats, KnowHowManyRequestsAreInFlight) {
  Options options = small_options();
  options.api_latency.base = 150ms;
  const Running running(options);
  std::array<std::future<Fetched>, 5> calls;
  for (auto& call : calls) {
    call =
        std::async(std::launch::async, [&] { return running.api("/v1/files/sandbox-light/meta"); });
  }
  for (auto& call : calls) EXPECT_EQ(call.get().status, 200);
  EXPECT_EQ(running.stats().at("api").at("peak_concurrency"), 5);
  running.reset();
  running.api("/v1/files/sandbox-light/meta");
  EXPECT_EQ(running.stats().at("api").at("peak_concurrency"), 1);
}

}  // namespace
}  // namespace gantry::sandbox
