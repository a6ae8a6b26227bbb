#include "gantry/service/task_store.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const async::WallTime kNow = async::WallTime() + 1'763'061'234'567ms;

class TaskStoreTest : public ::testing::Test {
 protected:
  Submission submit(std::vector<std::string> subjects, NewBatch batch = {}) {
    batch.kind = "mods";
    batch.options = "{}";
    batch.subjects = std::move(subjects);
    return writer_.submit(batch, kNow);
  }
  std::vector<Claim> claim(std::uint64_t count, async::WallTime now = kNow) {
    std::vector<ReadyBatch> ready = writer_.ready_batches(now);
    if (ready.empty()) return {};
    return writer_.claim(ready.front().number, count, now, 30s, 10min);
  }
  static Attempt attempt_of(const Claim& claim) {
    return {claim.task_id, claim.attempt, "machine"};
  }
  static Result success(const std::string& receipt = "done") {
    Result result;
    result.output = TaskOutput{{"exports/x", 12, 34, sha256("x")}, "x.xml"};
    result.receipt = sha256(receipt);
    return result;
  }
  static Result failure(bool may_be_tried_again) {
    Result result;
    result.error_code = "network";
    result.error = "the gateway does not answer";
    result.may_be_tried_again = may_be_tried_again;
    result.receipt = sha256("failed");
    return result;
  }
  TaskState state(const std::string& id) { return reader_.task(id)->state; }
  Batch batch(const std::string& id) { return *reader_.batch(id); }

  testing::TemporaryFolder folder_;
  TaskWriter writer_{folder_.path() / "tasks.sqlite"};
  TaskReader reader_{folder_.path() / "tasks.sqlite"};
};

TEST_F(TaskStoreTest, ATaskGoesFromQueueToSuccess) {
  Submission submission = submit({"A", "B"});
  EXPECT_THAT(submission.batch_id, ::testing::MatchesRegex("batch_1763061234567_[0-9a-f]{8}"));
  EXPECT_THAT(submission.task_ids[1],
              ::testing::MatchesRegex("export_mods_1763061234568_[0-9a-f]{8}"));
  std::vector<Claim> claims = claim(1);
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].subject, "A");
  EXPECT_EQ(state(claims[0].task_id), TaskState::kLaunching);
  EXPECT_TRUE(writer_.started(attempt_of(claims[0]), kNow, 30s));
  EXPECT_EQ(state(claims[0].task_id), TaskState::kRunning);
  EXPECT_EQ(writer_.settle(attempt_of(claims[0]), success(), kNow), Settlement::kTaken);
  Task task = *reader_.task(claims[0].task_id);
  EXPECT_EQ(task.state, TaskState::kSuccess);
  EXPECT_EQ(task.output->name, "x.xml");
  EXPECT_EQ(task.output->artifact, success().output->artifact);
  Batch half = batch(submission.batch_id);
  EXPECT_EQ(half.counts.completed(), 1u);
  EXPECT_EQ(half.counts.processing(), 1u);
  EXPECT_EQ(half.counts.total(), 2u);
  EXPECT_FALSE(half.completed_at);
}

TEST_F(TaskStoreTest, OneEndIsTakenAnEqualOneRepeatedAnyOtherRefused) {
  submit({"A"});
  Attempt attempt = attempt_of(claim(1).at(0));
  EXPECT_EQ(writer_.settle(attempt, success(), kNow), Settlement::kTaken);
  EXPECT_EQ(writer_.settle(attempt, success(), kNow), Settlement::kRepeated);
  EXPECT_EQ(writer_.settle(attempt, success("other"), kNow), Settlement::kRefused);
  EXPECT_EQ(writer_.settle(attempt, failure(false), kNow), Settlement::kRefused);
  EXPECT_EQ(writer_.settle({"export_mods_1_00000000", 1, ""}, success(), kNow),
            Settlement::kUnknown);
  EXPECT_FALSE(writer_.heartbeat(attempt, kNow, 30s));
  EXPECT_EQ(state(attempt.task_id), TaskState::kSuccess);
  EXPECT_EQ(reader_.task(attempt.task_id)->error, "");
}

