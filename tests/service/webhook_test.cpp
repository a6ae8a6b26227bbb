// The webhooks of gantry serve, with a receiver on loopback.
#include "gantry/service/webhook.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/server.hpp"
#include "tests/service/webhook_receiver.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class ServeWebhook : public ::testing::Test {
 protected:
  explicit ServeWebhook(std::vector<std::string> flags = {})
      : server_({"--arke-entities", "50"}, std::move(flags)) {}

  HttpAnswer submit(const std::string& webhook, int count = 2) const {
    return server_.post("/export/mods/batch",
                        fmt::format(R"({{"pis":{},"webhook":{}}})", pis_of(1, count), webhook));
  }
  // The id of a batch that tells this of its end.
  std::string submit_for(const std::string& url, const std::string& events = "") const {
    const std::string list = events.empty() ? "" : ",\"events\":" + events;
    const HttpAnswer answer = submit(fmt::format(R"({{"url":"{}"{}}})", url, list));
    if (answer.status != 202) throw std::runtime_error("not accepted: " + answer.body);
    return std::string(json::parse(answer.body).at("batch_id").as_string());
  }
  // What the batch says of its webhook once nothing of it is pending.
  json::object settled(const std::string& batch) const {
    for (int look = 0; look < 1200; ++look) {
      const json::value status = json::parse(server_.get("/status/batch/" + batch).body);
      const json::object& webhook = status.at("webhook").as_object();
      const bool is_over = status.as_object().contains("completed_at");
      if (is_over && webhook.at("pending").as_int64() == 0) return webhook;
      // Deliveries go on after the batch has ended; only its status tells of them.
      std::this_thread::sleep_for(50ms);
    }
    throw std::runtime_error("the webhook of " + batch + " is not settled");
  }
  bool is_signed(const httpd::Request& request, const std::string& owner = "default") const {
    const fs::path secret = server_.workspace() / ("data/webhook-secrets/" + owner);
    const std::int64_t timestamp = std::stoll(std::string(*request.header("webhook-timestamp")));
    return *request.header("webhook-signature") ==
           service::webhook_signature(Secret(read_text(secret)), *request.header("webhook-id"),
                                      timestamp, request.body);
  }

  Server server_;
  WebhookReceiver receiver_;
};

TEST_F(ServeWebhook, TellsOfTheEndOfABatchOnceAndSigned) {
  const std::string batch = submit_for(receiver_.url("/hook?token=t0p"));
  const httpd::Request request = receiver_.wait_for(1).at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook?token=t0p");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_TRUE(is_signed(request));
  const json::value body = json::parse(request.body);
  EXPECT_EQ(body.at("type").as_string(), "batch.ended");
  EXPECT_EQ(body.at("data").at("batch_id").as_string(), batch);
  EXPECT_EQ(body.at("data").at("counts").at("completed").as_int64(), 2);
  const json::object webhook = settled(batch);
  EXPECT_EQ(webhook.at("delivered").as_int64(), 1) << json::serialize(webhook);
  EXPECT_EQ(webhook.at("failed").as_int64(), 0);
  EXPECT_EQ(webhook.at("url").as_string(), receiver_.url()) << "a query may hold a secret";
  EXPECT_EQ(receiver_.wait_for(1).size(), 1u);
  const fs::path secret = server_.workspace() / "data/webhook-secrets/default";
  EXPECT_EQ(fs::status(secret).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const std::string metrics = server_.get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("gantry_service_webhook_events{state=\"delivered\"} 1"));
}

TEST_F(ServeWebhook, TellsOfEachTaskIfAskedAndOfASingleExport) {
  const std::string batch = submit_for(receiver_.url(), R"(["task.ended","batch.ended"])");
  EXPECT_EQ(settled(batch).at("delivered").as_int64(), 3);
  std::set<std::string> ids;
  std::multiset<std::string> types;
  for (const httpd::Request& request : receiver_.wait_for(3)) {
    EXPECT_TRUE(is_signed(request));
    ids.emplace(*request.header("webhook-id"));
    types.emplace(json::parse(request.body).at("type").as_string());
  }
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(types.count("task.ended"), 2u);
  const HttpAnswer single = server_.post(
      "/export/mods",
      fmt::format(R"({{"pi":"{}","webhook":{{"url":"{}"}}}})", pi_of(3), receiver_.url()));
  ASSERT_EQ(single.status, 202) << single.body;
  const json::value body = json::parse(receiver_.wait_for(4).at(3).body);
  EXPECT_EQ(body.at("data").at("task_id"), json::parse(single.body).at("task_id"));
  EXPECT_EQ(body.at("data").at("status").as_string(), "success");
}

TEST_F(ServeWebhook, RepeatsWhatIsRefusedAndFollowsNoRedirect) {
  receiver_.answer({500, 302, 200});
  const std::string batch = submit_for(receiver_.url());
  const json::object webhook = settled(batch);
  const std::vector<httpd::Request> requests = receiver_.wait_for(3);
  ASSERT_EQ(requests.size(), 3u);
  for (const httpd::Request& request : requests) {
    EXPECT_EQ(request.target, "/hook");
    EXPECT_EQ(request.header("webhook-id"), requests[0].header("webhook-id"));
    EXPECT_EQ(request.body, requests[0].body);
    EXPECT_TRUE(is_signed(request));
  }
  EXPECT_EQ(webhook.at("delivered").as_int64(), 1);
  EXPECT_EQ(webhook.at("last_error").as_string(), "the receiver answers 302");
}

