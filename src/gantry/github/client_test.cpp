#include "gantry/github/client.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/github/api.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/store/memory_store.hpp"

#include "testing/scripted_transport.hpp"
#include "testing/virtual_loop.hpp"

namespace gantry::github {
namespace {

using namespace std::chrono_literals;
using gantry::testing::ScriptedTransport;
using ::testing::HasSubstr;

constexpr const char* kSource = "export {}\n";

class GitHubClient : public ::testing::Test {
 protected:
  GitHubClient() {
    options_.token = Secret("ghp_test");
    options_.store = &store_;
    options_.retry.max_retries = 0;
    for (const char* pool : {"downloads", "github"}) {
      admission_.queue().set_pool(pool, 8, net::LaneOrder::kInTurn);
    }
    for (const char* budget : {"GitHub", "GitHub raw"}) {
      admission_.queue().set_budget(budget, 900, 60s);
    }
  }
  ~GitHubClient() override {
    scope_.cancel();
    loop_.settle();
  }

  Client& client() {
    if (client_ == nullptr) {
      batch::Services services{loop_.executor(), loop_.clock(), scope_, admission_};
      client_ = std::make_unique<Client>(services, http_, options_);
    }
    return *client_;
  }
  Answer source(const char* name) {
    return loop_.run_for(client().sources(built_in_registries().front(), {name}, {})).front();
  }
  void script(std::vector<net::HttpResponse> answers) {
    transport_.answers.assign(answers.begin(), answers.end());
    transport_.requests.clear();
  }
  static net::HttpResponse tree() {
    return ScriptedTransport::answer(
        200,
        fmt::format(
            R"({{"sha":"{0}","truncated":false,"tree":[{{"type":"blob","mode":"100644",)"
            R"("path":"apps/v4/registry/new-york-v4/ui/button.tsx","sha":"{0}","size":10}}]}})",
            blob_sha(kSource)),
        {{"ETag", "\"one\""}});
  }
  static net::HttpResponse answer(int status, std::string body = "",
                                  std::vector<net::Header> headers = {}) {
    return ScriptedTransport::answer(status, std::move(body), std::move(headers));
  }

  gantry::testing::VirtualLoop loop_;
  store::MemoryStore store_{loop_.clock(), 16 << 20};
  ScriptedTransport transport_{loop_.clock()};
  net::Admission admission_{loop_.executor(), loop_.clock(), 15min};
  async::TaskScope scope_{loop_.executor()};
  net::Client http_{
      transport_, admission_, net::EgressPolicy(), loop_.clock(), [](const std::string&) {}, 1};
  ClientOptions options_;
  std::unique_ptr<Client> client_;
};

TEST_F(GitHubClient, AsksNothingWithinTheLifetimeAndOneQuestionAfterIt) {
  script({tree(), answer(200, kSource)});
  EXPECT_EQ(source("button").value(), kSource);
  EXPECT_EQ(transport_.requests.size(), 2U);
  loop_.advance(23h);
  script({answer(500)});
  EXPECT_EQ(source("button").value(), kSource);
  EXPECT_EQ(transport_.requests.size(), 0U);
  loop_.advance(2h);
  script({answer(304)});
  Answer late = source("button");
  EXPECT_EQ(late.value(), kSource);
  EXPECT_FALSE(late.provenance().stale);
  ASSERT_EQ(transport_.requests.size(), 1U);
  EXPECT_EQ(net::find_header(transport_.requests[0].headers, "If-None-Match"), "\"one\"");
}

TEST_F(GitHubClient, GivesAnOldAnswerAndSaysSoWhereGitHubCannotBeAsked) {
  script({tree(), answer(200, kSource)});
  source("button");
  loop_.advance(25h);
  script({answer(503)});
  Answer old = source("button");
  EXPECT_EQ(old.value(), kSource);
  EXPECT_TRUE(old.provenance().stale);
  loop_.advance(1h);
  script({answer(403, R"({"message":"API rate limit exceeded"})", {{"Retry-After", "7200"}})});
  EXPECT_TRUE(source("button").provenance().stale);
  Answer other = source("card");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kRateLimited);
  EXPECT_THAT(other.error().message(), HasSubstr("UTC"));
  EXPECT_EQ(transport_.requests.size(), 1U) << "nothing is asked while the limit lasts";
}

TEST_F(GitHubClient, TakesNoBytesThatTheTreeDoesNotName) {
  script({tree(), answer(200, "<html>"), answer(200, "forged")});
  Answer forged = source("button");
  ASSERT_FALSE(forged.ok());
  EXPECT_EQ(forged.error().code(), ErrorCode::kBadResponse);
  script({answer(200, "newer"), answer(200, kSource)});
  EXPECT_EQ(source("button").value(), kSource) << "from the API where the raw host differs";
}

TEST_F(GitHubClient, A404OfTheRawHostIsAnError) {
  script({tree(), answer(404, "404: Not Found")});
  Answer missing = source("button");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
}

TEST(GitHubLimits, AreReadFromTheHeadersOfARefusal) {
  const async::WallTime now{std::chrono::seconds(1'000'000)};
  auto pause = [now](int status, std::vector<net::Header> headers, std::string body, int pauses) {
    return asked_pause(ScriptedTransport::answer(status, std::move(body), std::move(headers)), now,
                       pauses);
  };
  const net::Header none{"x-ratelimit-remaining", "0"};
  const net::Header reset{"x-ratelimit-reset", "1000030"};
  EXPECT_EQ(pause(403, {none, reset}, "", 0), 31s) << "the primary limit";
  EXPECT_EQ(pause(429, {none, reset, {"Retry-After", "7"}}, "", 0), 7s) << "a secondary one";
  EXPECT_EQ(pause(403, {}, R"({"message":"You have exceeded a secondary rate limit"})", 0), 1min);
  EXPECT_EQ(pause(429, {}, "", 2), 4min);
  EXPECT_EQ(pause(429, {}, "", 20), 1h);
  EXPECT_EQ(pause(403, {}, R"({"message":"Resource not accessible"})", 0), std::nullopt);
  EXPECT_EQ(pause(200, {none, reset}, "{}", 0), std::nullopt) << "the last call that is allowed";
  EXPECT_EQ(pause(200, {none, reset}, R"({"errors":[{"type":"RATE_LIMITED"}]})", 0), 31s);
  EXPECT_EQ(pause(403, {none, {"x-ratelimit-reset", "99999999999999"}}, "", 0), 24h);
}

}  // namespace
}  // namespace gantry::github
