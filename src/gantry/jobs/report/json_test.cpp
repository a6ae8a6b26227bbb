#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/jobs/report/report.hpp"

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

JobResult good_job() {
  KindResult icons{.kind = "icons", .exported = 3};
  icons.changes = {.added = {"out/a.svg"},
                   .changed = {"out/b.svg"},
                   .removed = {"out/old.svg"},
                   .unchanged = {"out/c.svg", "out/index.ts"},
                   .kept = {{"out/mine.svg", "its bytes were changed after the export"}}};
  KindResult images{.kind = "images", .exported = 2, .skipped = true};
  return {.name = "web.yaml",
          .path = "configs/web.yaml",
          .kinds = {icons, images},
          .error = {},
          .duration = milliseconds(1250),
          .phases = {{"listing", {milliseconds(0), milliseconds(250)}},
                     {"writing", {milliseconds(1000), milliseconds(1250)}}},
          .costs = {.calls_paid = 4,
                    .calls_shared = 1,
                    .retries = 1,
                    .downloads = 3,
                    .bytes = 9000,
                    .cache_hits = 2}};
}

JobResult job_with_failures() {
  KindResult icons{.kind = "icons"};
  icons.failures = {{"ic/\"24\"", "KEY", Error(ErrorCode::kServer, "no drawing").with_status(503)},
                    {"", "", Error(ErrorCode::kUnsafe, "</script>\x01\xff")}};
  return {.name = "bad.yaml", .path = "configs/bad.yaml", .kinds = {icons}};
}

RunReport sample() {
  RunReport report;
  report.version = "0.1.0";
  report.started = async::WallTime(std::chrono::seconds(1'700'000'000) + milliseconds(999));
  report.duration = milliseconds(12'340);
  report.api_calls = 7;
  report.retries = 1;
  report.downloads = 3;
  report.conversions_saved = 6;
  report.bytes = 123'456;
  report.waits = {{{milliseconds(2000), milliseconds(5500)}, true},
                  {{milliseconds(6000), milliseconds(7000)}, false}};
  JobResult broken{.name = "no.yaml", .path = "no.yaml"};
  broken.error = Error(ErrorCode::kUnauthorized, "the token is refused").with_status(401);
  report.jobs = {good_job(), job_with_failures(), broken};
  return report;
}

TEST(ReportJson, IsAsTheGoldenFileSays) {
  EXPECT_TRUE(testing::matches_golden("src/gantry/jobs/report/golden.json", to_json(sample())));
}

TEST(ReportJson, HasTheFieldsAndTypesThatReadersOfExFigKnow) {
  const json::object report = json::parse(to_json(sample())).as_object();
  EXPECT_EQ(report.at("startTime").as_string(), "2023-11-14T22:13:20Z");
  EXPECT_EQ(report.at("endTime").as_string(), "2023-11-14T22:13:33Z");
  EXPECT_DOUBLE_EQ(report.at("duration").to_number<double>(), 12.34);
  EXPECT_EQ(report.at("totalConfigs").as_int64(), 3);
  EXPECT_EQ(report.at("successCount").as_int64(), 1);
  EXPECT_EQ(report.at("failureCount").as_int64(), 2);
  const json::object& good = report.at("results").at(0).as_object();
  EXPECT_TRUE(good.at("success").as_bool());
  EXPECT_FALSE(good.contains("error"));
  EXPECT_EQ(good.at("stats"), json::parse(R"({"colors":0,"icons":3,"images":2,"typography":0})"));
  const json::object& bad = report.at("results").at(1).as_object();
  EXPECT_FALSE(bad.at("success").as_bool());
  EXPECT_EQ(bad.at("error").as_string(), "2 failures; the first: no drawing");
}

TEST(ReportJson, SaysWhatEndedTheRun) {
  RunReport report = sample();
  EXPECT_TRUE(json::parse(to_json(report)).at("interrupted").is_null());
  report.interrupted = "SIGINT";
  report.dry_run = true;
  const json::value value = json::parse(to_json(report));
  EXPECT_EQ(value.at("interrupted").as_string(), "SIGINT");
  EXPECT_TRUE(value.at("dryRun").as_bool());
}

TEST(ReportJson, StaysJsonWhateverTheNames) {
  RunReport report;
  for (const char* name : {"\xff\xfe", "a\"b\\c\n\t\x01", "\xed\xa0\x80", "\xe2\x80\xa8", ""}) {
    report.jobs.push_back({.name = name, .path = name});
  }
  const json::value value = json::parse(to_json(report));
  const json::array& results = value.at("results").as_array();
  EXPECT_THAT(results[0].at("name").as_string().c_str(), HasSubstr("\xef\xbf\xbd"));
  EXPECT_EQ(results[1].at("name").as_string(), "a\"b\\c\n\t\x01");
}

}  // namespace
}  // namespace gantry::jobs