TEST_F(TaskStoreTest, APassingFailureIsTriedAgainLaterAndNotForEver) {
  NewBatch two_attempts;
  two_attempts.attempts = 2;
  Submission submission = submit({"A"}, two_attempts);
  Attempt first = attempt_of(claim(1).at(0));
  EXPECT_EQ(writer_.settle(first, failure(true), kNow), Settlement::kTaken);
  EXPECT_EQ(state(first.task_id), TaskState::kQueued);
  EXPECT_EQ(writer_.next_ready(), kNow + 1s);
  EXPECT_THAT(claim(1), IsEmpty());
  Attempt second = attempt_of(claim(1, kNow + 1s).at(0));
  EXPECT_EQ(second.number, 2);
  EXPECT_EQ(writer_.settle(first, success(), kNow), Settlement::kRefused) << "it comes too late";
  EXPECT_EQ(writer_.settle(second, failure(true), kNow + 2s), Settlement::kTaken);
  EXPECT_EQ(state(first.task_id), TaskState::kError);
  EXPECT_EQ(batch(submission.batch_id).completed_at, kNow + 2s);
}

TEST_F(TaskStoreTest, WhoIsGivenBackHasUsedNoAttempt) {
  NewBatch one_attempt;
  one_attempt.attempts = 1;
  submit({"A"}, one_attempt);
  Attempt attempt = attempt_of(claim(1).at(0));
  writer_.give_back(attempt, kNow);
  EXPECT_EQ(writer_.settle(attempt, success(), kNow), Settlement::kRefused);
  EXPECT_EQ(attempt_of(claim(1).at(0)).number, 2);
}

TEST_F(TaskStoreTest, ALostWorkerIsFoundByItsLease) {
  submit({"A", "B"});
  std::vector<Claim> claims = claim(2);
  writer_.started(attempt_of(claims[0]), kNow, 30s);
  EXPECT_TRUE(writer_.heartbeat(attempt_of(claims[1]), kNow + 20s, 30s));
  std::vector<Attempt> overdue = writer_.overdue(kNow + 31s);
  ASSERT_THAT(overdue, SizeIs(1));
  EXPECT_EQ(overdue[0].task_id, claims[0].task_id);
  EXPECT_EQ(overdue[0].machine, "machine");
  EXPECT_THAT(writer_.overdue(kNow + 11min), SizeIs(2)) << "the deadline is over for both";
}

TEST_F(TaskStoreTest, CancellingEndsAllAndNamesThoseToStop) {
  Submission submission = submit({"A", "B", "C"});
  std::vector<Claim> claims = claim(2);
  writer_.settle(attempt_of(claims[0]), success(), kNow);
  std::vector<Attempt> to_stop = writer_.cancel(submission.batch_id, kNow + 1s);
  ASSERT_THAT(to_stop, SizeIs(1));
  EXPECT_EQ(to_stop[0].task_id, claims[1].task_id);
  Batch ended = batch(submission.batch_id);
  EXPECT_EQ(ended.counts.completed(), 1u);
  EXPECT_EQ(ended.counts.failed(), 2u);
  EXPECT_EQ(ended.completed_at, kNow + 1s);
  EXPECT_FALSE(writer_.started(attempt_of(claims[1]), kNow, 30s));
  EXPECT_THAT(writer_.cancel(submission.batch_id, kNow + 9s), IsEmpty());
  EXPECT_EQ(batch(submission.batch_id).completed_at, kNow + 1s);
}

TEST_F(TaskStoreTest, ARetryBeginsWhatHasFailedAndNothingElse) {
  Submission submission = submit({"A", "B"});
  std::vector<Claim> claims = claim(2);
  writer_.settle(attempt_of(claims[0]), success(), kNow);
  writer_.settle(attempt_of(claims[1]), failure(false), kNow);
  EXPECT_EQ(writer_.retry(submission.batch_id, 3, kNow), 1u);
  EXPECT_FALSE(batch(submission.batch_id).completed_at);
  std::vector<Claim> again = claim(9);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].task_id, claims[1].task_id);
  EXPECT_EQ(again[0].attempt, 2);
  EXPECT_EQ(reader_.task(again[0].task_id)->error, "");
}

