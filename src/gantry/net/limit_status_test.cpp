#include "gantry/net/limit_status.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "gantry/net/admission.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

class LimitStatusTest : public ::testing::Test {
 protected:
  LimitStatusTest() {
    admission_.queue().set_budget("tier1", 10, 60s);
    admission_.queue().set_budget("tier3", 50, 60s);
    admission_.queue().set_pool("api", 100, LaneOrder::kInTurn);
  }

  // So many calls that leave now and are answered at once.
  void call(int count, const char* budget = "tier1") {
    for (int i = 0; i < count; ++i) {
      admission_.request({.budget = budget, .host = "api.example", .pool = "api"},
                         [this](Outcome<Admission::Grant> grant) {
                           grant.value().left({clock_.now(), clock_.now()});
                         });
    }
  }
  BudgetStatus budget(std::size_t index) { return admission_.status().budgets.at(index); }

  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  Admission admission_{loop_.get_executor(), clock_, 15min};
};

TEST_F(LimitStatusTest, ShowsEveryBudgetBeforeAnythingHasLeft) {
  LimitStatus status = admission_.status();
  ASSERT_EQ(status.budgets.size(), 2u);
  EXPECT_EQ(status.budgets[0].name, "tier1");
  EXPECT_EQ(status.budgets[0].left(), 10);
  EXPECT_EQ(status.budgets[1].name, "tier3");
  EXPECT_EQ(status.budgets[1].limit, 50);
  EXPECT_EQ(status.calls_per_second, 0);
  EXPECT_TRUE(status.pauses.empty());
  EXPECT_EQ(status.wait, 0s);
}

TEST_F(LimitStatusTest, MeasuresWhatHasLeft) {
  call(4);
  clock_.advance(2s);
  call(2, "tier3");
  LimitStatus status = admission_.status();
  EXPECT_EQ(status.budgets[0].used, 4);
  EXPECT_EQ(status.budgets[0].left(), 6);
  EXPECT_EQ(status.budgets[1].last_10s, 2u);
  EXPECT_DOUBLE_EQ(status.calls_per_second, 3.0);  // six since the first, two seconds ago

  clock_.advance(9s);
  EXPECT_EQ(budget(0).last_10s, 0u);
  EXPECT_EQ(budget(0).last_60s, 4u);
  EXPECT_DOUBLE_EQ(admission_.status().calls_per_second, 0.2);

  clock_.advance(50s);
  EXPECT_EQ(budget(0).last_60s, 0u);
  EXPECT_EQ(budget(0).left(), 10);
  EXPECT_EQ(budget(1).last_60s, 2u);
}

TEST_F(LimitStatusTest, ABurstIsNoRateOfItsOwn) {
  call(8);
  EXPECT_DOUBLE_EQ(admission_.status().calls_per_second, 8.0);
}

TEST_F(LimitStatusTest, ACallInFlightIsUsedAndHasNotLeftYet) {
  std::optional<Admission::Grant> held;
  admission_.request(
      {.budget = "tier1", .host = "api.example", .pool = "api"},
      [&held](Outcome<Admission::Grant> grant) { held.emplace(std::move(grant.value())); });
  EXPECT_EQ(budget(0).used, 1);
  EXPECT_EQ(budget(0).last_60s, 0u);
  held.reset();
  EXPECT_EQ(budget(0).used, 0);
}

TEST_F(LimitStatusTest, CountsAPauseDownAndThatTheBudgetHasShrunk) {
  call(2);
  admission_.rate_limited("tier1", "api.example", 30s, "");
  clock_.advance(7s);
  LimitStatus status = admission_.status();
  ASSERT_EQ(status.pauses.size(), 1u);
  EXPECT_EQ(status.pauses[0].host, "api.example");
  EXPECT_EQ(status.pauses[0].left, 23s);
  EXPECT_EQ(status.budgets[0].limit, 5);
  EXPECT_EQ(status.budgets[0].left(), 0);
  clock_.advance(23s);
  EXPECT_TRUE(admission_.status().pauses.empty());
}

TEST_F(LimitStatusTest, TellsHowLongASpentBudgetHoldsTheNextCall) {
  call(11);
  clock_.advance(20s);
  LimitStatus status = admission_.status();
  EXPECT_EQ(status.budgets[0].left(), 0);
  EXPECT_EQ(status.wait, 40s);
}

TEST(Departures, AreCountedInWhateverOrderTheyAreNoted) {
  Departures departures;
  async::TimePoint now = async::TimePoint() + 100h;
  for (auto ago : {5s, 50s, 1s, 20s, 90s}) departures.note(now - ago);
  EXPECT_EQ(departures.count(now, 10s), 2u);
  EXPECT_EQ(departures.count(now, 60s), 4u);
}

}  // namespace
}  // namespace gantry::net
