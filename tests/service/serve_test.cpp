// gantry serve, as its clients use it.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/server.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

json::object parsed(const HttpAnswer& answer) { return json::parse(answer.body).as_object(); }

class Serve : public ::testing::Test {
 protected:
  fs::path save(const std::string& name, const std::string& bytes) const {
    fs::path file = server_.workspace() / name;
    write_text(file, bytes);
    return file;
  }

  // What workers leave goes with them, a moment after their last word.
  bool nothing_is_left_of_workers() const {
    for (int look = 0; look < 500; ++look) {
      if (fs::is_empty(server_.workspace() / "data/work")) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  Server server_;
};

TEST_F(Serve, TakesTheRequestOfTheFirstDesignByteForByte) {
  const std::string request = R"({
  "pis": [
    "01K9Z3K4GMDWTT0VQXYSPC9W6S",
    "01K9Z5X7GMDWTT0VQXYSPC9W7T",
    "01K9Z8K2GMDWTT0VQXYSPC9W8U"
  ],
  "options": {
    "recursive": false,
    "includeOcr": true
  }
})";
  const HttpAnswer answer = server_.post("/export/mods/batch", request);
  EXPECT_EQ(answer.status, 202);
  const json::object body = parsed(answer);
  EXPECT_EQ(body.size(), 4u) << answer.body;
  const std::string batch(body.at("batch_id").as_string());
  EXPECT_THAT(batch, MatchesRegex("batch_[0-9]{13}_[0-9a-f]{8}"));
  EXPECT_EQ(answer.headers.at("location"), "/status/batch/" + batch);
  ASSERT_EQ(body.at("task_ids").as_array().size(), 3u);
  for (const json::value& task : body.at("task_ids").as_array()) {
    EXPECT_THAT(std::string(task.as_string()), MatchesRegex("export_mods_[0-9]{13}_[0-9a-f]{8}"));
  }
  EXPECT_EQ(body.at("status").as_string(), "processing");
  EXPECT_EQ(body.at("message").as_string(), "Batch export started with 3 tasks.");
  // The archive does not know these: a missing root is an error, and is not tried again.
  const json::object status = server_.wait_for(batch);
  EXPECT_EQ(number_in(status, "failed"), 3);
  const json::object& task = status.at("tasks").as_array().at(0).as_object();
  EXPECT_EQ(task.at("pi").as_string(), "01K9Z3K4GMDWTT0VQXYSPC9W6S");
  EXPECT_EQ(task.at("status").as_string(), "error");
  EXPECT_EQ(number_in(task, "attempts"), 1);
  EXPECT_EQ(server_.get("/download/batch/" + batch).status, 409);
  EXPECT_TRUE(nothing_is_left_of_workers());
}

TEST_F(Serve, ExportsABatchToOneZipThatResumes) {
  const std::string batch = server_.submit(1, 12);
  const json::object status = server_.wait_for(batch);
  EXPECT_EQ(number_in(status, "total_tasks"), 12);
  EXPECT_EQ(number_in(status, "completed"), 12) << json::serialize(status);
  EXPECT_EQ(number_in(status, "processing"), 0);
  EXPECT_TRUE(nothing_is_left_of_workers());
  const HttpAnswer zip = server_.get("/download/batch/" + batch);
  ASSERT_EQ(zip.status, 200);
  EXPECT_EQ(zip.headers.at("content-length"), std::to_string(zip.body.size()));
  EXPECT_THAT(zip.headers.at("content-disposition"), HasSubstr(batch + ".zip"));
  EXPECT_EQ(zip.headers.at("x-content-type-options"), "nosniff");
  const ProcessResult check =
      run({.program = "unzip", .arguments = {"-t", save("all.zip", zip.body).string()}});
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_THAT(check.out, HasSubstr(pi_of(12) + ".xml"));
  EXPECT_THAT(check.out, HasSubstr("manifest.json"));
  const std::string& etag = zip.headers.at("etag");
  const HttpAnswer part =
      server_.get("/download/batch/" + batch, {"Range: bytes=100-199", "If-Range: " + etag});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, zip.body.substr(100, 100));
  const HttpAnswer other =
      server_.get("/download/batch/" + batch, {"Range: bytes=100-199", "If-Range: \"x\""});
  EXPECT_EQ(other.status, 200);
  const HttpAnswer head = server_.call({.method = "HEAD", .url = "/download/batch/" + batch});
  EXPECT_EQ(head.headers.at("content-length"), zip.headers.at("content-length"));
  // Another server has the same bytes under the same tag.
  server_.kill(SIGKILL);
  server_.start();
  const HttpAnswer again = server_.get("/download/batch/" + batch);
  EXPECT_EQ(again.headers.at("etag"), etag);
  EXPECT_TRUE(again.body == zip.body);
}

