// gantry components, as a user runs it, against the sandbox's GitHub.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;

#ifdef GANTRY_SANITIZED
constexpr bool kIsSanitizedProgram = true;
#else
constexpr bool kIsSanitizedProgram = false;
#endif

constexpr const char* kGitHubToken = "ghp_0123456789-never-to-be-seen";
constexpr const char* kApiCalls = "api.requests";
constexpr const char* kRawFiles = "cdn.requests";

// A workspace whose GitHub is the sandbox: the API on one address of it, raw files on another.
class Components {
 public:
  explicit Components(std::vector<std::string> flags, const char* token = kGitHubToken)
      : token_(token), workspace_("http://127.0.0.1:9") {
    start(std::move(flags));
  }

  void start(std::vector<std::string> flags) {
    sandbox_ = std::make_unique<Sandbox>(std::move(flags));
  }
  void stop() { sandbox_->stop(); }

  ProcessResult run(std::vector<std::string> arguments) const {
    std::string url = sandbox_->base_url();
    std::string port = url.substr(url.rfind(':'));
    Environment environment{{"GITHUB_API_URL", url},
                            {"GITHUB_RAW_URL", "http://127.0.0.2" + port},
                            {"FIGMA_PERSONAL_TOKEN", std::nullopt},
                            {"GITHUB_PERSONAL_ACCESS_TOKEN", std::nullopt},
                            {"GITHUB_TOKEN", std::nullopt}};
    if (token_ != nullptr) environment["GITHUB_TOKEN"] = token_;
    arguments.insert(arguments.begin(), "components");
    return workspace_.gantry(std::move(arguments), environment);
  }
  json::value json_of(std::vector<std::string> arguments, int code = 0) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const ProcessResult result = run(std::move(arguments));
    EXPECT_TRUE(exits(code, result));
    json::error_code failure;
    json::value value = json::parse(result.out, failure);
    EXPECT_FALSE(failure) << result.out;
    return value;
  }
  std::int64_t count(const char* path) const { return sandbox_->count(path); }
  std::int64_t not_modified() const { return count("api.by_status.304"); }
  Sandbox& sandbox() { return *sandbox_; }
  const Workspace& workspace() const { return workspace_; }

 private:
  const char* token_;
  std::unique_ptr<Sandbox> sandbox_;
  Workspace workspace_;
};

TEST(ComponentsCommand, AThousandCostTwelveCallsThenNoneThenOne) {
  Components components({"--github-components", "1000"});
  const json::value cold = components.json_of({"get", "--all"});
  ASSERT_EQ(cold.at("items").as_array().size(), 1000U);
  for (const json::value& item : cold.at("items").as_array()) {
    ASSERT_TRUE(item.as_object().contains("source")) << json::serialize(item);
  }
  EXPECT_LE(components.count(kApiCalls), 12);
  EXPECT_EQ(components.count(kRawFiles), 0);

  components.sandbox().reset();
  const json::value warm = components.json_of({"get", "--all"});
  EXPECT_EQ(warm, cold);
  EXPECT_EQ(components.count(kApiCalls), 0);

  // A lifetime that is over: one question, whose answer is that nothing has changed.
  const json::value late = components.json_of({"metadata", "--all", "--metadata-lifetime", "0"});
  EXPECT_EQ(late.at("items").as_array().size(), 1000U);
  EXPECT_EQ(components.not_modified(), 1);
  EXPECT_LE(components.count(kApiCalls) + components.count(kRawFiles), 2)
      << "and the registry file, for all of them";
  components.sandbox().reset();
  components.json_of({"metadata", "--all", "--metadata-lifetime", "0"});
  EXPECT_EQ(components.count(kApiCalls), 1) << "after its lifetime, unchanged";
  EXPECT_EQ(components.not_modified(), 1);
  EXPECT_EQ(components.count(kRawFiles), 0);
}

TEST(ComponentsCommand, RefreshAsksOnceAndForgetsOnlyWhatHasChanged) {
  Components components({"--github-components", "50"});
  components.json_of({"get", "--all"});
  components.sandbox().reset();
  EXPECT_FALSE(components.json_of({"refresh"}).at("changed").as_bool());
  EXPECT_EQ(components.count(kApiCalls), 1);
  EXPECT_EQ(components.not_modified(), 1);
  components.json_of({"get", "--all"});
  EXPECT_EQ(components.count(kApiCalls), 1);

  components.stop();
  components.start({"--github-components", "50", "--github-change", "3"});
  EXPECT_TRUE(components.json_of({"refresh"}).at("changed").as_bool());
  const json::value all = components.json_of({"get", "--all"});
  std::string text = json::serialize(all);
  EXPECT_THAT(text, HasSubstr("card, second edition"));
  EXPECT_EQ(components.count(kApiCalls), 2) << "the tree, and what has changed in one call";
}

