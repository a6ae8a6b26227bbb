// The client of component registries over real sockets, against the sandbox's GitHub.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/github/client.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/store/memory_store.hpp"

#include "testing/io_loop.hpp"
#include "testing/sandbox.hpp"

namespace gantry::testing {
namespace {

using github::Answer;
using github::Answers;
using ::testing::HasSubstr;

constexpr const char* kApiCalls = "api.requests";
constexpr const char* kNotModified = "api.by_status.304";
constexpr const char* kRawFiles = "cdn.requests";

// What one process knows, but for the store, which many share.
class OneProcess {
 public:
  OneProcess(const Sandbox& sandbox, store::Store* store, github::ClientOptions options)
      : admission_(loop_.get_executor(), clock_, std::chrono::minutes(15)) {
    const std::string& url = sandbox.base_url();
    options.api_url = url;
    options.raw_url = "http://127.0.0.2" + url.substr(url.rfind(':'));
    options.store = store;
    options.retry.max_retries = 0;
    for (const auto& pool : {options.api_pool, options.raw_pool}) {
      admission_.queue().set_pool(pool, 8, net::LaneOrder::kInTurn);
    }
    for (const auto& budget : {options.api_budget, options.raw_budget}) {
      admission_.queue().set_budget(budget, 10'000, std::chrono::seconds(60));
    }
    batch::Services services{loop_.get_executor(), clock_, scope_, admission_};
    client_ = std::make_unique<github::Client>(services, http_, std::move(options));
  }
  ~OneProcess() {
    run(loop_, client_->flush());
    scope_.cancel();
    loop_.restart();
    loop_.poll();
  }

  github::Client& client() { return *client_; }
  template <class T>
  T get(async::awaitable<T> task) {
    return run_for(loop_, std::move(task));
  }
  std::vector<std::string> names(const github::Registry& registry) {
    Answer list = get(client_->component_list(registry, {}));
    std::vector<std::string> names;
    const boost::json::value value = boost::json::parse(list.value());
    for (const auto& name : value.at("components").as_array()) names.emplace_back(name.as_string());
    return names;
  }

 private:
  boost::asio::io_context loop_{1};
  async::SystemClock clock_{loop_.get_executor()};
  net::Admission admission_;
  async::TaskScope scope_{loop_.get_executor()};
  net::CurlTransport transport_{loop_.get_executor(), clock_, net::EgressPolicy(), "gantry-test"};
  net::Client http_{transport_, admission_, net::EgressPolicy(), clock_, [](const std::string&) {},
                    1};
  std::unique_ptr<github::Client> client_;
};

class GitHubRegistries : public ::testing::Test {
 protected:
  void start(std::vector<std::string> flags) {
    sandbox_ = std::make_unique<Sandbox>(std::move(flags));
  }
  OneProcess process(github::Lifetimes lifetimes = {}, bool has_token = true) {
    github::ClientOptions options;
    options.lifetimes = lifetimes;
    if (has_token) options.token = Secret("ghp_test");
    return OneProcess(*sandbox_, &store_, std::move(options));
  }
  std::int64_t count(const char* path) const { return sandbox_->count(path); }
  static std::size_t good(const Answers& answers) {
    return static_cast<std::size_t>(std::count_if(
        answers.begin(), answers.end(), [](const Answer& answer) { return answer.ok(); }));
  }

