#include "gantry/net/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/async/task_scope.hpp"
#include "gantry/net/claims.hpp"

#include "testing/io_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::ScriptedTransport;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    admission_.queue().set_budget("tier1", 100, 60s);
    admission_.queue().set_pool("api", 8, LaneOrder::kInTurn);
    admission_.queue().set_pool("cdn", 8, LaneOrder::kEarliestJobFirst);
  }

  static HttpRequest request(std::string url = "https://api.example/v1/x") {
    HttpRequest wanted;
    wanted.url = std::move(url);
    wanted.credential = Credential{"X-Token", Secret("figd_secret"), "https://api.example"};
    return wanted;
  }
  static CallOptions api_call() {
    CallOptions options;
    options.ticket = {.budget = "tier1", .host = "api.example", .pool = "api"};
    return options;
  }
  static CallOptions download() {
    CallOptions options;
    options.ticket = {.budget = "", .host = "cdn.example", .pool = "cdn"};
    return options;
  }

  static async::awaitable<void> keep(async::awaitable<HttpResponse> call,
                                     std::optional<Outcome<HttpResponse>>& result) {
    try {
      HttpResponse response = co_await std::move(call);
      result.emplace(std::move(response));
    } catch (const Error& error) {
      result.emplace(tl::unexpected(error));
    }
  }

  // Runs under virtual time until the call has ended.
  Outcome<HttpResponse> send(HttpRequest wanted, CallOptions options) {
    std::optional<Outcome<HttpResponse>> result;
    async::TaskScope scope(loop_.get_executor());
    scope.spawn(keep(client_.send(std::move(wanted), std::move(options)), result));
    for (int i = 0; i < 1'000 && !result; ++i) {
      loop_.restart();
      loop_.poll();
      if (!result) clock_.advance_to_next();
    }
    loop_.restart();
    loop_.poll();
    return *result;
  }

  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  ScriptedTransport transport_{clock_};
  Admission admission_{loop_.get_executor(), clock_, 15min};
  std::vector<std::string> notes_;
  Client client_{transport_,
                 admission_,
                 EgressPolicy(),
                 clock_,
                 [this](const std::string& note) { notes_.push_back(note); },
                 1};
};

TEST_F(ClientTest, RetriesWhatPasses) {
  transport_.answers = {
      ScriptedTransport::answer(503),
      tl::unexpected(Error(ErrorCode::kNetwork, "reset").with(Retry::kSameRequest)),
      ScriptedTransport::answer(200, "ok")};
  auto outcome = send(request(), api_call());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->body.view(), "ok");
  EXPECT_EQ(transport_.requests.size(), 3u);
  EXPECT_EQ(client_.counts().retries, 2u);
}

TEST_F(ClientTest, HandsBackTheLastAnswerWhenTheRetriesAreUsedUp) {
  transport_.answers = {ScriptedTransport::answer(500, "sorry")};
  auto outcome = send(request(), api_call());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status, 500);
  EXPECT_EQ(transport_.requests.size(), 5u);
}

