#include "gantry/mcp/json_rpc.hpp"

#include <random>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::mcp {
namespace {

int code_of(std::string_view text) {
  try {
    parse_message(text);
  } catch (const RpcError& error) {
    return error.rpc_code();
  }
  return 0;
}

TEST(JsonRpc, TellsRequestsNotificationsAndResponsesApart) {
  EXPECT_EQ(parse_message(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").kind,
            MessageKind::kRequest);
  EXPECT_EQ(parse_message(R"({"jsonrpc":"2.0","method":"x","params":{}})").kind,
            MessageKind::kNotification);
  EXPECT_EQ(parse_message(R"({"jsonrpc":"2.0","id":"a","result":{}})").kind,
            MessageKind::kResponse);
}

TEST(JsonRpc, RefusesWhatIsNoMessage) {
  for (const char* text : {"", "{", "nonsense", R"({"jsonrpc":"2.0",)", "\xff\xfe"}) {
    EXPECT_EQ(code_of(text), kParseError) << text;
  }
  for (const char* text :
       {"[]", "1", "{}", R"({"jsonrpc":"1.0","id":1,"method":"a"})",
        R"({"jsonrpc":"2.0","id":null,"method":"a"})", R"({"jsonrpc":"2.0","id":1.5,"method":"a"})",
        R"({"jsonrpc":"2.0","id":1,"method":""})", R"({"jsonrpc":"2.0","id":1,"method":7})",
        R"({"jsonrpc":"2.0","id":1,"method":"a","params":[]})", R"({"jsonrpc":"2.0","id":1})",
        R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})"}) {
    EXPECT_EQ(code_of(text), kInvalidRequest) << text;
  }
  EXPECT_EQ(code_of(std::string(100'000, '[')), kParseError);
}

TEST(JsonRpc, SurvivesEveryChangeOfAMessage) {
  const std::string whole =
      R"({"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"a","arguments":{"b":[1]}}})";
  std::minstd_rand random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (int change = 0; change < 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    code_of(text);
  }
}

}  // namespace
}  // namespace gantry::mcp
