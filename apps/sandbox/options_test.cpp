#include "apps/sandbox/options.hpp"

#include <gtest/gtest.h>

namespace gantry::sandbox {
namespace {

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "gantry-sandbox");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(SandboxOptions, ReadsItsKnobs) {
  const auto line =
      parse({"--port",         "81",  "--icons",         "7",   "--api-latency", "150:50",
             "--cdn-latency",  "20",  "--limit-once",    "3:9", "--limit-once",  "5",
             "--fault-5xx",    "2.5", "--fault-target",  "cdn", "--meta",        "wrapped",
             "--seed",         "4",   "--tier3",         "50",  "--retry-after", "2",
             "--url-lifetime", "30",  "--colors",        "9",   "--variables",   "forbidden",
             "--text-styles",  "8",   "--change-colors", "7"});
  ASSERT_EQ(line.exit_code, -1);
  const auto& options = line.options;
  EXPECT_EQ(options.port, 81);
  EXPECT_EQ(options.design.icons, 7);
  EXPECT_EQ(options.api_latency.base.count(), 150);
  EXPECT_EQ(options.api_latency.spread.count(), 50);
  EXPECT_EQ(options.cdn_latency.base.count(), 20);
  EXPECT_EQ(options.cdn_latency.spread.count(), 0);
  EXPECT_EQ(options.limits.once, (std::map<std::uint64_t, int>{{3, 9}, {5, 1}}));
  EXPECT_EQ(options.limits.per_tier[2], 50);
  EXPECT_EQ(options.limits.retry_after, 2);
  EXPECT_EQ(options.faults.percent[static_cast<std::size_t>(Fault::kServerError)], 2.5);
  EXPECT_EQ(options.faults.target, FaultTarget::kCdn);
  EXPECT_EQ(options.faults.seed, 4U);
  EXPECT_EQ(options.design.seed, 4U);
  EXPECT_EQ(options.api.meta, MetaForm::kWrapped);
  EXPECT_EQ(options.url_lifetime.count(), 30);
  EXPECT_EQ(options.design.tokens.colors, 9);
  EXPECT_EQ(options.design.tokens.text_styles, 8);
  EXPECT_EQ(options.design.tokens.changed, 7);
  EXPECT_TRUE(options.api.forbid_variables);
}

TEST(SandboxOptions, RefusesWhatItCannotUse) {
  const std::vector<std::vector<const char*>> wrong = {
      {"--icons", "-1"},         {"--api-latency", "x"}, {"--api-latency", "1:y"},
      {"--fault-5xx", "101"},    {"--meta", "other"},    {"--unknown"},
      {"--components", "/none"}, {"--limit-once", "-1"}, {"--threads", "0"},
      {"--variables", "all"}};
  for (const auto& arguments : wrong) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(parse(arguments).exit_code, 2) << arguments[0];
    ::testing::internal::GetCapturedStderr();
  }
}

}  // namespace
}  // namespace gantry::sandbox
