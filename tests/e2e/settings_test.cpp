// `gantry config show`, and that a run takes its settings from where it says.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace json = boost::json;

// Nothing listens there: it asks nobody.
constexpr const char* kNowhere = "http://127.0.0.1:9";

class ConfigShow : public ::testing::Test {
 protected:
  void write_config(const std::string& more) {
    workspace_.add_web_config("web.yaml");
    write_text(workspace_ / "web.yaml", read_text(workspace_ / "web.yaml") + more);
  }
  ProcessResult show(std::vector<std::string> more = {}, const Environment& changes = {}) const {
    more.insert(more.begin(), {"config", "show", "-i", "web.yaml"});
    return workspace_.gantry(std::move(more), changes);
  }
  // "5 from flag --rate-limit"
  std::string effective(const std::string& key, std::vector<std::string> more = {},
                        const Environment& changes = {}) const {
    more.emplace_back("--json");
    const ProcessResult result = show(std::move(more), changes);
    EXPECT_TRUE(exits(0, result));
    if (result.exit_code != 0) return {};
    const json::object all = json::parse(result.out).as_object();
    const json::object& setting = all.at(key).as_object();
    return json::serialize(setting.at("value")) + " from " +
           std::string(setting.at("source").as_string());
  }

  Workspace workspace_{kNowhere};
};

TEST_F(ConfigShow, AFlagBeatsAVariableWhichBeatsTheConfigurationWhichBeatsTheDefault) {
  write_config("gantry:\n  parallel: 7\n  rateLimit: 12\n");
  EXPECT_EQ(effective("maxRetries"), "4 from default");
  EXPECT_EQ(effective("parallel"), "7 from web.yaml:10:3");
  EXPECT_EQ(effective("parallel", {}, {{"GANTRY_PARALLEL", "5"}}), "5 from GANTRY_PARALLEL");
  EXPECT_EQ(effective("parallel", {"--parallel", "5"}, {{"GANTRY_PARALLEL", "5"}}),
            "5 from flag --parallel");
  EXPECT_EQ(effective("rateLimit"), "12 from web.yaml:11:3");
  EXPECT_EQ(effective("rateLimit", {"--rate-limit", "5"}), "5 from flag --rate-limit");
}

TEST_F(ConfigShow, TheTimeoutIsTheFlagsOrTheConfigurationsOrThirtySeconds) {
  write_config("");
  EXPECT_EQ(effective("timeout"), "30 from default");
  std::string text = read_text(workspace_ / "web.yaml");
  text.replace(text.find("figma:\n"), 7, "figma:\n  timeout: 2.5\n");
  write_text(workspace_ / "web.yaml", text);
  EXPECT_EQ(effective("timeout"), "2.5E0 from web.yaml:2:3");
  write_text(workspace_ / "web.yaml", text + "gantry: {timeout: 9}\n");
  EXPECT_EQ(effective("timeout"), "9 from web.yaml:10:10");
  EXPECT_EQ(effective("timeout", {"--timeout", "20"}), "20 from flag --timeout");
}

struct Setting {
  const char* key;
  const char* line;  // of the configuration
  const char* in_configuration;
  const char* variable;
  const char* text;  // of the variable
  const char* by_variable;
};

// For the message of a failing case. NOLINTNEXTLINE: the name is that of googletest
void PrintTo(const Setting& setting, std::ostream* stream) { *stream << setting.key; }

class EverySetting : public ConfigShow, public ::testing::WithParamInterface<Setting> {};

TEST_P(EverySetting, MayStandInTheConfigurationAndInAVariable) {
  const Setting& setting = GetParam();
  write_config(std::string("gantry:\n  ") + setting.line + "\n");
  EXPECT_EQ(effective(setting.key), std::string(setting.in_configuration) + " from web.yaml:10:3");
  EXPECT_EQ(effective(setting.key, {}, {{setting.variable, setting.text}}),
            std::string(setting.by_variable) + " from " + setting.variable);
}