  boost::asio::io_context loop_;
  async::SystemClock clock_{loop_.get_executor()};
  store::MemoryStore store_{clock_, 64 << 20};
  std::unique_ptr<Sandbox> sandbox_;
  const github::Registry& react_ = github::built_in_registries().front();
};

TEST_F(GitHubRegistries, AThousandCostTwelveCallsThenNoneThenOne) {
  start({"--github-components", "1000"});
  {
    OneProcess cold = process();
    auto names = cold.names(react_);
    ASSERT_EQ(names.size(), 1000U);
    EXPECT_EQ(good(cold.get(cold.client().sources(react_, names, {}))), 1000U);
    EXPECT_LE(count(kApiCalls), 12);
    EXPECT_EQ(count(kRawFiles), 0);
    EXPECT_EQ(good(cold.get(cold.client().metadata(react_, names, {}))), 1000U);
    EXPECT_LE(count(kApiCalls), 12);
    EXPECT_EQ(count(kRawFiles), 1) << "one registry file for all";
  }
  sandbox_->reset();
  {
    OneProcess warm = process();
    EXPECT_EQ(good(warm.get(warm.client().sources(react_, warm.names(react_), {}))), 1000U);
    EXPECT_EQ(count(kApiCalls) + count(kRawFiles), 0);
  }
  OneProcess late = process({.metadata = {}, .sources = {}, .lists = {}});
  const github::Registry& base = github::built_in_registries()[1];
  EXPECT_EQ(late.names(base).size(), 1000U) << "of the same repository";
  EXPECT_EQ(count(kApiCalls), 1);
  EXPECT_EQ(count(kNotModified), 1);
}

TEST_F(GitHubRegistries, HaveAllThatTheyShouldWhateverTheLayout) {
  start({"--github-components", "6"});
  OneProcess one = process();
  for (const github::Registry& registry : github::built_in_registries()) {
    SCOPED_TRACE(registry.framework);
    auto names = one.names(registry);
    EXPECT_EQ(names.size(), 6U);
    Answers sources = one.get(one.client().sources(registry, names, {}));
    EXPECT_EQ(good(sources), 6U);
    EXPECT_THAT(sources[0].value(), HasSubstr("// " + registry.framework + " alert-dialog\n"));
    EXPECT_EQ(good(one.get(one.client().metadata(registry, names, {}))), 6U);
    if (registry.demos.empty()) continue;
    EXPECT_EQ(good(one.get(one.client().demos(registry, names, {}))), 6U);
    Answers blocks = one.get(one.client().blocks(registry, {"login-01", "chart-area"}, true, {}));
    ASSERT_EQ(good(blocks), 2U);
    EXPECT_THAT(blocks[0].value(), HasSubstr("\"totalFiles\": 2"));
    EXPECT_THAT(blocks[1].value(), HasSubstr("\"type\": \"simple\""));
  }
}

TEST_F(GitHubRegistries, WithoutATokenFilesComeFromTheRawHost) {
  start({"--github-components", "40"});
  OneProcess one = process({}, false);
  EXPECT_EQ(good(one.get(one.client().sources(react_, one.names(react_), {}))), 40U);
  EXPECT_EQ(count(kApiCalls), 1);
  EXPECT_EQ(count(kRawFiles), 40);
  EXPECT_EQ(count("credentials_on_other_hosts"), 0);
}

TEST_F(GitHubRegistries, RefreshAsksOnceAndForgetsWhatHasChanged) {
  start({"--github-components", "30"});
  {
    OneProcess before = process();
    before.get(before.client().sources(react_, before.names(react_), {}));
    sandbox_->reset();
    EXPECT_THAT(before.get(before.client().refresh(react_, {})), HasSubstr("\"changed\": false"));
    EXPECT_EQ(count(kNotModified), 1);
    EXPECT_EQ(count(kApiCalls), 1);
  }
  start({"--github-components", "30", "--github-change", "3"});
  OneProcess after = process();
  EXPECT_THAT(after.get(after.client().refresh(react_, {})), HasSubstr("\"changed\": true"));
  Answers all = after.get(after.client().sources(react_, after.names(react_), {}));
  EXPECT_EQ(good(all), 30U);
  EXPECT_THAT(all[0].value(), HasSubstr("alert-dialog, second edition"));
  EXPECT_EQ(count(kApiCalls), 2) << "the tree, and what has changed in one call";
}

TEST_F(GitHubRegistries, AnExhaustedQuotaIsAnErrorWithItsResetTime) {
  start({"--github-quota", "1"});
  OneProcess one = process();
  one.names(react_);
  Answer other = one.get(one.client().component_list(github::built_in_registries()[2], {}));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kRateLimited);
  EXPECT_THAT(other.error().message(), HasSubstr("UTC"));
}

TEST_F(GitHubRegistries, ShortLimitsAreWaitedFor) {
  start({"--github-secondary-once", "1:1", "--github-raw-once", "1:1"});
  OneProcess one = process();
  EXPECT_EQ(good(one.get(one.client().sources(react_, {"button"}, {}))), 1U);
  EXPECT_EQ(count("api.by_status.403"), 1);
  EXPECT_EQ(count("cdn.by_status.429"), 1);
}

TEST_F(GitHubRegistries, WhatIsNotThereOrHostileIsAnError) {
  start({"--github-components", "5"});
  OneProcess one = process();
  Answers answers = one.get(one.client().sources(react_, {"button", "nope", "../evil"}, {}));
  EXPECT_TRUE(answers[0].ok());
  EXPECT_EQ(answers[1].error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(answers[2].error().code(), ErrorCode::kUsage);
  const std::pair<const char*, ErrorCode> cases[] = {
      {"none", ErrorCode::kNotFound},      {"dots", ErrorCode::kUnsafe},
      {"deep", ErrorCode::kTooLarge},      {"types", ErrorCode::kBadResponse},
      {"nested", ErrorCode::kBadResponse}, {"huge", ErrorCode::kTooLarge}};
  for (const auto& [branch, code] : cases) {
    SCOPED_TRACE(branch);
    Answer answer = one.get(one.client().directory({"sandbox", "hostile", branch}, "", {}));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), code) << answer.error().message();
  }
  github::Registry own{"own", {"sandbox", "hostile", "main"}, {"ui/{name}.tsx"}, {}, "", "", ""};
  Answers files = one.get(one.client().sources(own, {"huge", "small"}, {}));
  EXPECT_EQ(files[0].error().code(), ErrorCode::kTooLarge);
  EXPECT_TRUE(files[1].ok());
  for (const char* file : {"registry/nested.json", "registry/nested.ts"}) {
    own.framework = file + 16;
    own.metadata = file;
    EXPECT_FALSE(one.get(one.client().metadata(own, {"small"}, {})).front().ok()) << file;
  }
}

TEST_F(GitHubRegistries, ATruncatedTreeIsWalkedByItsSubTrees) {
  start({"--github-components", "30", "--github-tree-limit", "45"});
  OneProcess one = process();
  EXPECT_EQ(one.names(react_).size(), 30U);
  EXPECT_GT(count(kApiCalls), 2);
  EXPECT_LT(count(kApiCalls), 40);
}

}  // namespace
}  // namespace gantry::testing
