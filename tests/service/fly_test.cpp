// gantry serve with the machines of a simulated Fly and an object storage: npm's s3rver, without
// which all this is skipped.
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/data.hpp"
#include "testing/npm.hpp"
#include "tests/service/server.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFlyToken = "fly-token-never-to-be-seen";

std::int64_t number(const json::object& object, const char* name) {
  return object.at(name).to_number<std::int64_t>();
}

Environment fly_environment(const std::string& storage) {
  return {{"AWS_ENDPOINT_URL_S3", storage},
          {"AWS_REGION", "us-east-1"},
          {"AWS_ACCESS_KEY_ID", "S3RVER"},
          {"AWS_SECRET_ACCESS_KEY", "S3RVER"},
          {"FLY_API_TOKEN", kFlyToken},
          {"FLY_APP_NAME", "exports"},
          {"FLY_WORKER_IMAGE", "registry.fly.io/exports:latest"},
          {"FLY_REGION", "ord"}};
}

class ServeFly : public ::testing::Test {
 protected:
  void SetUp() override {
    storage_.emplace(npm_command("s3", "tests/s3/serve.mjs", folder_.path().string()));
    while (storage_url_.empty() && storage_->running()) {
      // The address comes in its output, which is looked at again and again.
      std::this_thread::sleep_for(20ms);
      const std::string line = storage_->out();
      const std::size_t begin = line.find("http://");
      if (line.ends_with('\n') && begin != std::string::npos) {
        storage_url_ = line.substr(begin, line.size() - begin - 1);
      }
    }
    if (storage_url_.empty()) GTEST_SKIP() << "no s3rver: " << storage_->wait().out;
  }

  // A server with its Fly, both of which hold to so many creations a second.
  Server& serve(std::vector<std::string> sandbox_flags = {}, const Environment& changes = {},
                const std::string& rate = "5") {
    std::vector<std::string> sandbox = {
        "--arke-entities", "200", "--fly-program",    gantry_program().string(),
        "--fly-rate",      rate,  "--fly-transcript", transcript().string()};
    sandbox.insert(sandbox.end(), sandbox_flags.begin(), sandbox_flags.end());
    Environment environment = fly_environment(storage_url_);
    for (const auto& [name, value] : changes) environment[name] = value;
    server_.emplace(
        sandbox,
        std::vector<std::string>{"--launcher", "fly", "--artifacts", "s3://artifacts/results",
                                 "--launch-rate", rate + "/s"},
        environment);
    return *server_;
  }

  fs::path transcript() const { return folder_.path() / "transcript.jsonl"; }
  json::object fly() const {
    return json::parse(http_get(server_->sandbox().base_url() + "/__sandbox/fly").body).as_object();
  }
  HttpAnswer create_machine(const std::string& owner) const {
    const std::string body = fmt::format(
        R"({{"name":"stray-{0}","config":{{"image":"x/y","metadata":{{"gantry_owner":"{0}",)"
        R"("gantry_task":"export_mods_1_00000000","gantry_attempt":"1"}}}}}})",
        owner);
    return http_call({.method = "POST",
                      .url = server_->sandbox().base_url() + "/v1/apps/exports/machines",
                      .headers = {"Authorization: Bearer x"},
                      .body = body});
  }
  // What the sandbox was asked, and what it answered.
  std::vector<json::object> calls() const {
    std::vector<json::object> all;
    std::ifstream lines(transcript());
    for (std::string line; std::getline(lines, line);) {
      all.push_back(json::parse(line).as_object());
    }
    return all;
  }
  std::vector<json::object> creations() const {
    std::vector<json::object> some;
    for (json::object& call : calls()) {
      if (call.at("method") == "POST" && call.at("status") == 200) some.push_back(std::move(call));
    }
    return some;
  }