TEST(ComponentsCommand, ReadsEveryRegistry) {
  Components components({"--github-components", "6"});
  for (const std::string framework : {"react", "react-base", "svelte", "vue", "react-native"}) {
    SCOPED_TRACE(framework);
    const std::vector<std::string> of = {"--framework", framework};
    auto with = [&of](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), of.begin(), of.end());
      return arguments;
    };
    const json::value list = components.json_of(with({"list"}));
    EXPECT_EQ(list.at("total").to_number<int>(), 6) << json::serialize(list);
    const ProcessResult source = components.run(with({"get", "Alert-Dialog"}));
    EXPECT_TRUE(exits(0, source));
    EXPECT_THAT(source.out, HasSubstr("// " + framework + " alert-dialog\n"));
    EXPECT_TRUE(exits(0, components.run(with({"get", "--all"}))));
    const json::value metadata = components.json_of(with({"metadata", "card"}));
    const json::value& card = metadata.at("items").at(0).at("value");
    EXPECT_EQ(card.at("name").as_string(), "card");
    EXPECT_EQ(card.at("registryDependencies").at(0).as_string(), "utils");
    const ProcessResult demo = components.run(with({"demo", "card"}));
    if (framework == "react-native") {
      EXPECT_TRUE(exits(1, demo));
      EXPECT_THAT(demo.err, HasSubstr("react-native has no demo of 'card'"));
      continue;
    }
    EXPECT_TRUE(exits(0, demo));
    const json::value blocks = components.json_of(with({"blocks"}));
    EXPECT_EQ(blocks.at("totalBlocks").to_number<int>(), 3);
    const json::value block = components.json_of(with({"blocks", "login-01", "chart-area"}));
    EXPECT_EQ(block.at("items").at(0).at("value").at("totalFiles").to_number<int>(), 2);
    EXPECT_EQ(block.at("items").at(0).at("value").at("componentsUsed").at(0).as_string(), "button");
    EXPECT_EQ(block.at("items").at(1).at("value").at("type").as_string(), "simple");
  }
}

TEST(ComponentsCommand, WithoutATokenFilesComeFromTheRawHost) {
  Components components({"--github-components", "40"}, nullptr);
  EXPECT_EQ(components.json_of({"get", "--all"}).at("items").as_array().size(), 40U);
  EXPECT_EQ(components.count(kApiCalls), 1);
  EXPECT_EQ(components.count(kRawFiles), 40);
}

TEST(ComponentsCommand, WhatIsNotThereIsAnErrorAndNeverASource) {
  Components components({"--github-components", "5"});
  const json::value answer = components.json_of({"get", "button", "nope", "../evil"}, 1);
  const json::array& items = answer.at("items").as_array();
  EXPECT_TRUE(items[0].as_object().contains("source"));
  EXPECT_EQ(items[1].at("error").at("code").as_string(), "not_found");
  EXPECT_EQ(items[2].at("error").at("code").as_string(), "usage");
  const ProcessResult missing = components.run({"tree", "--repository", "nobody/nothing"});
  EXPECT_TRUE(exits(1, missing));
  EXPECT_THAT(missing.err, HasSubstr("the tree of nobody/nothing@main: GitHub has no such thing"));
}

TEST(ComponentsCommand, AnExhaustedQuotaIsAnErrorWithItsResetTimeOrAnOldAnswer) {
  Components components({"--github-quota", "1"});
  const std::vector<std::string> old = {"list", "--list-lifetime", "0"};
  const std::string first = components.run(old).out;
  EXPECT_THAT(first, HasSubstr("button"));
  // 304 is free, but without a call left nothing is asked at all.
  const ProcessResult other = components.run({"list", "--framework", "svelte"});
  EXPECT_TRUE(exits(1, other));
  EXPECT_THAT(other.err, HasSubstr("UTC"));
  EXPECT_THAT(other.err, HasSubstr("all 1 calls of this hour are used up"));
  EXPECT_THAT(other.out, ::testing::IsEmpty());
}