TEST_F(TaskStoreTest, WhatIsNotDoneInTimeExpires) {
  NewBatch brief;
  brief.expires_at = kNow + 1h;
  Submission submission = submit({"A"}, brief);
  EXPECT_THAT(writer_.expire(kNow), IsEmpty());
  EXPECT_EQ(state(submission.task_ids[0]), TaskState::kQueued);
  writer_.expire(kNow + 1h);
  EXPECT_EQ(state(submission.task_ids[0]), TaskState::kExpired);
}

TEST_F(TaskStoreTest, TheSameKeyIsTheSameBatchAndNeverAnotherRequest) {
  NewBatch keyed;
  keyed.idempotency_key = "mine";
  keyed.request = sha256("request");
  Submission first = submit({"A", "B"}, keyed);
  Submission second = submit({"A", "B"}, keyed);
  EXPECT_TRUE(second.is_repeat);
  EXPECT_EQ(second.batch_id, first.batch_id);
  EXPECT_EQ(second.task_ids, first.task_ids);
  keyed.request = sha256("another");
  EXPECT_THROW(submit({"C"}, keyed), Error);
  keyed.owner = "somebody else";
  EXPECT_NE(submit({"C"}, keyed).batch_id, first.batch_id);
}

TEST_F(TaskStoreTest, PagesHaveEachTaskOnceAndFailuresFirstIfAsked) {
  Submission submission = submit({"A", "B", "C", "D"});
  std::vector<Claim> claims = claim(4);
  writer_.settle(attempt_of(claims[2]), failure(false), kNow);
  for (TaskOrder order : {TaskOrder::kAsRequested, TaskOrder::kFailuresFirst}) {
    std::string subjects;
    std::string cursor;
    do {
      Page<Task> page = reader_.tasks(submission.batch_id, order, cursor, 2);
      for (const Task& task : page.entries) subjects += task.subject;
      cursor = page.next.value_or("");
    } while (!cursor.empty());
    EXPECT_EQ(subjects, order == TaskOrder::kAsRequested ? "ABCD" : "CABD");
  }
  EXPECT_THROW(reader_.tasks(submission.batch_id, TaskOrder::kAsRequested, "x", 2), Error);
}

TEST_F(TaskStoreTest, EveryChangeIsAnEvent) {
  Submission submission = submit({"A"});
  Attempt attempt = attempt_of(claim(1).at(0));
  writer_.started(attempt, kNow, 30s);
  writer_.settle(attempt, success(), kNow);
  std::vector<TaskEvent> events = reader_.events_after(0, submission.batch_id, 100);
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_EQ(events[0].state, TaskState::kLaunching);
  EXPECT_EQ(events[2].state, TaskState::kSuccess);
  EXPECT_EQ(events[2].subject, "A");
  EXPECT_EQ(events[3].task_id, "") << "the batch has ended";
  EXPECT_THAT(reader_.events_after(events[2].id, "", 100), SizeIs(1));
}

TEST_F(TaskStoreTest, OnlyWhatHasEndedIsForgottenAndThenWhole) {
  Submission submission = submit({"A"});
  EXPECT_THROW(writer_.remove(submission.batch_id), Error);
  writer_.cancel(submission.batch_id, kNow);
  writer_.remove(submission.batch_id);
  EXPECT_FALSE(reader_.batch(submission.batch_id));
  EXPECT_FALSE(reader_.task(submission.task_ids[0]));
  EXPECT_THROW(writer_.remove(submission.batch_id), Error);
}