TEST_F(Serve, TheArchiveOfABatchIsTheSameWhateverBecomesOfOthersAndAnotherAfterARetry) {
  const std::string other = server_.submit(5, 2);
  server_.wait_for(other);
  const std::string unknown = "01K9Z3K4GMDWTT0VQXYSPC9W6S";
  const HttpAnswer answer = server_.post(
      "/export/mods/batch", fmt::format(R"({{"pis":["{}","{}"]}})", pi_of(1), unknown));
  const std::string batch(parsed(answer).at("batch_id").as_string());
  server_.wait_for(batch);
  const HttpAnswer first = server_.get("/download/batch/" + batch);
  EXPECT_EQ(server_.call({.method = "DELETE", .url = "/batches/" + other}).status, 204);
  server_.kill(SIGKILL);
  server_.start();
  const HttpAnswer second = server_.get("/download/batch/" + batch);
  EXPECT_EQ(second.headers.at("etag"), first.headers.at("etag"));
  EXPECT_TRUE(second.body == first.body);
  EXPECT_EQ(server_.get("/download/batch/" + other).status, 404);
  EXPECT_EQ(server_.post("/batches/" + batch + "/retry", "").status, 202);
  server_.wait_for(batch);
  EXPECT_NE(server_.get("/download/batch/" + batch).headers.at("etag"), first.headers.at("etag"));
}