  void expect_whole_zip(const std::string& batch, int count) const {
    const HttpAnswer zip = server_->get("/download/batch/" + batch);
    ASSERT_EQ(zip.status, 200);
    const fs::path file = folder_.path() / "all.zip";
    write_text(file, zip.body);
    const ProcessResult check = run({.program = "unzip", .arguments = {"-t", file.string()}});
    EXPECT_EQ(check.exit_code, 0) << check.out;
    for (int i = 1; i <= count; ++i) EXPECT_THAT(check.out, HasSubstr(pi_of(i) + ".xml"));
  }
  // What was said to Fly, and what it said, is as Fly's own description has it.
  void expect_as_described() const {
    const ProcessResult result =
        run_with_npm("openapi", "apps/sandbox/openapi/check_fly.mjs", transcript().string());
    if (result.exit_code == kSkippedWithoutNpm) return;
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  }

  TemporaryFolder folder_;
  std::optional<Process> storage_;
  std::string storage_url_;
  std::optional<Server> server_;
};

TEST_F(ServeFly, ExportsABatchOnMachinesOfOneImageAndKeepsThePace) {
  Server& server = serve();
  const auto begin = std::chrono::steady_clock::now();
  const std::string batch = server.submit(1, 20);
  const json::object status = server.wait_for(batch);
  // Three at once, then five a second.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 3s);
  ASSERT_EQ(number(status, "completed"), 20) << json::serialize(status);
  expect_whole_zip(batch, 20);
  const std::vector<json::object> made = creations();
  ASSERT_EQ(made.size(), 20u);
  std::set<std::string> images;
  std::set<std::string> names;
  for (const json::object& call : made) {
    const json::value& request = call.at("request");
    const std::string text = json::serialize(request);
    EXPECT_THAT(text, Not(HasSubstr("S3RVER")));
    EXPECT_THAT(text, Not(HasSubstr(kFlyToken)));
    names.insert(std::string(request.at("name").as_string()));
    images.insert(std::string(request.at("config").at("image").as_string()));
  }
  EXPECT_EQ(names.size(), 20u);
  // The first by its tag, and all others by the digest that this stood for.
  images.erase("registry.fly.io/exports:latest");
  ASSERT_EQ(images.size(), 1u);
  EXPECT_THAT(*images.begin(), HasSubstr("registry.fly.io/exports@sha256:"));
  EXPECT_THAT(server.process().err(), Not(HasSubstr(kFlyToken)));
  expect_as_described();
}

TEST_F(ServeFly, MachinesOutliveAServerThatIsKilled) {
  Server& server = serve({"--api-latency", "300"}, {}, "20");
  const std::string batch = server.submit(1, 12);
  // The sandbox counts machines, and tells who asks.
  while (number(fly(), "created") < 6) std::this_thread::sleep_for(20ms);
  server.kill(SIGKILL);
  server.start();
  const json::object status = server.wait_for(batch);
  ASSERT_EQ(number(status, "completed"), 12) << json::serialize(status);
  expect_whole_zip(batch, 12);
  // Each attempt has had one machine.
  std::set<std::string> names;
  const std::vector<json::object> made = creations();
  for (const json::object& call : made) {
    names.insert(std::string(call.at("request").at("name").as_string()));
  }
  EXPECT_EQ(names.size(), made.size());
  // What had a machine goes on with it; one creation may have been on its way unseen.
  EXPECT_LE(made.size(), 13u) << json::serialize(status);
}

TEST_F(ServeFly, ACreationWhoseAnswerIsLostMakesNoSecondMachine) {
  Server& server = serve({"--fly-lose-every", "2"});
  const std::string batch = server.submit(1, 6);
  const json::object status = server.wait_for(batch);
  ASSERT_EQ(number(status, "completed"), 6) << json::serialize(status);
  EXPECT_EQ(number(fly(), "lost"), 3);
  EXPECT_EQ(number(fly(), "created"), 6);
  for (const json::value& task : status.at("tasks").as_array()) {
    EXPECT_EQ(number(task.as_object(), "attempts"), 1) << json::serialize(task);
  }
}

TEST_F(ServeFly, TasksOfMachinesThatDieAreTriedAgain) {
  Server& server = serve({"--fly-kill-every", "3", "--fly-burst", "100"});
  const std::string batch = server.submit(1, 4);
  const json::object status = server.wait_for(batch);
  EXPECT_EQ(number(status, "completed"), 4) << json::serialize(status);
  EXPECT_GT(number(fly(), "killed"), 0);
  EXPECT_EQ(number(fly(), "created"), 4 + number(fly(), "killed"));
}