TEST_F(TaskStoreTest, BatchesThatEndedLongAgoAreForgotten) {
  Submission old_one = submit({"A"});
  Submission open_one = submit({"B"});
  writer_.cancel(old_one.batch_id, kNow);
  EXPECT_EQ(writer_.forget_ended_before(kNow, 10), 0u);
  EXPECT_EQ(writer_.forget_ended_before(kNow + 1s, 10), 1u);
  EXPECT_FALSE(reader_.batch(old_one.batch_id));
  EXPECT_TRUE(reader_.batch(open_one.batch_id));
}

// Random changes in any order: the counts stay those of the tasks, and no task ends twice.
TEST_F(TaskStoreTest, CountsAreAlwaysThoseOfTheTasks) {
  std::uint64_t random = 7;
  auto below = [&random](std::uint64_t limit) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % limit;
  };
  std::vector<Submission> batches;
  std::vector<Attempt> attempts;
  for (int step = 0; step < 2000; ++step) {
    async::WallTime now = kNow + step * 1s;
    switch (below(7)) {
      case 0:
        if (batches.size() < 6) batches.push_back(submit({"A", "B", "C", "D", "E"}));
        break;
      case 1:
        for (const Claim& each : claim(1 + below(4), now)) attempts.push_back(attempt_of(each));
        break;
      case 2:
        if (!attempts.empty()) writer_.started(attempts[below(attempts.size())], now, 30s);
        break;
      case 3:
        if (!attempts.empty()) writer_.settle(attempts[below(attempts.size())], success(), now);
        break;
      case 4:
        if (!attempts.empty()) {
          writer_.settle(attempts[below(attempts.size())], failure(below(2) == 0), now);
        }
        break;
      case 5:
        if (!batches.empty() && below(10) == 0) {
          writer_.cancel(batches[below(batches.size())].batch_id, now);
        }
        break;
      default:
        if (!batches.empty() && below(5) == 0) {
          writer_.retry(batches[below(batches.size())].batch_id, 3, now);
        }
    }
    ASSERT_TRUE(writer_.counts_are_right()) << "after step " << step;
  }
}

class TaskStoreThreads : public ::testing::Test {
 protected:
  template <class Action>
  void run(Action action) {
    boost::asio::co_spawn(loop_, std::move(action), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
    loop_.restart();
    loop_.run();
  }

  testing::TemporaryFolder folder_;
  boost::asio::io_context loop_;
};

async::awaitable<void> submit_one(TaskStore& store, std::string subject, int& done) {
  auto change = [subject](TaskWriter& writer) {
    NewBatch batch{.kind = "mods", .options = "{}", .subjects = {subject}};
    if (subject == "bad") throw Error(ErrorCode::kUsage, "no");
    return writer.submit(batch, kNow);
  };
  Submission submission = co_await store.change(std::move(change));
  auto question = [id = submission.batch_id](TaskReader& reader) { return reader.batch(id); };
  std::optional<Batch> batch = co_await store.ask(std::move(question));
  if (batch) ++done;
}

TEST_F(TaskStoreThreads, WhatIsAnsweredIsCommittedAndOneFailureIsOne) {
  TaskStore store(loop_.get_executor(), folder_.path() / "tasks.sqlite");
  int done = 0;
  int failed = 0;
  for (int i = 0; i < 50; ++i) {
    boost::asio::co_spawn(loop_, submit_one(store, i % 10 == 3 ? "bad" : "A", done),
                          [&failed](const std::exception_ptr& error) { failed += error ? 1 : 0; });
  }
  // Answers are posted to the loop by another thread.
  auto guard = boost::asio::make_work_guard(loop_);
  while (done + failed < 50) loop_.run_one_for(1s);
  EXPECT_EQ(done, 45);
  EXPECT_EQ(failed, 5);
}

TEST_F(TaskStoreThreads, ADatabaseOfANewerProgramIsRefusedAndLeftAlone) {
  std::filesystem::path path = folder_.path() / "tasks.sqlite";
  { TaskWriter writer(path); }
  {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA user_version=99");
  }
  EXPECT_THROW(TaskWriter writer(path), Error);
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace gantry::service
