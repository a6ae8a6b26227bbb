#include "gantry/mcp/server.hpp"

#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/mcp/conformance.hpp"
#include "gantry/mcp/stdio.hpp"

namespace gantry::mcp {
namespace {

// A server with the fixtures, and a client with a session that keeps what it gets.
class McpCore : public ::testing::Test {
 protected:
  McpCore()
      : clock_(loop_.get_executor()),
        scope_(loop_.get_executor()),
        server_(loop_.get_executor(), clock_, scope_, catalogue_, {"test", "Test", "1", ""},
                {.running_of_one = 3, .running = 100}),
        session_(std::make_shared<Session>()) {
    add_conformance_fixtures(catalogue_, clock_, server_);
    session_->send = [this](const json::object& message) { sent_.push_back(message); };
  }
  ~McpCore() override {
    scope_.cancel();
    settle();
  }

  void settle() {
    loop_.restart();
    loop_.poll();
  }

  void say(std::string_view text) {
    server_.take(session_, parse_message(text), session_->send, [this](const Reply& reply) {
      if (!reply.message.empty()) sent_.push_back(reply.message);
    });
    settle();
  }

  void begin(std::string_view version = "2025-11-25") {
    say(fmt::format(R"({{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{)"
                    R"("protocolVersion":"{}","capabilities":{{"elicitation":{{}}}}}}}})",
                    version));
  }

  boost::asio::io_context loop_{1};
  async::SystemClock clock_;
  async::TaskScope scope_;
  Catalogue catalogue_;
  Server server_;
  std::shared_ptr<Session> session_;
  std::vector<json::object> sent_;
};

TEST_F(McpCore, AgreesOnTheRevisionOfOlderClients) {
  begin("2025-03-26");
  EXPECT_EQ(sent_.back().at("result").at("protocolVersion"), "2025-03-26");
}

TEST_F(McpCore, OffersItsNewestRevisionToUnknownClients) {
  begin("1999-01-01");
  EXPECT_EQ(sent_.back().at("result").at("protocolVersion"), "2025-11-25");
}

TEST_F(McpCore, WantsToKnowItsClientFirst) {
  say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  EXPECT_EQ(sent_.back().at("error").at("code"), kInvalidParams);
}

constexpr const char* kAsk = R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":)"
                             R"({{"name":"test_elicitation","arguments":{{"message":"Who?"}}}}}})";

TEST_F(McpCore, AsksAndGoesOnWithTheAnswer) {
  begin();
  say(fmt::format(kAsk, 1));
  ASSERT_EQ(sent_.back().at("method"), "elicitation/create");
  const json::value id = sent_.back().at("id");
  say(json::serialize(json::object{
      {"jsonrpc", "2.0"},
      {"id", id},
      {"result", json::object{{"action", "accept"}, {"content", {{"username", "Ada"}}}}}}));
  EXPECT_THAT(json::serialize(sent_.back()), ::testing::HasSubstr("Ada"));
  EXPECT_EQ(server_.running(), 0U);
}

TEST_F(McpCore, ACancelledRequestGetsNoAnswer) {
  begin();
  say(fmt::format(kAsk, 1));
  const std::size_t before = sent_.size();
  say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  settle();
  EXPECT_EQ(sent_.size(), before);
  EXPECT_EQ(server_.running(), 0U);
}

TEST_F(McpCore, BoundsWhatOneClientHasRunning) {
  begin();
  for (int id : {1, 2, 3}) say(fmt::format(kAsk, id));
  say(fmt::format(kAsk, 4));
  EXPECT_EQ(sent_.back().at("error").at("code"), kTooManyRequests);
  say(fmt::format(kAsk, 3));
  EXPECT_EQ(sent_.back().at("error").at("code"), kInvalidRequest);
}

TEST_F(McpCore, TellsOfChangesToThoseWhoWatch) {
  begin();
  say(R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":)"
      R"({"uri":"test://watched-resource"}})");
  server_.resource_changed("test://other");
  const std::size_t before = sent_.size();
  server_.resource_changed("test://watched-resource");
  ASSERT_EQ(sent_.size(), before + 1);
  EXPECT_EQ(sent_.back().at("method"), "notifications/resources/updated");
}

TEST(LineCutter, CutsPiecesOfAnySizeAndDropsWhatIsTooLong) {
  LineCutter cutter;
  std::vector<std::string> lines;
  const auto keep = [&](std::optional<std::string_view> line) {
    lines.emplace_back(line ? *line : "too long");
  };
  cutter.feed("a\n\n  \r\nb", keep);
  cutter.feed("c\nd", keep);
  for (std::size_t i = 0; i <= kLongestLine >> 20U; ++i) {
    cutter.feed(std::string(1UL << 20U, 'x'), keep);
  }
  cutter.feed("\ne\n", keep);
  EXPECT_THAT(lines, ::testing::ElementsAre("a", "bc", "too long", "e"));
}

}  // namespace
}  // namespace gantry::mcp
