// Three jobs of 10, 100 and 1,000 calls share one tight budget over real sockets.
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gantry/async/task_scope.hpp"
#include "gantry/jobs/engine.hpp"

#include "testing/io_loop.hpp"
#include "testing/sandbox.hpp"

namespace gantry::testing {
namespace {

constexpr int kBudget = 400;  // less than the large job needs; the next calls come a minute later

class SharedLimit : public ::testing::Test {
 protected:
  jobs::EngineOptions options() const {
    jobs::EngineOptions options;
    options.api_url = sandbox_.base_url();
    options.token = Secret("figd_test");
    options.rate_limit = kBudget;
    return options;
  }

  // Asks for the addresses of so many full calls; nodes that are not there cost the same.
  async::awaitable<void> ask(jobs::Engine& engine, std::string file, int calls, int lane) {
    batch::JobContext context;
    context.name = file;
    context.lane = static_cast<net::Lane>(lane);
    context.progress = &progress_;
    const std::size_t count = static_cast<std::size_t>(calls) * figma::kIdsInOneCall;
    std::vector<std::string> ids;
    ids.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(fmt::format("7:{}", i));
    }
    co_await engine.figma().addresses().get(file, {}, std::move(ids), std::move(context));
    calls_until_end_[file] = engine.traffic().api_calls;
  }

  void run_until_two_have_ended() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (calls_until_end_.size() < 2 && std::chrono::steady_clock::now() < deadline) {
      loop_.run_one_for(std::chrono::milliseconds(100));
    }
  }

  Sandbox sandbox_{{"--icons", "10", "--files", "3", "--api-latency", "5"}};
  boost::asio::io_context loop_;
  ProgressSink progress_;
  std::map<std::string, std::uint64_t> calls_until_end_;
};

TEST_F(SharedLimit, ServesJobsInTurnSoThatSmallOnesDoNotWaitForLargeOnes) {
  jobs::Engine engine(loop_, options(), progress_);
  async::TaskScope jobs(loop_.get_executor());
  jobs.spawn(ask(engine, "sandbox-1", 1000, 0));
  jobs.spawn(ask(engine, "sandbox-2", 100, 1));
  jobs.spawn(ask(engine, "sandbox-3", 10, 2));
  run_until_two_have_ended();
  // In turn: 3 * 10 calls, and then 2 * 90 more; eight are on their way at any time.
  EXPECT_GE(calls_until_end_["sandbox-3"], 10U);
  EXPECT_LE(calls_until_end_["sandbox-3"], 45U);
  EXPECT_GE(calls_until_end_["sandbox-2"], 110U);
  EXPECT_LE(calls_until_end_["sandbox-2"], 225U);
  EXPECT_LE(sandbox_.count("api.max_calls_in_window.total"), kBudget);
  jobs.cancel();
  while (jobs.running() > 0) loop_.run_one();
}

}  // namespace
}  // namespace gantry::testing
