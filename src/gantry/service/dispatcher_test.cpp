#include "gantry/service/dispatcher.hpp"

#include <functional>
#include <set>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Workers that do what they are told, without a process.
class FakeLauncher final : public Launcher {
 public:
  FakeLauncher(async::Clock& clock, TaskStore& store) : clock_(clock), store_(store) {}

  // How the attempt ends; nothing: without a word.
  std::function<std::optional<Result>(const Claim&)> end = [](const Claim& claim) {
    Result result;
    result.output = TaskOutput{{"exports/" + claim.task_id, 1, 2, sha256("x")}, "x.xml"};
    return std::optional(result);
  };
  std::function<void(const Claim&)> before_launch = [](const Claim&) {};
  std::vector<async::TimePoint> launches;
  int running = 0;
  int most_running = 0;
  std::set<std::string> stopped;
  bool hangs = false;

  std::string_view name() const override { return "fake"; }
  bool outlive_server = false;
  std::vector<Attempt> there;  // machines that an earlier server has started

  bool workers_outlive_server() const override { return outlive_server; }
  async::awaitable<std::string> launch(Assignment assignment) override {
    before_launch(assignment.claim);
    launches.push_back(clock_.now());
    most_running = std::max(most_running, ++running);
    claims_[assignment.claim.task_id] = assignment.claim;
    co_return assignment.claim.task_id;
  }
  async::awaitable<std::string> wait(std::string machine) override {
    while (hangs && !stopped.contains(machine)) co_await clock_.sleep(5ms);
    Claim claim = claims_.at(machine);
    std::optional<Result> result = stopped.contains(machine) ? std::nullopt : end(claim);
    if (result) {
      auto settle = [claim, result, now = clock_.wall_now()](TaskWriter& writer) {
        return writer.settle({claim.task_id, claim.attempt, ""}, *result, now);
      };
      co_await store_.change(std::move(settle));
    }
    --running;
    co_return "exit code 0";
  }
  async::awaitable<std::vector<Attempt>> machines() override { co_return there; }
  async::awaitable<void> stop(std::string machine) override {
    stopped.insert(machine);
    co_return;
  }

 private:
  async::Clock& clock_;
  TaskStore& store_;
  std::map<std::string, Claim> claims_;
};

class DispatcherTest : public ::testing::Test {
 protected:
  Submission submit(int count, int attempts = 3) {
    TaskWriter writer(path_);
    NewBatch batch{.kind = "mods", .options = "{}", .attempts = attempts};
    for (int i = 0; i < count; ++i) batch.subjects.push_back("S" + std::to_string(i));
    return writer.submit(batch, clock_.wall_now());
  }
  Batch batch(const Submission& submission) {
    return *TaskReader(path_).batch(submission.batch_id);
  }
  Task task(const Submission& submission, std::size_t number = 0) {
    return *TaskReader(path_).task(submission.task_ids[number]);
  }

  // Runs the dispatcher until the batch has ended, or the time is over.
  void run(const Submission& submission, Dispatcher::Options options = {},
           std::chrono::milliseconds most = 10s) {
    options.token_key = Secret("key");
    Dispatcher dispatcher(loop_.get_executor(), clock_, store_, launcher_, options);
    dispatcher.set_callback_base("http://127.0.0.1/callback/");
    async::TaskScope scope(loop_.get_executor());
    scope.spawn(dispatcher.run());
    async::TimePoint deadline = clock_.now() + most;
    while (!batch(submission).completed_at && clock_.now() < deadline) loop_.run_for(10ms);
    scope.cancel();
    while (scope.running() > 0) loop_.run_one_for(10ms);
    loop_.run_for(1ms);
    EXPECT_EQ(dispatcher.running(), 0);
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "tasks.sqlite";
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      loop_.get_executor()};
  async::SystemClock clock_{loop_.get_executor()};
  TaskStore store_{loop_.get_executor(), path_};
  FakeLauncher launcher_{clock_, store_};
};