TEST_F(Serve, ASingleExportIsATaskWithoutABatch) {
  const HttpAnswer answer = server_.post("/export/mods", fmt::format(R"({{"pi":"{}"}})", pi_of(3)));
  ASSERT_EQ(answer.status, 202);
  const std::string task(parsed(answer).at("task_id").as_string());
  json::object status;
  for (int look = 0; look < 300; ++look) {
    status = parsed(server_.get("/status/" + task));
    if (status.at("status") != "processing") break;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(status.at("status").as_string(), "success") << json::serialize(status);
  EXPECT_EQ(status.at("batch_id").as_string(), "single");
  EXPECT_EQ(status.at("output_file_name").as_string(), pi_of(3) + ".xml");
  EXPECT_EQ(status.at("metrics").at("entities_exported").as_int64(), 1);
  const HttpAnswer file = server_.get("/download/" + task);
  EXPECT_EQ(file.status, 200);
  EXPECT_THAT(file.body, HasSubstr("http://www.loc.gov/mods/v3"));
  EXPECT_EQ(server_.get("/status/batch/single").status, 404);
  EXPECT_EQ(server_.get("/status/export_mods_1_00000000").status, 404);
}

TEST_F(Serve, NamesEveryFaultOfARequestAndStartsNothing) {
  const std::string good = pi_of(1);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", ""},
      {"[]", ""},
      {"{}", "/pis"},
      {R"({"pis":"x"})", "/pis"},
      {R"({"pis":[]})", "/pis"},
      {R"({"pis":["../../evil"]})", "/pis/0"},
      {R"({"pis":[{"a":1}]})", "/pis/0"},
      {R"({"pis":[")" + good + R"(",")" + good + R"("]})", "/pis/1"},
      {R"({"pis":[")" + good + R"("],"options":"no"})", "/options"},
      {R"({"pis":[")" + good + R"("],"options":{"maxDepth":-1}})", "/options/maxDepth"},
      {R"({"pis":[")" + good + R"("],"priority":9})", "/priority"},
      {R"({"pis":[")" + good + R"("],"webook":"x"})", "/webook"},
  };
  for (const auto& [body, pointer] : cases) {
    const HttpAnswer answer = server_.post("/export/mods/batch", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    const json::object problem = parsed(answer);
    EXPECT_EQ(problem.at("errors").at(0).at("pointer").as_string(), pointer) << answer.body;
    EXPECT_FALSE(problem.at("error").as_string().empty());
  }
  EXPECT_EQ(parsed(server_.get("/batches")).at("batches").as_array().size(), 0u);
  EXPECT_EQ(server_.post("/status/x", "{}").status, 405);
  EXPECT_EQ(server_.get("/nothing").status, 404);
  EXPECT_EQ(server_.post("/export/nothing/batch", "{}").status, 404);
  EXPECT_EQ(server_.post("/export/mods/batch", std::string(10 << 20, ' ')).status, 413);
}

TEST_F(Serve, TheSameIdempotencyKeyIsTheSameBatch) {
  const std::string body = fmt::format("{{\"pis\":{}}}", pis_of(1, 2));
  const HttpAnswer first = server_.post("/export/mods/batch", body, {"Idempotency-Key: k1"});
  server_.kill(SIGKILL);
  server_.start();
  const HttpAnswer second = server_.post("/export/mods/batch", body, {"Idempotency-Key: k1"});
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(first.body, second.body);
  const HttpAnswer third = server_.post(
      "/export/mods/batch", fmt::format("{{\"pis\":{}}}", pis_of(5, 2)), {"Idempotency-Key: k1"});
  EXPECT_EQ(third.status, 409);
}

TEST_F(Serve, ACallbackWithoutTheTokenOfItsAttemptChangesNothing) {
  const std::string batch = server_.submit(1, 1);
  const json::object status = server_.wait_for(batch);
  const std::string task(status.at("tasks").at(0).at("task_id").as_string());
  const std::string forged = R"({"status":"error","error":"forged"})";
  for (const char* header : {"X: y", "Authorization: Bearer 1.9999999999999.abc",
                             "Authorization: Bearer ", "Authorization: Basic eDp5"}) {
    EXPECT_EQ(server_.post("/callback/" + task, forged, {header}).status, 401) << header;
  }
  EXPECT_EQ(server_.post("/callback/export_mods_1_0", forged).status, 401);
  EXPECT_EQ(server_.get("/status/" + task).body.find("forged"), std::string::npos);
}

TEST_F(Serve, RefusesOtherNamesAndPagesOfOtherSites) {
  EXPECT_EQ(server_.get("/batches", {"Host: evil.example"}).status, 403);
  EXPECT_EQ(server_.get("/batches", {"Origin: https://evil.example"}).status, 403);
  EXPECT_EQ(server_.get("/batches", {"Sec-Fetch-Site: cross-site"}).status, 403);
  EXPECT_EQ(server_.get("/batches", {"Host: localhost"}).status, 200);
  EXPECT_EQ(server_.get("/").status, 200);
  EXPECT_THAT(server_.get("/").headers.at("content-security-policy"), HasSubstr("default-src"));
}

TEST_F(Serve, TellsWhatHappensAndGoesOnWhereAListenerStopped) {
  const std::string batch = server_.submit(1, 3);
  server_.wait_for(batch);
  // A listener that comes back after the beginning has all that it has missed, in order.
  const ProcessResult heard =
      run({.program = "curl",
           .arguments = {"-sSN", "--noproxy", "*", "--max-time", "2", "-H", "Last-Event-ID: 0",
                         server_.url() + "/events/batch/" + batch}});
  EXPECT_THAT(heard.out, HasSubstr("event: task"));
  EXPECT_THAT(heard.out, HasSubstr("\"state\":\"success\""));
  EXPECT_THAT(heard.out, HasSubstr("event: batch"));
  EXPECT_LT(heard.out.find("\"state\":\"launching\""), heard.out.find("\"state\":\"success\""));
  EXPECT_EQ(server_.get("/events/batch/batch_1_x").status, 404);
}

TEST_F(Serve, StatusIsKnownByItsTagAndWaitsForAChange) {
  const std::string batch = server_.submit(1, 1);
  server_.wait_for(batch);
  const HttpAnswer first = server_.get("/status/batch/" + batch);
  const std::string known = "If-None-Match: " + first.headers.at("etag");
  EXPECT_EQ(server_.get("/status/batch/" + batch, {known}).status, 304);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(server_.get("/status/batch/" + batch + "?wait=1", {known}).status, 304);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(server_.get("/status/batch/" + batch + "?wait=x").status, 400);
}

TEST(ServeSlow, CancelEndsWhatRunsAndRetryDoesWhatHasFailed) {
  Server server({"--arke-entities", "100", "--api-latency", "3000"}, {"--max-running", "2"});
  const std::string batch = server.submit(1, 6);
  std::this_thread::sleep_for(500ms);
  const HttpAnswer early = server.get("/download/batch/" + batch);
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(early.headers.at("retry-after"), "5");
  const HttpAnswer part = server.get("/download/batch/" + batch + "?partial=true");
  EXPECT_EQ(part.status, 200);
  EXPECT_THAT(part.headers.at("content-disposition"), HasSubstr("-partial.zip"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(server.post("/batches/" + batch + "/cancel", "").status, 200);
  const json::object cancelled = server.wait_for(batch);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(number_in(cancelled, "failed"), 6);
  EXPECT_EQ(cancelled.at("tasks").at(0).at("state").as_string(), "cancelled");
  EXPECT_EQ(server.call({.method = "DELETE", .url = "/batches/" + batch}).status, 204);
  EXPECT_EQ(server.get("/status/batch/" + batch).status, 404);
}

TEST(ServeKeys, NeedsAKeyWithTheScope) {
  Workspace folder("http://127.0.0.1:1");
  // Of the texts "reader" and "creator".
  write_text(folder / "keys",
             "# keys\n"
             "r read 3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30\n"
             "c create,read bc6bfd848ebd7819c9a82bf124d65e7f739d08e002601e23bb906aacd40a3d81\n");
  Server server({"--arke-entities", "10"}, {"--api-keys", (folder / "keys").string()});
  EXPECT_EQ(server.get("/batches").status, 401);
  EXPECT_EQ(server.get("/batches", {"Authorization: Bearer wrong"}).status, 401);
  EXPECT_EQ(server.get("/batches", {"Authorization: Bearer reader"}).status, 200);
  EXPECT_EQ(server.post("/export/mods/batch", "{}", {"Authorization: Bearer reader"}).status, 403);
  EXPECT_EQ(server.get("/health").status, 200);
  const HttpAnswer session = server.post("/session", R"({"key":"reader"})");
  EXPECT_EQ(session.status, 204);
  const std::string& cookie = session.headers.at("set-cookie");
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Strict"));
  EXPECT_THAT(cookie, Not(HasSubstr("reader")));
  const std::string value = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(server.get("/batches", {"Cookie: " + value}).status, 200);
  EXPECT_EQ(server.get("/batches", {"Cookie: " + value + "0"}).status, 401);
  EXPECT_EQ(server.post("/session", R"({"key":"x"})").status, 401);
}

TEST(ServeUse, RefusesWhatWouldBeUnsafe) {
  Workspace workspace("http://127.0.0.1:1");
  EXPECT_TRUE(exits(2, workspace.gantry({"serve", "--listen", "0.0.0.0:0", "--data", "d"})));
  EXPECT_TRUE(exits(2, workspace.gantry({"serve", "--listen", "nonsense"})));
  Server server;
  const ProcessResult second =
      run(server.workspace().command({"serve", "--listen", "127.0.0.1:0", "--data", "data"}));
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr("in use by another server"));
}

TEST(ServeEnd, SigtermLetsRunningWorkEndAndKeepsTheRest) {
  Server server({"--arke-entities", "100", "--api-latency", "300"}, {"--max-running", "2"});
  const std::string batch = server.submit(1, 8);
  std::this_thread::sleep_for(300ms);
  server.process().kill(SIGTERM);
  EXPECT_EQ(server.wait().exit_code, 128 + SIGTERM);
  server.start();
  const json::object status = server.wait_for(batch);
  EXPECT_EQ(number_in(status, "completed"), 8);
  for (const json::value& task : status.at("tasks").as_array()) {
    EXPECT_EQ(number_in(task.as_object(), "attempts"), 1) << json::serialize(task);
  }
}

}  // namespace
}  // namespace gantry::testing
