#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/sandbox/test_client.hpp"

namespace gantry::sandbox {
namespace {

using ::testing::HasSubstr;

TEST(SandboxApi, GivesMetaFlatOrWrappedOrNotAtAll) {
  Options options = small_options();
  options.design.version = "42";
  EXPECT_EQ(Running(options).api("/v1/files/sandbox-light/meta").json().at("version"), "42");
  options.api.meta = MetaForm::kWrapped;
  EXPECT_EQ(Running(options).api("/v1/files/sandbox-light/meta").json().at("file").at("version"),
            "42");
  options.api.meta = MetaForm::kForbidden;
  const Running running(options);
  const auto forbidden = running.api("/v1/files/sandbox-light/meta");
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_THAT(forbidden.body, HasSubstr("Invalid scope(s): "));
  EXPECT_EQ(running.api("/v1/files/sandbox-light?depth=1").json().at("version"), "42");
}

TEST(SandboxApi, ListsWhatIsPublished) {
  const Running running(small_options());
  const auto components = running.api("/v1/files/sandbox-light/components").json();
  const auto& items = components.at("meta").at("components").as_array();
  ASSERT_EQ(items.size(), 50U);
  EXPECT_EQ(items[0].at("containing_frame").at("name"), "Icons");
  EXPECT_EQ(items[0].at("containing_frame").as_object().count("containingComponentSet"), 0U);
  const auto sets = running.api("/v1/files/sandbox-light/component_sets").json();
  const auto& set = sets.at("meta").at("component_sets").at(0);
  EXPECT_EQ(items[49].at("containing_frame").at("containingComponentSet").at("nodeId"),
            set.at("node_id"));
  const auto styles = running.api("/v1/files/sandbox-light/styles").json();
  EXPECT_EQ(styles.at("meta").at("styles").at(0).at("name"), "background/primary");
}

TEST(SandboxApi, ShowsTheTreeToADepth) {
  const Running running(small_options());
  const auto pages = running.api("/v1/files/sandbox-light?depth=1").json();
  const auto& canvases = pages.at("document").at("children").as_array();
  ASSERT_EQ(canvases.size(), 3U);
  EXPECT_TRUE(canvases[0].at("children").as_array().empty());
  const auto frames = running.api("/v1/files/sandbox-light?depth=2").json();
  EXPECT_EQ(frames.at("document").at("children").at(0).at("children").at(0).at("name"), "Icons");
  const auto all = running.api("/v1/files/sandbox-light").json();
  EXPECT_EQ(all.at("components").as_object().size(), 50U);
  EXPECT_EQ(running.api("/v1/files/sandbox-light?depth=0").status, 400);
}

TEST(SandboxApi, GivesNodesAndNullForOthers) {
  const Running running(small_options());
  const auto nodes = running.api("/v1/files/sandbox-light/nodes?ids=10:100,1:2,99:99").json();
  EXPECT_EQ(nodes.at("nodes").at("10:100").at("document").at("type"), "COMPONENT");
  EXPECT_EQ(nodes.at("nodes").at("1:2").at("document").at("type"), "FRAME");
  EXPECT_TRUE(nodes.at("nodes").at("99:99").is_null());
  EXPECT_EQ(running.api("/v1/files/sandbox-light/nodes").status, 400);
}

TEST(SandboxApi, AnswersForEachImageThatWasAskedFor) {
  Options options = small_options();
  options.api.null_every = 3;
  const Running running(options);
  const auto answer =
      running.api("/v1/images/sandbox-light?ids=10:100,10:101,10:102,no:no&format=svg").json();
  const auto& images = answer.at("images").as_object();
  EXPECT_TRUE(answer.at("err").is_null());
  EXPECT_EQ(images.size(), 4U);
  EXPECT_TRUE(images.at("10:100").is_string());
  EXPECT_TRUE(images.at("10:102").is_null());
  EXPECT_TRUE(images.at("no:no").is_null());
}

TEST(SandboxApi, RefusesImageCallsAsFigmaDoes) {
  Options options = small_options();
  options.api.max_ids = 4;
  options.api.render_timeout_above = 2;
  const Running running(options);
  const std::string base = "/v1/images/sandbox-light";
  const auto too_many = running.api(base + "?ids=1,2,3,4,5");
  EXPECT_EQ(too_many.status, 413);
  EXPECT_EQ(too_many.headers.at("content-type"), "text/html");
  const auto timeout = running.api(base + "?ids=1,2,3");
  EXPECT_EQ(timeout.status, 400);
  EXPECT_EQ(timeout.json().at("err"), "Render timeout, try requesting fewer or smaller images");
  EXPECT_EQ(running.api(base + "?ids=1,2").status, 200);
  EXPECT_EQ(running.api(base).status, 400);
  EXPECT_EQ(running.api(base + "?ids=1&format=gif").status, 400);
  EXPECT_EQ(running.api(base + "?ids=1&scale=5").status, 400);
}

TEST(SandboxApi, HasBothShapesOfErrors) {
  const Running running(small_options());
  EXPECT_EQ(running.api("/v1/files/none/meta").body, R"({"status":404,"err":"Not found"})");
  EXPECT_EQ(running.api("/v1/files/none/components").body,
            R"({"error":true,"status":404,"message":"Not found"})");
  EXPECT_EQ(running.api("/v1/teams").status, 404);
  EXPECT_EQ(running.api("/").body, R"({"status":404,"err":"Not found"})");
}

TEST(SandboxApi, WantsAToken) {
  const Running running(small_options());
  const auto url = running.url("/v1/files/sandbox-light/meta");
  EXPECT_EQ(fetch(url).status, 403);
  EXPECT_EQ(fetch(url, {"X-Figma-Token: figd_invalid"}).body,
            R"({"status":403,"err":"Invalid token"})");
  EXPECT_EQ(fetch(url, {"X-Figma-Token: figd_good"}).status, 200);
}

TEST(SandboxApi, LetsATokenDieInMidRun) {
  Options options = small_options();
  options.unauthorized_after = 2;
  const Running first(options);
  options.unauthorized_after = 0;
  options.token_valid_until = 1;
  const Running second(options);
  const auto statuses = [](const Running& running) {
    std::vector<long> all;
    all.reserve(3);
    for (int i = 0; i < 3; ++i) all.push_back(running.api("/v1/files/sandbox-dark/meta").status);
    return all;
  };
  EXPECT_EQ(statuses(first), (std::vector<long>{200, 200, 401}));
  EXPECT_EQ(statuses(second), (std::vector<long>{200, 403, 403}));
}

TEST(SandboxApi, TakesItsTime) {
  Options options = small_options();
  options.api_latency = {std::chrono::milliseconds(60), std::chrono::milliseconds(10)};
  options.render_delay = std::chrono::milliseconds(100);
  const Running running(options);
  const auto time = [&](const std::string& target) {
    const auto start = Clock::now();
    running.api(target);
    return Clock::now() - start;
  };
  EXPECT_GE(time("/v1/files/sandbox-light/meta"), std::chrono::milliseconds(50));
  EXPECT_GE(time("/v1/images/sandbox-light?ids=1"), std::chrono::milliseconds(150));
}

TEST(SandboxApi, LogsRequestsWithoutTheirSecrets) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "gantry-sandbox-requests.jsonl";
  std::filesystem::remove(path);
  Options options = small_options();
  options.request_log = path;
  Running(options).api("/v1/files/sandbox-light/meta?x=1");
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, HasSubstr(R"("target":"/v1/files/sandbox-light/meta?x=1")"));
  EXPECT_THAT(line, HasSubstr("X-Figma-Token"));
  EXPECT_THAT(line, Not(HasSubstr("figd_test")));
  std::filesystem::remove(path);
}

TEST(SandboxApi, GivesTheSameAnswersToTheSameOptions) {
  const Running first(small_options());
  const Running second(small_options());
  for (const auto* target :
       {"/v1/files/sandbox-single", "/v1/files/sandbox-dark/components",
        "/v1/files/sandbox-dark/component_sets", "/v1/files/sandbox-light/nodes?ids=10:100,4:100",
        "/v1/files/sandbox-dark/styles", "/v1/files/sandbox-dark/variables/local"}) {
    EXPECT_EQ(first.api(target).body, second.api(target).body) << target;
  }
  const auto node = "10:107";
  EXPECT_EQ(fetch(first.image("sandbox-light", node)).body,
            fetch(second.image("sandbox-light", node)).body);
}

}  // namespace
}  // namespace gantry::sandbox
