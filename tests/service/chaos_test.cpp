// Workers and servers that are killed at any moment: every task ends once, and nothing is lost.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/server.hpp"

namespace gantry::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

#ifdef GANTRY_SANITIZED
constexpr int kTasks = 100;
#else
constexpr int kTasks = 1000;
#endif
constexpr int kServerKills = 5;

// The processes that a server has started.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(parent) + "/task")) {
    std::ifstream list(thread.path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

void expect_sums(const json::object& status) {
  EXPECT_EQ(number_in(status, "total_tasks"), kTasks);
  EXPECT_EQ(number_in(status, "completed") + number_in(status, "failed") +
                number_in(status, "processing"),
            kTasks)
      << json::serialize(status);
}

TEST(ServeChaos, KilledWorkersAndServersLoseNothingAndEndNothingTwice) {
  Server server({"--arke-entities", "2000", "--api-latency", "20:20"},
                {"--attempts", "50", "--max-running", "8"});
  const std::string batch = server.submit(1, kTasks);
  std::mt19937 random(7);
  std::int64_t completed = 0;
  int kills = 0;
  int worker_kills = 0;
  while (true) {
    const HttpAnswer answer = server.get("/status/batch/" + batch + "?limit=1");
    ASSERT_EQ(answer.status, 200);
    const json::object status = json::parse(answer.body).as_object();
    expect_sums(status);
    EXPECT_GE(number_in(status, "completed"), completed) << "what has succeeded stays so";
    completed = number_in(status, "completed");
    if (status.contains("completed_at")) break;
    for (const pid_t worker : children_of(server.process().id())) {
      if (random() % 10 == 0 && ::kill(worker, SIGKILL) == 0) ++worker_kills;
    }
    if (kills < kServerKills && completed > (kills + 1) * kTasks / (kServerKills + 2)) {
      server.kill(SIGKILL);
      ++kills;
      server.start();
    }
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(kills, kServerKills);
  EXPECT_GT(worker_kills, 0);
  EXPECT_EQ(completed, kTasks);
  const HttpAnswer zip = server.get("/download/batch/" + batch);
  ASSERT_EQ(zip.status, 200);
  const fs::path file = server.workspace() / "all.zip";
  write_text(file, zip.body);
  const ProcessResult list = run({.program = "unzip", .arguments = {"-Z1", file.string()}});
  std::set<std::string> names;
  std::istringstream lines(list.out);
  for (std::string name; std::getline(lines, name);) names.insert(name);
  EXPECT_EQ(names.size(), std::size_t{kTasks + 1});
  for (int i = 1; i <= kTasks; ++i) EXPECT_TRUE(names.contains(pi_of(i) + ".xml")) << i;
  EXPECT_EQ(run({.program = "unzip", .arguments = {"-tqq", file.string()}}).exit_code, 0);
}

}  // namespace
}  // namespace gantry::testing