TEST_F(DispatcherTest, EndsMachinesWhoseAttemptsAreOver) {
  launcher_.outlive_server = true;
  launcher_.there = {{"export_mods_1_00000000", 1, "stray"}};
  run(submit(1));
  EXPECT_EQ(launcher_.stopped, std::set<std::string>{"stray"});
}

TEST_F(DispatcherTest, DoesAllTasksWithinItsWindow) {
  Submission submission = submit(40);
  run(submission, {.max_running = 4});
  EXPECT_EQ(batch(submission).counts.completed(), 40u);
  EXPECT_EQ(launcher_.launches.size(), 40u);
  EXPECT_EQ(launcher_.most_running, 4);
}

TEST_F(DispatcherTest, AWorkerThatEndsWithoutAWordIsFollowedByAnother) {
  Submission submission = submit(1);
  launcher_.end = [&](const Claim& claim) -> std::optional<Result> {
    if (claim.attempt < 2) return std::nullopt;
    Result result;
    result.output = TaskOutput{{"k", 1, 2, sha256("x")}, "x.xml"};
    return result;
  };
  run(submission);
  EXPECT_EQ(task(submission).state, TaskState::kSuccess);
  EXPECT_EQ(task(submission).attempts, 2);
}

TEST_F(DispatcherTest, GivesUpAfterAsManyAttemptsAsThereMayBe) {
  Submission submission = submit(1, 2);
  launcher_.end = [](const Claim&) { return std::nullopt; };
  run(submission);
  EXPECT_EQ(task(submission).state, TaskState::kError);
  EXPECT_EQ(task(submission).error_code, "lost");
  EXPECT_THAT(task(submission).error, HasSubstr("exit code 0"));
  EXPECT_EQ(task(submission).attempts, 2);
}

TEST_F(DispatcherTest, WhatCannotBeLaunchedForGoodIsAnError) {
  Submission submission = submit(2);
  launcher_.before_launch = [](const Claim& claim) {
    if (claim.subject == "S0") throw Error(ErrorCode::kForbidden, "the image is not yours");
  };
  run(submission);
  EXPECT_EQ(task(submission, 0).state, TaskState::kError);
  EXPECT_EQ(task(submission, 0).attempts, 1);
  EXPECT_EQ(task(submission, 1).state, TaskState::kSuccess);
}

TEST_F(DispatcherTest, ASilentWorkerIsStoppedWhenItsLeaseIsOver) {
  Submission submission = submit(1, 1);
  launcher_.hangs = true;
  run(submission, {.lease = 100ms});
  EXPECT_EQ(task(submission).state, TaskState::kError);
  EXPECT_THAT(task(submission).error, HasSubstr("no sign of life"));
  EXPECT_EQ(launcher_.stopped.size(), 1u);
}

TEST_F(DispatcherTest, LaunchesAreSpacedAfterABurst) {
  Submission submission = submit(6);
  run(submission, {.max_running = 10, .launches_per_second = 20, .launch_burst = 2});
  ASSERT_EQ(launcher_.launches.size(), 6u);
  EXPECT_GE(launcher_.launches[5] - launcher_.launches[0], 195ms);
  EXPECT_LT(launcher_.launches[1] - launcher_.launches[0], 45ms);
}

TEST_F(DispatcherTest, WhatWaitsForItsLaunchLosesNoTime) {
  Submission submission = submit(4, 1);
  run(submission, {.launches_per_second = 2, .launch_burst = 1, .lease = 150ms});
  EXPECT_EQ(batch(submission).counts.completed(), 4u);
}

TEST_F(DispatcherTest, WhatAnEndingServerStopsCostsNoAttempt) {
  Submission submission = submit(3, 1);
  launcher_.hangs = true;
  run(submission, {}, 200ms);
  EXPECT_EQ(batch(submission).counts.processing(), 3u);
  launcher_.hangs = false;
  launcher_.stopped.clear();
  run(submission);
  EXPECT_EQ(batch(submission).counts.completed(), 3u);
}

}  // namespace
}  // namespace gantry::service