INSTANTIATE_TEST_SUITE_P(
    Of, EverySetting,
    ::testing::Values(
        Setting{"parallel", "parallel: 2", "2", "GANTRY_PARALLEL", "9", "9"},
        Setting{"concurrentDownloads", "concurrentDownloads: 2", "2", "GANTRY_CONCURRENT_DOWNLOADS",
                "9", "9"},
        Setting{"plan", "plan: view", "\"view\"", "GANTRY_PLAN", "enterprise", "\"enterprise\""},
        Setting{"rateLimit", "rateLimit: 2", "2", "GANTRY_RATE_LIMIT", "9", "9"},
        Setting{"maxWait", "maxWait: 2", "2", "GANTRY_MAX_WAIT", "9", "9"},
        Setting{"maxRetries", "maxRetries: 2", "2", "GANTRY_MAX_RETRIES", "9", "9"},
        Setting{"timeout", "timeout: 2", "2", "GANTRY_TIMEOUT", "9", "9"},
        Setting{"failFast", "failFast: true", "true", "GANTRY_FAIL_FAST", "false", "false"},
        Setting{"onConflict", "onConflict: abort", "\"abort\"", "GANTRY_ON_CONFLICT", "continue",
                "\"continue\""},
        Setting{"report", "report: a.json", "\"a.json\"", "GANTRY_REPORT", "b.json", "\"b.json\""},
        Setting{"reportHtml", "reportHtml: a.html", "\"a.html\"", "GANTRY_REPORT_HTML", "b.html",
                "\"b.html\""},
        Setting{"cache", "cache: true", "true", "GANTRY_CACHE", "false", "false"},
        Setting{"granularCache", "granularCache: true\n  cache: true", "true",
                "GANTRY_GRANULAR_CACHE", "false", "false"},
        Setting{"cachePath", "cachePath: a.db", "\"a.db\"", "GANTRY_CACHE_PATH", "b.db",
                "\"b.db\""},
        Setting{"offline", "offline: true", "true", "GANTRY_OFFLINE", "false", "false"}),
    [](const auto& info) { return std::string(info.param.key); });

TEST_F(ConfigShow, TheCacheIsOnForWhicheverReason) {
  write_config("common: {cache: {enabled: true}}\n");
  EXPECT_EQ(effective("cache"), "true from web.yaml:9:18");
  EXPECT_EQ(effective("cache", {}, {{"GANTRY_CACHE", "0"}}), "false from GANTRY_CACHE");
  EXPECT_EQ(effective("cache", {"--cache"}), "true from flag --cache");
  EXPECT_EQ(effective("cache", {"--no-cache"}, {{"GANTRY_CACHE", "1"}}),
            "false from flag --no-cache");
  EXPECT_EQ(effective("cache", {"--offline"}), "true from flag --offline");
}

TEST_F(ConfigShow, IsATableThatNeverShowsTheToken) {
  write_config("");
  const ProcessResult result = show();
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, HasSubstr("\nmaxRetries           4"));
  EXPECT_THAT(result.out, HasSubstr("set (figd_012…)"));
  EXPECT_THAT(result.out, Not(HasSubstr(kToken)));
  EXPECT_THAT(effective("token", {}, {{"FIGMA_PERSONAL_TOKEN", ""}}), "\"not set\" from default");
}

TEST_F(ConfigShow, AWrongConfigurationIsExitCode2WithItsPlace) {
  write_config("gantry:\n  parallel: 0\n");
  const ProcessResult wrong = show();
  EXPECT_TRUE(exits(2, wrong));
  EXPECT_THAT(wrong.err, HasSubstr("web.yaml:10:"));
  EXPECT_THAT(wrong.out, IsEmpty());
  EXPECT_TRUE(exits(2, workspace_.gantry({"config", "show", "-i", "missing.yaml"})));
  EXPECT_TRUE(exits(2, show({"--parallel", "many"})));
}

TEST_F(ConfigShow, WithoutAConfigurationItShowsFlagsVariablesAndDefaults) {
  const ProcessResult result = workspace_.gantry({"config", "show", "--parallel", "2"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, HasSubstr("flag --parallel"));
}

TEST(Settings, OfAConfigurationHoldForARun) {
  const Sandbox sandbox({"--icons", "10"});
  Workspace workspace(sandbox.base_url());
  for (const char* name : {"configs/a.yaml", "configs/b.yaml"}) {
    workspace.add_web_config(name);
    write_text(workspace / name,
               read_text(workspace / name) +
                   "gantry:\n  onConflict: continue\n  report: r.json\n  cache: true\n"
                   "  cachePath: kept.db\n  rateLimit: 100000\n");
  }
  EXPECT_TRUE(exits(0, workspace.gantry({"batch", "configs"})));
  EXPECT_TRUE(std::filesystem::exists(workspace / "r.json"));
  EXPECT_TRUE(std::filesystem::exists(workspace / "kept.db"));
  EXPECT_TRUE(
      exits(3, workspace.gantry({"batch", "configs", "--force", "--on-conflict", "abort"})));
  EXPECT_TRUE(exits(0, workspace.gantry({"batch", "configs/a.yaml", "--no-cache"},
                                        {{"GANTRY_CACHE", "1"}, {"GANTRY_REPORT", "other.json"}})));
  EXPECT_TRUE(std::filesystem::exists(workspace / "other.json"));
}

}  // namespace
}  // namespace gantry::testing
