#include "gantry/batch/flights.hpp"

#include <gtest/gtest.h>

#include "gantry/async/clock.hpp"

#include "testing/io_loop.hpp"

namespace gantry::batch {
namespace {

using namespace std::chrono_literals;

class FlightsTest : public ::testing::Test {
 protected:
  async::awaitable<int> work() {
    ++started_;
    try {
      co_await clock_.sleep(10s);
    } catch (const Error&) {
      ++cancelled_;
      throw;
    }
    if (broken_) throw Error(ErrorCode::kServer, "it broke");
    co_return 42;
  }

  async::awaitable<void> want(Flights<int>& flights, std::vector<std::string>& results) {
    std::function<async::awaitable<int>()> start = [this] { return work(); };
    try {
      int result = co_await flights.join("key", start);
      results.push_back(std::to_string(result));
    } catch (const Error& error) {
      results.push_back(std::string(to_string(error.code())));
    }
  }

  void step(async::Duration time = 0s) {
    loop_.restart();
    loop_.poll();
    clock_.advance(time);
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  async::TaskScope process_{loop_.get_executor()};
  async::TaskScope first_{loop_.get_executor()};
  async::TaskScope second_{loop_.get_executor()};
  int started_ = 0;
  int cancelled_ = 0;
  bool broken_ = false;
};

TEST_F(FlightsTest, ManyWaitersShareOneFlight) {
  Flights<int> flights(loop_.get_executor(), process_, Keep::kNothing);
  std::vector<std::string> results;
  for (int i = 0; i < 5; ++i) first_.spawn(want(flights, results));
  step(10s);
  EXPECT_EQ(results, std::vector<std::string>(5, "42"));
  EXPECT_EQ(started_, 1);
  first_.spawn(want(flights, results));
  step(10s);
  EXPECT_EQ(started_, 2);
}

TEST_F(FlightsTest, AKeptResultIsNeverFetchedAgainButAFailureIs) {
  Flights<int> flights(loop_.get_executor(), process_, Keep::kResult);
  std::vector<std::string> results;
  broken_ = true;
  first_.spawn(want(flights, results));
  step(10s);
  broken_ = false;
  first_.spawn(want(flights, results));
  step(10s);
  first_.spawn(want(flights, results));
  step();
  EXPECT_EQ(results, (std::vector<std::string>{"server", "42", "42"}));
  EXPECT_EQ(started_, 2);
}

TEST_F(FlightsTest, TheLeadersCancellationDoesNotReachTheOthers) {
  Flights<int> flights(loop_.get_executor(), process_, Keep::kNothing);
  std::vector<std::string> leader;
  std::vector<std::string> joiner;
  first_.spawn(want(flights, leader));
  step(1s);
  second_.spawn(want(flights, joiner));
  step(1s);
  first_.cancel();
  step(8s);
  EXPECT_EQ(leader, std::vector<std::string>{"cancelled"});
  EXPECT_EQ(joiner, std::vector<std::string>{"42"});
  EXPECT_EQ(cancelled_, 0);
}

TEST_F(FlightsTest, TheLastOneToLeaveCancelsTheFlightAndTheNextStartsAnew) {
  Flights<int> flights(loop_.get_executor(), process_, Keep::kNothing);
  std::vector<std::string> results;
  first_.spawn(want(flights, results));
  step(1s);
  first_.cancel();
  step();
  second_.spawn(want(flights, results));
  step(10s);
  EXPECT_EQ(results, (std::vector<std::string>{"cancelled", "42"}));
  EXPECT_EQ(cancelled_, 1);
  EXPECT_EQ(started_, 2);
  EXPECT_EQ(process_.running(), 0u);
}

}  // namespace
}  // namespace gantry::batch
