// `gantry mcp` as its clients use it: over standard streams, over HTTP, and by the official suites.
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/http.hpp"
#include "testing/npm.hpp"
#include "testing/raw_client.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kInitialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{},"clientInfo":{"name":"test","version":"1"}}})";

// A client without a session that can be asked.
json::object stateless(int id, std::string_view method, json::object params) {
  params["_meta"] = json::object{{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                                 {"io.modelcontextprotocol/clientCapabilities",
                                  json::object{{"elicitation", json::object()}}}};
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

class McpServer {
 public:
  explicit McpServer(std::vector<std::string> flags = {}, const Environment& environment = {})
      : sandbox_({"--icons", "5"}), workspace_(sandbox_.base_url()) {
    workspace_.add_web_config("web.yaml");
    flags.insert(flags.begin(), {"mcp", "--http", "127.0.0.1:0", "--rate-limit", "100000"});
    flags.insert(flags.end(),
                 {"--github-url", sandbox_.base_url(), "--github-raw-url", sandbox_.base_url()});
    Command command = workspace_.command(std::move(flags), environment);
    command.time_limit = 10min;
    process_ = std::make_unique<Process>(command);
    const std::string mark = "gantry speaks MCP on ";
    for (int look = 0; look < 6000 && process_->running(); ++look) {
      const std::string text = process_->err();
      const std::size_t begin = text.find(mark);
      if (begin != std::string::npos && text.find('\n', begin) != std::string::npos) {
        url_ = text.substr(begin + mark.size(), text.find('\n', begin) - begin - mark.size());
        return;
      }
      // The address comes on standard error, which is looked at again and again.
      std::this_thread::sleep_for(5ms);
    }
    throw std::runtime_error("gantry mcp did not start: " + process_->err());
  }

  const std::string& url() const { return url_; }
  const Workspace& workspace() const { return workspace_; }
  std::uint16_t port() const {
    const std::size_t colon = url_.rfind(':');
    return static_cast<std::uint16_t>(std::stoi(url_.substr(colon + 1)));
  }

  HttpAnswer post(const std::string& body, std::vector<std::string> headers = {}) const {
    headers.insert(headers.end(), {"Content-Type: application/json",
                                   "Accept: application/json, text/event-stream"});
    return http_call({.method = "POST", .url = url_, .headers = headers, .body = body});
  }

  HttpAnswer ask(std::string_view method, json::object params, std::string_view name) const {
    std::vector<std::string> headers = {"MCP-Protocol-Version: 2026-07-28",
                                        fmt::format("Mcp-Method: {}", method)};
    if (!name.empty()) headers.push_back(fmt::format("Mcp-Name: {}", name));
    return post(json::serialize(stateless(7, method, std::move(params))), headers);
  }

  // The message of a call, the last one where the answer is a stream.
  json::object call(std::string_view tool, json::object more) const {
    more["name"] = tool;
    std::string text = ask("tools/call", std::move(more), tool).body;
    const std::size_t begin = text.rfind("data: ");
    if (begin != std::string::npos) text = text.substr(begin + 6);
    return json::parse(text).as_object();
  }

 private:
  Sandbox sandbox_;
  Workspace workspace_;
  std::string url_;
  std::unique_ptr<Process> process_;
};

json::object answer_of(std::string_view action, bool write) {
  json::object content{{"write", write}};
  json::object answer{{"action", action}, {"content", std::move(content)}};
  return {{"write", std::move(answer)}};
}

TEST(McpHttp, WritesOnlyWhenTheUserHasAgreed) {
  const McpServer server;
  const json::object plan = server.call("plan_export", {}).at("result").as_object();
  EXPECT_EQ(plan.at("structuredContent").at("exports").at(0).at("addedCount").to_number<int>(),
            static_cast<int>(
                plan.at("structuredContent").at("exports").at(0).at("added").as_array().size()));
  EXPECT_TRUE(server.workspace().output().empty());

  const json::object round = server.call("run_export", {}).at("result").as_object();
  ASSERT_EQ(round.at("resultType"), "input_required");
  const json::string state = round.at("requestState").as_string();
  const json::object declined = server.call(
      "run_export", {{"inputResponses", answer_of("decline", false)}, {"requestState", state}});
  EXPECT_EQ(declined.at("result").at("isError"), true);
  const json::object forged = server.call(
      "run_export",
      {{"inputResponses", answer_of("accept", true)}, {"requestState", std::string(state) + "x"}});
  EXPECT_EQ(forged.at("error").at("code"), -32602);
  EXPECT_TRUE(server.workspace().output().empty());

  const json::object done = server.call(
      "run_export", {{"inputResponses", answer_of("accept", true)}, {"requestState", state}});
  EXPECT_EQ(done.at("result").at("structuredContent").at("failed"), 0) << json::serialize(done);
  EXPECT_FALSE(server.workspace().output().empty());
}

TEST(McpHttp, SaysWhatToDoWhereACallIsWrong) {
  const McpServer server;
  const json::object unknown =
      server.call("plan_export", {{"arguments", {{"exports", {"nope.yaml"}}}}});
  EXPECT_EQ(unknown.at("result").at("isError"), true);
  EXPECT_THAT(json::serialize(unknown), HasSubstr("web.yaml"));
  const json::object wrong = server.call("plan_export", {{"arguments", {{"exprts", 1}}}});
  EXPECT_EQ(wrong.at("result").at("isError"), true);
  EXPECT_THAT(json::serialize(wrong), HasSubstr("exprts is not known"));
  EXPECT_THAT(json::serialize(unknown) + json::serialize(wrong), Not(HasSubstr(kToken)));
}

TEST(McpHttp, GivesComponentsAndHonestErrors) {
  const McpServer server;
  const json::object list = server.call("list_components", {}).at("result").as_object();
  const json::array names = list.at("structuredContent").at("components").as_array();
  ASSERT_GT(names.size(), 2U) << json::serialize(list);
  const json::object source =
      server.call("get_component", {{"arguments", {{"componentName", names[0]}}}});
  EXPECT_FALSE(source.at("result").as_object().contains("isError")) << json::serialize(source);
  EXPECT_FALSE(source.at("result").at("content").at(0).at("text").as_string().empty());
  for (const char* tool : {"get_component", "get_component_demo", "get_component_metadata"}) {
    const json::object none = server.call(tool, {{"arguments", {{"componentName", "not-there"}}}});
    EXPECT_EQ(none.at("result").at("isError"), true) << json::serialize(none);
  }
  const json::object many =
      server.call("get_components", {{"arguments", {{"componentNames", {names[1], "not-there"}}}}});
  EXPECT_EQ(many.at("result").at("structuredContent").at("succeeded"), 1);
  EXPECT_EQ(many.at("result").at("structuredContent").at("failed"), 1);
  const json::object tree = server.call("get_directory_structure", {});
  EXPECT_EQ(tree.at("result").at("structuredContent").at("type"), "directory");
  const json::object escape =
      server.call("get_directory_structure", {{"arguments", {{"path", "../../etc"}}}});
  EXPECT_EQ(escape.at("result").at("isError"), true);
  const json::object blocks = server.call("list_blocks", {});
  EXPECT_TRUE(blocks.at("result").at("structuredContent").as_object().contains("categories"));
  const json::object stats = server.call("get_storage_stats", {});
  EXPECT_FALSE(stats.at("result").as_object().contains("isError"));
}

TEST(McpHttp, KeepsOthersOut) {
  const McpServer server({}, {{"GANTRY_MCP_TOKEN", "open-sesame"}});
  const std::vector<std::string> token = {"Authorization: Bearer open-sesame"};
  EXPECT_EQ(server.post(kInitialize).status, 401);
  EXPECT_EQ(server.post(kInitialize, {"Authorization: Bearer wrong"}).status, 401);
  EXPECT_EQ(server.post(kInitialize, token).status, 200);
  EXPECT_EQ(server.post(kInitialize, {token[0], "Host: evil.example"}).status, 403);
  EXPECT_EQ(server.post(kInitialize, {token[0], "Origin: http://evil.example"}).status, 403);
}

TEST(McpHttp, HasSessionsThatEnd) {
  const McpServer server;
  const HttpAnswer begun = server.post(kInitialize);
  ASSERT_EQ(begun.status, 200);
  const std::vector<std::string> session = {"Mcp-Session-Id: " +
                                            begun.headers.at("mcp-session-id")};
  const std::string ping = R"({"jsonrpc":"2.0","id":2,"method":"ping"})";
  EXPECT_EQ(server.post(ping, session).status, 200);
  EXPECT_EQ(server.post(ping).status, 400);
  http_call({.method = "DELETE", .url = server.url(), .headers = session});
  EXPECT_EQ(server.post(ping, session).status, 404);
}

TEST(McpHttp, AClientThatLeavesInMidAnswerHarmsNoOther) {
  const McpServer server;
  const std::string listen =
      json::serialize(stateless(1, "subscriptions/listen", {{"notifications", json::object()}}));
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.send(
        fmt::format("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    "Content-Type: application/json\r\n"
                    "MCP-Protocol-Version: 2026-07-28\r\n"
                    "Mcp-Method: subscriptions/listen\r\nContent-Length: {}\r\n\r\n{}",
                    listen.size(), listen));
    EXPECT_THAT(client.read_until("acknowledged"), HasSubstr("acknowledged"));
    client.close();
  }
  EXPECT_EQ(server.post("not json").status, 400);
  EXPECT_EQ(server.post(std::string(5UL << 20U, 'x')).status, 413);
  EXPECT_EQ(server.ask("tools/list", {}, "").status, 200);
}

TEST(McpStdio, PrintsMessagesOnlyWhateverComesIn) {
  Sandbox sandbox({"--icons", "5"});
  Workspace workspace(sandbox.base_url());
  workspace.add_web_config("web.yaml");
  std::string input = std::string(kInitialize) + "\n";
  input += R"({"jsonrpc":"2.0","method":"notifications/initialized"})"
           "\n";
  input += "garbage\n[]\n{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}\n";
  input += std::string(5UL << 20U, 'x') + "\n";
  input += R"({"jsonrpc":"2.0","id":"list","method":"tools/list"})"
           "\n";
  input += json::serialize(stateless(3, "server/discover", {})) + "\n";
  input += R"({"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"list_exports"}})"
           "\n";
  write_text(workspace / "input", input);
  Command command = workspace.command({});
  command.arguments = {"-c", fmt::format("exec '{}' mcp < input", command.program.string())};
  command.program = "/bin/sh";
  const ProcessResult result = run(command);
  EXPECT_TRUE(exits(0, result));
  std::set<std::string> ids;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = result.out.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    const json::object message = json::parse(result.out.substr(begin, end - begin)).as_object();
    EXPECT_EQ(message.at("jsonrpc"), "2.0");
    if (message.contains("result")) ids.insert(json::serialize(message.at("id")));
  }
  EXPECT_THAT(ids, ::testing::UnorderedElementsAre("1", "\"list\"", "3", "4")) << result.out;
}

class McpJudges : public ::testing::TestWithParam<const char*> {};

TEST_P(McpJudges, HaveNothingToSay) {
  const std::string check = GetParam();
  const bool is_suite = !check.starts_with("inspector");
  const McpServer server(is_suite ? std::vector<std::string>{"--conformance"}
                                  : std::vector<std::string>{});
  Command command = npm_command("mcp", "tests/mcp/check_mcp.mjs", check);
  command.environment = {{"GANTRY_MCP_URL", server.url()},
                         {"GANTRY_PROGRAM", server.workspace().command({}).program.string()}};
  command.time_limit = std::chrono::seconds(250);
  const ProcessResult result = run(command);
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

INSTANTIATE_TEST_SUITE_P(Mcp, McpJudges,
                         ::testing::Values("conformance-0.1", "requirements-2025-11-25",
                                           "requirements-2026-07-28", "inspector-stdio",
                                           "inspector-http"));

}  // namespace
}  // namespace gantry::testing