TEST_F(ServeFly, OrphansAreDestroyedAndStrangersAreNot) {
  Server& server = serve();
  const std::string batch = server.submit(1, 1);
  server.wait_for(batch);
  const std::string owner(
      creations().front().at("request").at("config").at("metadata").at("gantry_owner").as_string());
  server.kill(SIGKILL);
  // s3rver and the sandbox go on; these run a worker that lacks its task, and stay when it ends.
  const HttpAnswer own = create_machine(owner);
  const HttpAnswer other = create_machine("another");
  ASSERT_EQ(own.status, 200) << own.body;
  ASSERT_EQ(other.status, 200) << other.body;
  server.start();
  auto state_of = [&](const HttpAnswer& machine) {
    const std::string id(json::parse(machine.body).at("id").as_string());
    const HttpAnswer answer =
        http_call({.url = server.sandbox().base_url() + "/v1/apps/exports/machines/" + id,
                   .headers = {"Authorization: Bearer x"}});
    return answer.status == 200 ? std::string(json::parse(answer.body).at("state").as_string())
                                : std::to_string(answer.status);
  };
  for (int look = 0; look < 100 && state_of(own) != "destroyed"; ++look) {
    // The server looks for orphans by itself; its end is a state of the machine.
    std::this_thread::sleep_for(300ms);
  }
  EXPECT_EQ(state_of(own), "destroyed");
  EXPECT_EQ(state_of(other), "stopped");
}

TEST_F(ServeFly, AnImageThatDoesNotExistIsAnErrorThatSaysWhatToDo) {
  Server& server = serve({}, {{"FLY_WORKER_IMAGE", "registry.fly.io/missing:1"}});
  const json::object status = server.wait_for(server.submit(1, 1));
  const std::string task = json::serialize(status.at("tasks").at(0));
  EXPECT_THAT(task, HasSubstr("check FLY_WORKER_IMAGE (registry.fly.io/missing:1)"));
  EXPECT_THAT(task, Not(HasSubstr("manifest unknown")));
  EXPECT_EQ(number(status.at("tasks").at(0).as_object(), "attempts"), 1);
}

TEST(ServeStorage, LocalWorkersPutTheirOutputsIntoAFolderThatIsNamed) {
  Server server({"--arke-entities", "20"}, {"--artifacts", "results"});
  const std::string batch = server.submit(1, 2);
  EXPECT_EQ(number(server.wait_for(batch), "completed"), 2);
  EXPECT_TRUE(fs::exists(server.workspace() / "results/objects"));
  EXPECT_FALSE(fs::exists(server.workspace() / "data/artifacts"));
}

TEST(ServeStorage, SaysWhatIsMissing) {
  const Workspace workspace("http://127.0.0.1:1");
  auto refused = [&](std::vector<std::string> flags, const Environment& changes) {
    flags.insert(flags.begin(), {"serve", "--listen", "127.0.0.1:0", "--data", "d"});
    const ProcessResult result = workspace.gantry(std::move(flags), changes);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, Not(HasSubstr(kFlyToken)));
    return result.err;
  };
  const Environment all = fly_environment("http://127.0.0.1:1");
  EXPECT_THAT(refused({"--artifacts", "s3://b-b"}, {}), HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(refused({"--artifacts", "gs://b"}, {}), HasSubstr("s3://BUCKET"));
  EXPECT_THAT(refused({"--launcher", "fly"}, {}), HasSubstr("FLY_API_TOKEN"));
  EXPECT_THAT(refused({"--launcher", "fly"}, all), HasSubstr("--artifacts s3://BUCKET"));
  EXPECT_THAT(refused({"--launcher", "fly", "--artifacts", "s3://b-b"}, all),
              HasSubstr("--public-url"));
  EXPECT_THAT(refused({"--launch-rate", "fast"}, {}), HasSubstr("1/s"));
}

}  // namespace
}  // namespace gantry::testing