TEST(ComponentsCommand, ASecondaryLimitIsWaitedFor) {
  Components components({"--github-secondary-once", "1:1", "--github-raw-once", "1:1"});
  const ProcessResult result = components.run({"get", "button"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_THAT(result.out, HasSubstr("// react button"));
  EXPECT_EQ(components.count("api.by_status.403"), 1);
  EXPECT_EQ(components.count("cdn.by_status.429"), 1);
  EXPECT_EQ(components.count(kApiCalls), 2);
}

TEST(ComponentsCommand, WhileGitHubIsDownOldAnswersAreMarkedAndOthersAreErrors) {
  Components components({"--github-components", "5"});
  components.json_of({"get", "button", "--source-lifetime", "1"});
  components.stop();
  components.start({"--github-components", "5", "--fault-5xx", "100", "--faults-per-address", "0"});
  const ProcessResult unknown =
      components.run({"get", "button", "--framework", "vue", "--max-retries", "0"});
  EXPECT_TRUE(exits(1, unknown));
  EXPECT_THAT(unknown.err, HasSubstr("try again later"));
  EXPECT_THAT(unknown.out, ::testing::IsEmpty());
  const json::value offline = components.json_of({"get", "button", "card", "--offline"}, 1);
  EXPECT_TRUE(offline.at("items").at(0).as_object().contains("source"));
  EXPECT_THAT(std::string(offline.at("items").at(1).at("error").at("message").as_string()),
              HasSubstr("the run is offline"));
}

TEST(ComponentsCommand, ATruncatedTreeIsWalkedByItsSubTrees) {
  Components whole({"--github-components", "30"});
  Components parts({"--github-components", "30", "--github-tree-limit", "45"});
  EXPECT_EQ(parts.run({"tree"}).out, whole.run({"tree"}).out);
  EXPECT_EQ(parts.json_of({"get", "--all"}).at("items").as_array().size(), 30U);
  EXPECT_GT(parts.count("api.by_endpoint.GET /repos/:owner/:repo/git/trees/:sha"), 2);
  EXPECT_LT(parts.count(kApiCalls), 40);
}

TEST(ComponentsCommand, HostileRepositoriesAreRefusedWithinBounds) {
  Components components({});
  const std::pair<const char*, const char*> cases[] = {{"dots", "which is no path in it"},
                                                       {"deep", "more than 64 folders deep"},
                                                       {"types", "'path' is no text"},
                                                       {"nested", "not JSON"},
                                                       {"huge", "33554432"}};
  for (const auto& [branch, message] : cases) {
    SCOPED_TRACE(branch);
    const ProcessResult result = components.run(
        {"tree", "--repository", std::string("sandbox/hostile@") + branch, "--max-retries", "0"});
    EXPECT_TRUE(exits(1, result));
    EXPECT_THAT(result.err, HasSubstr(message));
    if (!kIsSanitizedProgram) {
      EXPECT_LT(result.peak_memory, 200U << 20);
    }
  }
  write_text(components.workspace() / "own.json", R"({"registries": [
      {"framework": "json", "owner": "sandbox", "repo": "hostile", "components": ["ui/{name}.tsx"],
       "metadata": "registry/nested.json"},
      {"framework": "ts", "owner": "sandbox", "repo": "hostile", "components": ["ui/{name}.tsx"],
       "metadata": "registry/nested.ts"}]})");
  for (const std::string framework : {"json", "ts"}) {
    const ProcessResult result =
        components.run({"metadata", "small", "--registries", "own.json", "--framework", framework});
    EXPECT_TRUE(exits(1, result));
    EXPECT_THAT(result.err, HasSubstr("registry/nested"));
  }
  const ProcessResult huge =
      components.run({"get", "huge", "small", "--registries", "own.json", "--framework", "ts"});
  EXPECT_TRUE(exits(1, huge));
  EXPECT_THAT(huge.err, HasSubstr("ui/huge.tsx"));
  EXPECT_THAT(huge.out, HasSubstr("==> small <=="));
}

TEST(ComponentsCommand, TheTokenGoesToTheApiOnlyAndIsSeenNowhere) {
  Components components({"--github-components", "5"});
  const ProcessResult result = components.run({"get", "button", "-v"});
  EXPECT_TRUE(exits(0, result));
  EXPECT_EQ(components.count("credentials_on_other_hosts"), 0);
  EXPECT_THAT(result.out + result.err, Not(HasSubstr(kGitHubToken)));
  Components refused({}, "ghp_invalid");
  const ProcessResult wrong = refused.run({"list"});
  EXPECT_TRUE(exits(1, wrong));
  EXPECT_THAT(wrong.err, HasSubstr("check GITHUB_TOKEN"));
}

TEST(ComponentsCommand, RefusesWrongUse) {
  Components components({});
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"list", "--offline"}, "there is no cache"},
      {{"get"}, "give names of components"},
      {{"list", "--framework", "angular"}, "there is no 'angular'"},
      {{"tree", "../.."}, "is no path of a repository"},
      {{"tree", "--repository", "x"}, "is not OWNER/NAME"},
      {{"list", "--no-cache", "--offline"}, "--no-cache"}};
  for (const auto& [arguments, message] : cases) {
    const ProcessResult result = components.run(arguments);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr(message));
  }
}

}  // namespace
}  // namespace gantry::testing
