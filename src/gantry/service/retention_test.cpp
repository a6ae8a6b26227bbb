#include "gantry/service/retention.hpp"

#include <optional>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/async/worker_pool.hpp"

#include "testing/files.hpp"
#include "testing/io_loop.hpp"

namespace gantry::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Beside tasks that go on, which testing::run() would wait for.
template <class T>
T run_beside(boost::asio::io_context& loop, async::awaitable<T> task) {
  std::optional<T> result;
  std::exception_ptr failure;
  boost::asio::co_spawn(loop, testing::keep_result<T>(std::move(task), result),
                        [&failure](const std::exception_ptr& thrown) { failure = thrown; });
  while (!result && !failure) {
    loop.restart();
    loop.run_one_for(1s);
  }
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

class RetentionTest : public ::testing::Test {
 protected:
  // The name of a batch with one output that has ended.
  std::string ended_batch() {
    NewBatch batch{.kind = "mods", .options = "{}", .subjects = {"A"}};
    TaskWriter writer(folder_ / "tasks.sqlite");
    Submission submission = writer.submit(batch, clock_.wall_now());
    Claim claim = writer
                      .claim(writer.ready_batches(clock_.wall_now()).at(0).number, 1,
                             clock_.wall_now(), 30s, 10min)
                      .at(0);
    testing::write_text(folder_ / "a.xml", claim.task_id);
    auto put = store_.put("exports/" + claim.task_id + "/1/a.xml", folder_ / "a.xml");
    Result result;
    result.output = TaskOutput{run_beside(loop_, std::move(put)), "a.xml"};
    writer.settle({claim.task_id, 1, ""}, result, clock_.wall_now());
    return submission.batch_id;
  }
  std::vector<std::string> keys() { return run_beside(loop_, store_.list("", "")); }
  void remove(const std::string& batch) { TaskWriter(folder_ / "tasks.sqlite").remove(batch); }
  // Runs what is to be done for so long, or until nothing is stored.
  void run_until_empty(std::chrono::milliseconds patience) {
    for (auto spent = 0ms; spent < patience && !keys().empty(); spent += 10ms) {
      loop_.restart();
      loop_.run_for(10ms);
    }
  }

  testing::TemporaryFolder folder_;
  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  async::WorkerPool pool_{2};
  artifacts::LocalArtifactStore store_{folder_.path() / "artifacts", pool_};
  TaskStore tasks_{loop_.get_executor(), folder_.path() / "tasks.sqlite"};
  RunningDownloads running_{loop_.get_executor()};
  Retention retention_{clock_, tasks_, store_, running_, std::chrono::hours(0)};
};

TEST_F(RetentionTest, WhatADownloadNeedsStaysUntilItEnds) {
  std::string batch = ended_batch();
  async::TaskScope scope(loop_.get_executor());
  std::shared_ptr<void> download = running_.begin();
  scope.spawn(retention_.run());
  loop_.restart();
  loop_.poll();
  remove(batch);
  clock_.advance(1min);
  run_until_empty(300ms);
  EXPECT_EQ(keys().size(), 1u);
  std::shared_ptr<void> later = running_.begin();
  download.reset();
  run_until_empty(60s);
  EXPECT_THAT(keys(), IsEmpty()) << "one that began later does not need it";
  scope.cancel();
  testing::run(loop_, scope.join());
}

TEST_F(RetentionTest, WhatABatchHasStays) {
  std::string kept = ended_batch();
  std::string forgotten = ended_batch();
  remove(forgotten);
  async::TaskScope scope(loop_.get_executor());
  scope.spawn(retention_.run());
  loop_.restart();
  loop_.poll();
  clock_.advance(1min);
  for (int look = 0; look < 6000 && keys().size() > 1; ++look) {
    loop_.restart();
    loop_.run_for(10ms);
  }
  ASSERT_EQ(keys().size(), 1u);
  auto question = [kept](TaskReader& reader) {
    return reader.tasks(kept, TaskOrder::kAsRequested, "", 1).entries.at(0).output->artifact.key;
  };
  EXPECT_EQ(keys().at(0), run_beside(loop_, tasks_.ask(std::move(question))));
  scope.cancel();
  testing::run(loop_, scope.join());
}

}  // namespace
}  // namespace gantry::service