TEST_F(ClientTest, NeverRepeatsARefusal) {
  transport_.answers = {ScriptedTransport::answer(404)};
  EXPECT_EQ(send(request(), api_call())->status, 404);
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(ClientTest, APauseCostsNoRetryAndIsWaitedFor) {
  CallOptions options = api_call();
  options.retry.max_retries = 0;
  transport_.answers = {ScriptedTransport::answer(429, "", {{"Retry-After", "20"}}),
                        ScriptedTransport::answer(429, "", {{"Retry-After", "5"}}),
                        ScriptedTransport::answer(200)};
  EXPECT_EQ(send(request(), options)->status, 200);
  ASSERT_EQ(transport_.times.size(), 3u);
  EXPECT_GE(transport_.times[1] - transport_.times[0], 20s);
  EXPECT_GE(transport_.times[2] - transport_.times[1], 5s);
  EXPECT_EQ(client_.counts().pauses, 2u);
}

TEST_F(ClientTest, APauseBeyondMaxWaitEndsTheRunAndSaysWhy) {
  CallOptions options = api_call();
  options.describe_limit = [](const HttpResponse& response) {
    return "plan " + std::string(find_header(response.headers, "X-Figma-Plan-Tier"));
  };
  transport_.answers = {ScriptedTransport::answer(
      429, "", {{"Retry-After", "397777"}, {"X-Figma-Plan-Tier", "pro"}})};
  auto outcome = send(request(), options);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kRateLimited);
  EXPECT_EQ(outcome.error().scope(), Scope::kRun);
  EXPECT_THAT(outcome.error().message(), HasSubstr("plan pro"));
  EXPECT_THAT(outcome.error().message(), HasSubstr("UTC"));
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(ClientTest, ADownloadThatMeets429IsRetriedAloneAndPausesNobody) {
  transport_.answers = {ScriptedTransport::answer(429, "", {{"Retry-After", "3"}}),
                        ScriptedTransport::answer(200)};
  EXPECT_EQ(send(request("https://cdn.example/a"), download())->status, 200);
  EXPECT_GE(transport_.times[1] - transport_.times[0], 3s);
  EXPECT_EQ(admission_.pause_left("cdn.example"), async::Duration::zero());
}

TEST_F(ClientTest, ACheckThatFailsCountsAsAFailedAttempt) {
  CallOptions options = download();
  options.check = [](const HttpResponse& response) {
    if (response.body.view() != "good") {
      throw Error(ErrorCode::kBadResponse, "not what was asked for").with(Retry::kSameRequest);
    }
  };
  transport_.answers = {ScriptedTransport::answer(200, "<html>"),
                        ScriptedTransport::answer(200, "good")};
  EXPECT_EQ(send(request("https://cdn.example/a"), options)->body.view(), "good");
  transport_.answers = {ScriptedTransport::answer(200, "<html>")};
  EXPECT_EQ(send(request("https://cdn.example/a"), options).error().code(),
            ErrorCode::kBadResponse);
}

TEST_F(ClientTest, TheCredentialGoesToItsOwnOriginOnly) {
  transport_.answers = {
      ScriptedTransport::answer(302, "", {{"Location", "https://elsewhere.example/y"}}),
      ScriptedTransport::answer(200)};
  EXPECT_EQ(send(request(), api_call())->status, 200);
  ASSERT_EQ(transport_.requests.size(), 2u);
  EXPECT_TRUE(transport_.requests[0].credential);
  EXPECT_FALSE(transport_.requests[1].credential);
  transport_.answers = {ScriptedTransport::answer(200)};
  send(request("https://cdn.example/a"), download()).value();
  EXPECT_FALSE(transport_.requests[2].credential);
}

TEST_F(ClientTest, RefusesARedirectThatLeavesHttpsAndALoopOfThem) {
  transport_.answers = {ScriptedTransport::answer(302, "", {{"Location", "http://127.0.0.1/y"}})};
  EXPECT_EQ(send(request(), api_call()).error().code(), ErrorCode::kUnsafe);
  transport_.answers = {ScriptedTransport::answer(302, "", {{"Location", "/again"}})};
  EXPECT_EQ(send(request(), api_call()).error().code(), ErrorCode::kBadResponse);
}

TEST_F(ClientTest, CountsTheCallsOfEachLaneThatPays) {
  CallOptions options = api_call();
  options.ticket.lane = 3;
  transport_.answers = {ScriptedTransport::answer(503), ScriptedTransport::answer(200)};
  send(request(), options).value();
  CallOptions free = download();
  free.ticket.lane = 3;
  send(request("https://cdn.example/a"), free).value();
  EXPECT_EQ(client_.counts(3).api_calls, 2u) << "downloads have no budget";
  EXPECT_EQ(client_.counts(0).api_calls, 0u);
}

TEST_F(ClientTest, ARetryIsCarriedByWhoeverWantsItThen) {
  CallOptions options = api_call();
  auto claims = std::make_shared<Claims>();
  options.ticket.claims = claims;
  claims->add(5, TicketClass::kNormal);
  options.check = [claims](const HttpResponse& response) {
    if (response.body.view() == "good") return;
    claims->remove(5, TicketClass::kNormal);
    claims->add(6, TicketClass::kLow);
    throw Error(ErrorCode::kBadResponse, "not what was asked for").with(Retry::kSameRequest);
  };
  transport_.answers = {ScriptedTransport::answer(200, "bad"),
                        ScriptedTransport::answer(302, "", {{"Location", "/elsewhere"}}),
                        ScriptedTransport::answer(200, "good")};
  send(request(), options).value();
  EXPECT_EQ(client_.counts(5).api_calls, 1u);
  EXPECT_EQ(client_.counts(6).api_calls, 2u) << "a redirect within the host is another call";
  EXPECT_EQ(client_.counts(5).api_calls + client_.counts(6).api_calls, client_.counts().api_calls);
}

TEST_F(ClientTest, ACancelledCallSendsNothingMore) {
  transport_.answers = {ScriptedTransport::answer(503)};
  std::optional<Outcome<HttpResponse>> result;
  async::TaskScope scope(loop_.get_executor());
  scope.spawn(keep(client_.send(request(), api_call()), result));
  loop_.poll();
  scope.cancel();
  loop_.restart();
  loop_.poll();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(transport_.requests.size(), 1u);
  EXPECT_EQ(admission_.queue().slots_in_use("api"), 0);
}

}  // namespace
}  // namespace gantry::net