TEST_F(ServeWebhook, GivesUpWhereTheReceiverIsGone) {
  receiver_.answer({410});
  const json::object webhook = settled(submit_for(receiver_.url()));
  EXPECT_EQ(webhook.at("failed").as_int64(), 1);
  EXPECT_EQ(webhook.at("delivered").as_int64(), 0);
}

TEST_F(ServeWebhook, AKilledServerForgetsNoEvent) {
  // It is killed while the receiver holds the answer back: nobody knows whether it was taken.
  receiver_.answer({0});
  const std::string batch = submit_for(receiver_.url());
  const httpd::Request first = receiver_.wait_for(1).at(0);
  server_.kill(SIGKILL);
  server_.start();
  const httpd::Request second = receiver_.wait_for(2).at(1);
  EXPECT_EQ(second.header("webhook-id"), first.header("webhook-id"));
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(settled(batch).at("delivered").as_int64(), 1);
}

TEST_F(ServeWebhook, ASlowReceiverHoldsUpNobodyElse) {
  WebhookReceiver slow;
  slow.answer({0});
  submit_for(slow.url());
  slow.wait_for(1);
  EXPECT_EQ(settled(submit_for(receiver_.url())).at("delivered").as_int64(), 1);
}

TEST_F(ServeWebhook, AReceiverThatIsAwayIsToldWhenItIsBack) {
  auto receiver = std::make_unique<WebhookReceiver>();
  const std::uint16_t port = receiver->port();
  receiver.reset();
  const std::string batch = submit_for(fmt::format("http://127.0.0.1:{}/hook", port));
  server_.wait_for(batch);
  receiver = std::make_unique<WebhookReceiver>(port);
  receiver->wait_for(1);
  EXPECT_EQ(settled(batch).at("delivered").as_int64(), 1);
}

TEST_F(ServeWebhook, WhatIsWrongIsNamedByItsPointer) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("x")", "/webhook"},
      {"{}", "/webhook/url"},
      {R"({"url":5})", "/webhook/url"},
      {R"({"url":"https://a.example/"})", "/webhook/url"},
      {R"({"url":"http://10.0.0.1/"})", "/webhook/url"},
      {R"({"url":"http://169.254.169.254/latest/"})", "/webhook/url"},
      {R"({"url":"file:///etc/passwd"})", "/webhook/url"},
      {R"({"url":"http://127.0.0.1/","events":[]})", "/webhook/events"},
      {R"({"url":"http://127.0.0.1/","events":["x"]})", "/webhook/events/0"},
      {R"({"url":"http://127.0.0.1/","secret":"x"})", "/webhook/secret"},
  };
  for (const auto& [webhook, pointer] : cases) {
    const HttpAnswer answer = submit(webhook);
    EXPECT_EQ(answer.status, 400) << webhook;
    EXPECT_EQ(json::parse(answer.body).at("errors").at(0).at("pointer").as_string(), pointer)
        << answer.body;
  }
  const HttpAnswer single = server_.post(
      "/export/mods", fmt::format(R"({{"pi":"{}","webhook":{{"url":"http://127.0.0.1/",)"
                                  R"("events":["batch.ended"]}}}})",
                                  pi_of(1)));
  EXPECT_EQ(single.status, 400);
}

TEST(ServeWebhookKeys, AKeyReachesItsOwnTargetsOnly) {
  WebhookReceiver receiver;
  Workspace folder("http://127.0.0.1:1");
  const std::string lists =
      fmt::format("webhooks={},https://b.example/ private=127.0.0.1", receiver.url("/c/"));
  const fs::path keys = folder / "keys";
  // Of the texts "creator" and "reader".
  const std::string creator = "bc6bfd848ebd7819c9a82bf124d65e7f739d08e002601e23bb906aacd40a3d81";
  const std::string reader = "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30";
  write_text(keys, fmt::format("c create,read {} {}\nother create {}\n", creator, lists, reader));
  Server server({"--arke-entities", "10"}, {"--api-keys", keys.string()});
  const auto submit = [&](const std::string& key, const std::string& url) {
    return server.post("/export/mods",
                       fmt::format(R"({{"pi":"{}","webhook":{{"url":"{}"}}}})", pi_of(1), url),
                       {"Authorization: Bearer " + key});
  };
  EXPECT_EQ(submit("creator", receiver.url("/c/1")).status, 202);
  const httpd::Request request = receiver.wait_for(1).at(0);
  EXPECT_EQ(*request.header("webhook-signature"),
            service::webhook_signature(
                Secret(read_text(server.workspace() / "data/webhook-secrets/c")),
                *request.header("webhook-id"),
                std::stoll(std::string(*request.header("webhook-timestamp"))), request.body));
  EXPECT_EQ(submit("creator", receiver.url("/d")).status, 400);
  EXPECT_EQ(submit("creator", "https://a.example/").status, 400);
  const HttpAnswer refused = submit("reader", receiver.url("/c/1"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("line of this API key"));
  EXPECT_FALSE(fs::exists(server.workspace() / "data/webhook-secrets/other"));
  // A line with a fault is named.
  write_text(keys, "c create " + creator + " webhook=https://a.example/\n");
  const ProcessResult result = run(server.workspace().command(
      {"serve", "--listen", "127.0.0.1:0", "--data", "other", "--api-keys", keys.string()}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("keys:1: 'webhook=https://a.example/'"));
}

}  // namespace
}  // namespace gantry::testing
