// The API against its own description: an independent linter, and a crawl that sends to every
// operation what nobody should.
#include <set>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/npm.hpp"
#include "tests/service/server.hpp"

namespace gantry::testing {
namespace {

namespace json = boost::json;

TEST(ServiceOpenApi, ALinterHasNothingToSay) {
  const std::string file = (source_folder() / "src/gantry/service/openapi.json").string();
  const ProcessResult result = run_with_npm("service", "tests/service/check_openapi.mjs", file);
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

std::string filled(std::string path, const std::string& value) {
  const std::size_t begin = path.find('{');
  if (begin == std::string::npos) return path;
  return path.replace(begin, path.find('}') - begin + 1, value);
}

// What the description allows as an answer to an operation.
std::set<int> documented(const json::object& operation) {
  std::set<int> codes;
  for (const auto& member : operation.at("responses").as_object()) {
    codes.insert(std::stoi(std::string(member.key())));
  }
  return codes;
}

TEST(ServiceOpenApi, NothingThatIsSentMakesTheServerFail) {
  Server server({"--arke-entities", "50"});
  const json::object description = json::parse(server.get("/openapi.json").body).as_object();
  const std::vector<std::string> ids = {"x",
                                        "batch_1_0",
                                        "%2e%2e%2f",
                                        "%00",
                                        "'",
                                        "%F0%28",
                                        std::string(3000, 'a'),
                                        server.submit(1, 2)};
  const std::vector<std::string> queries = {"",
                                            "?limit=-1",
                                            "?limit=99999999999999999999",
                                            "?cursor=%27",
                                            "?cursor=-5",
                                            "?wait=61",
                                            "?order=x",
                                            "?last_event_id=%00",
                                            "?limit=2&cursor=1",
                                            "?last_event_id=99999999999999999999"};
  const std::vector<std::string> bodies = {"",
                                           "{",
                                           "null",
                                           "[]",
                                           R"({"pis":null})",
                                           R"({"pis":[null]})",
                                           R"({"pis":{}})",
                                           R"({"pi":5,"options":[]})",
                                           R"({"status":"success"})",
                                           R"({"status":5})",
                                           R"({"key":5})",
                                           R"({"pis":["\u0000"]})",
                                           "\xff\xfe",
                                           std::string(200, '['),
                                           R"({"options":{"maxDepth":1e999}})"};
  int calls = 0;
  for (const auto& path : description.at("paths").as_object()) {
    for (const auto& method : path.value().as_object()) {
      const json::object& operation = method.value().as_object();
      // Streams have no end; their refusals are tried by the wrong ids and headers.
      const std::string name(path.key());
      std::string verb(method.key());
      for (char& c : verb) c = static_cast<char>(c - 32);
      std::set<int> expected = documented(operation);
      const bool is_open_stream = name == "/events";
      for (const std::string& id : ids) {
        for (std::size_t i = 0; i < std::max(queries.size(), bodies.size()); ++i) {
          const std::string& query = queries[i % queries.size()];
          const bool may_stream =
              is_open_stream || (name == "/events/batch/{batch}" && id.size() > 20);
          if (may_stream && query.find("last_event_id=") == std::string::npos) continue;
          HttpCall call{.method = verb, .url = filled(name, id) + query};
          if (verb == "POST") call.body = bodies[i % bodies.size()];
          const HttpAnswer answer = server.call(call);
          ++calls;
          ASSERT_LT(answer.status, 500) << verb << " " << call.url << "\n" << call.body;
          // 404 and 414 are about the address, before any operation.
          const bool is_known = expected.contains(answer.status) || answer.status == 404 ||
                                answer.status == 400 || answer.status == 414;
          EXPECT_TRUE(is_known) << verb << " " << call.url << " " << answer.status;
        }
        if (name.find('{') == std::string::npos) break;
      }
    }
  }
  EXPECT_GT(calls, 500);
  EXPECT_EQ(server.get("/ready").status, 200);
}

}  // namespace
}  // namespace gantry::testing
