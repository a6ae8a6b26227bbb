#include "gantry/net/admission_queue.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

const async::TimePoint kStart = async::TimePoint() + 100h;

class AdmissionQueueTest : public ::testing::Test {
 protected:
  AdmissionQueueTest() {
    queue_.set_budget("tier1", 10, 60s);
    queue_.set_budget("tier3", 50, 60s);
    queue_.set_pool("api", 100, LaneOrder::kInTurn);
    queue_.set_pool("cdn", 2, LaneOrder::kEarliestJobFirst);
  }

  static TicketRequest call(Lane lane, const char* budget = "tier1") {
    return {.budget = budget, .host = "api", .pool = "api", .lane = lane};
  }
  static TicketRequest download(Lane lane) {
    return {.budget = "", .host = "cdn", .pool = "cdn", .lane = lane};
  }

  std::vector<TicketId> grants(async::TimePoint now) {
    std::vector<TicketId> granted;
    for (auto decision = queue_.next(now); decision.granted; decision = queue_.next(now)) {
      granted.push_back(*decision.granted);
    }
    return granted;
  }

  AdmissionQueue queue_;
};

TEST_F(AdmissionQueueTest, GrantsABurstUpToTheBudgetAndThenWaitsForTheWindow) {
  for (int i = 0; i < 15; ++i) queue_.add(call(0), kStart);
  std::vector<TicketId> first = grants(kStart);
  ASSERT_EQ(first.size(), 10u);
  for (TicketId id : first) {
    queue_.release(id, AdmissionQueue::Departure{kStart, kStart + 200ms});
  }
  AdmissionQueue::Decision decision = queue_.next(kStart + 1s);
  EXPECT_FALSE(decision.granted);
  EXPECT_EQ(decision.ask_again, kStart + 60s + 200ms);
  EXPECT_EQ(grants(kStart + 60s).size(), 0u);
  EXPECT_EQ(grants(kStart + 60s + 200ms).size(), 5u);
}

TEST_F(AdmissionQueueTest, ACallThatNeverLeftCostsNothing) {
  for (int i = 0; i < 11; ++i) queue_.add(call(0), kStart);
  std::vector<TicketId> first = grants(kStart);
  ASSERT_EQ(first.size(), 10u);
  queue_.release(first[0], std::nullopt);
  EXPECT_EQ(grants(kStart).size(), 1u);
}

// The promise that everything else rests on, for random latencies, losses and 429s.
TEST_F(AdmissionQueueTest, NeverMoreThanTheBudgetInAnyWindow) {
  for (int seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    AdmissionQueue queue;
    queue.set_budget("b", 7, 60s);
    queue.set_pool("api", 4, LaneOrder::kInTurn);
    std::vector<async::TimePoint> arrivals;
    std::vector<std::pair<async::TimePoint, TicketId>> in_flight;
    async::TimePoint now = kStart;
    for (int step = 0; step < 3'000; ++step) {
      now += std::chrono::milliseconds(random() % 500);
      if (random() % 3 == 0) {
        queue.add(
            {.budget = "b", .host = "h", .pool = "api", .lane = static_cast<Lane>(random() % 3)},
            now);
      }
      for (auto flight = in_flight.begin(); flight != in_flight.end();) {
        if (flight->first > now) {
          ++flight;
          continue;
        }
        async::TimePoint departed = flight->first - 300ms;
        if (random() % 20 == 0) queue.rate_limited("b", "h", now, 5s);
        queue.release(flight->second, AdmissionQueue::Departure{departed, flight->first});
        arrivals.push_back(departed + std::chrono::milliseconds(random() % 300));
        flight = in_flight.erase(flight);
      }
      while (auto granted = queue.next(now).granted) {
        in_flight.emplace_back(now + 300ms + std::chrono::milliseconds(random() % 200), *granted);
      }
    }
    std::sort(arrivals.begin(), arrivals.end());
    ASSERT_GT(arrivals.size(), 20u) << "seed " << seed;
    for (std::size_t i = 7; i < arrivals.size(); ++i) {
      ASSERT_GE(arrivals[i] - arrivals[i - 7], 60s) << "seed " << seed << ", call " << i;
    }
  }
}

TEST_F(AdmissionQueueTest, BudgetsAreSeparate) {
  for (int i = 0; i < 12; ++i) queue_.add(call(0), kStart);
  queue_.add(call(0, "tier3"), kStart);
  EXPECT_EQ(grants(kStart).size(), 11u);
}

TEST_F(AdmissionQueueTest, LanesTakeTurns) {
  for (int i = 0; i < 100; ++i) queue_.add(call(1), kStart);
  TicketId small = queue_.add(call(2), kStart);
  TicketId other = queue_.add(call(3), kStart);
  std::vector<TicketId> granted = grants(kStart);
  ASSERT_EQ(granted.size(), 10u);
  EXPECT_EQ(granted[1], small);
  EXPECT_EQ(granted[2], other);
}

TEST_F(AdmissionQueueTest, DownloadsOfTheEarliestJobGoFirstAndNoneStarves) {
  for (int i = 0; i < 100; ++i) queue_.add(download(1), kStart);
  std::vector<TicketId> late;
  late.reserve(10);
  for (int i = 0; i < 10; ++i) late.push_back(queue_.add(download(9), kStart));
  std::size_t of_late = 0;
  for (int i = 0; i < 40; ++i) {
    auto granted = queue_.next(kStart).granted;
    ASSERT_TRUE(granted);
    if (*granted >= late.front()) ++of_late;
    queue_.release(*granted, AdmissionQueue::Departure{kStart, kStart});
  }
  EXPECT_GE(of_late, 3u);
  EXPECT_LE(of_late, 10u);
}

TEST_F(AdmissionQueueTest, SlotsBoundWhatRuns) {
  for (int i = 0; i < 5; ++i) queue_.add(download(0), kStart);
  std::vector<TicketId> granted = grants(kStart);
  EXPECT_EQ(granted.size(), 2u);
  EXPECT_EQ(queue_.slots_in_use("cdn"), 2);
  queue_.release(granted[0], AdmissionQueue::Departure{kStart, kStart});
  EXPECT_EQ(grants(kStart).size(), 1u);
}

TEST_F(AdmissionQueueTest, HighGoesBeforeLowUntilLowHasAged) {
  TicketRequest low = call(1);
  low.priority = TicketClass::kLow;
  TicketId aged = queue_.add(low, kStart);
  queue_.set_pool("api", 1, LaneOrder::kInTurn);
  TicketRequest high = call(2);
  high.priority = TicketClass::kHigh;
  TicketId early = queue_.add(high, kStart + 1s);
  EXPECT_EQ(queue_.next(kStart + 1s).granted, early);
  queue_.release(early, std::nullopt);
  queue_.add(high, kStart + 95s);
  EXPECT_EQ(queue_.next(kStart + 95s).granted, aged);
}

TEST_F(AdmissionQueueTest, A429PausesEveryBudgetOfItsHostButNotDownloads) {
  queue_.rate_limited("tier1", "api", kStart, 30s);
  queue_.add(call(0, "tier3"), kStart);
  TicketId image = queue_.add(download(0), kStart);
  AdmissionQueue::Decision decision = queue_.next(kStart);
  EXPECT_EQ(decision.granted, image);
  decision = queue_.next(kStart);
  EXPECT_FALSE(decision.granted);
  EXPECT_EQ(decision.ask_again, kStart + 30s);
  EXPECT_EQ(grants(kStart + 30s).size(), 1u);
}

TEST_F(AdmissionQueueTest, AGateThatTheTransportClosedHoldsTickets) {
  queue_.gate("api")->close_until(kStart + 5s);
  queue_.add(call(0), kStart);
  EXPECT_FALSE(queue_.next(kStart).granted);
  EXPECT_TRUE(queue_.next(kStart + 5s).granted);
}

TEST_F(AdmissionQueueTest, A429HalvesTheBudgetWhichGrowsBackSlowly) {
  queue_.rate_limited("tier3", "api", kStart, 10s);
  EXPECT_EQ(queue_.budget_state("tier3", kStart).limit, 25);
  // A second answer to calls of the same burst does not halve again.
  queue_.rate_limited("tier3", "api", kStart + 1s, 10s);
  EXPECT_EQ(queue_.budget_state("tier3", kStart + 5s).limit, 25);
  EXPECT_EQ(queue_.budget_state("tier3", kStart + 10s + 60s).limit, 30);
  EXPECT_EQ(queue_.budget_state("tier3", kStart + 10s + 600s).limit, 50);
}

TEST_F(AdmissionQueueTest, AfterAPauseCallsLeaveOneByOne) {
  queue_.rate_limited("tier3", "api", kStart, 10s);
  for (int i = 0; i < 50; ++i) queue_.add(call(0, "tier3"), kStart);
  EXPECT_EQ(grants(kStart + 10s).size(), 1u);
  EXPECT_EQ(grants(kStart + 10s + 30s).size(), 12u);
}

TEST_F(AdmissionQueueTest, NamesTheTicketsThatWouldWaitTooLong) {
  queue_.rate_limited("tier1", "api", kStart, 4h);
  TicketId ticket = queue_.add(call(0), kStart);
  queue_.add(download(0), kStart);
  auto hopeless = queue_.hopeless(kStart, kStart + 15min);
  ASSERT_EQ(hopeless.size(), 1u);
  EXPECT_EQ(hopeless[0].ticket, ticket);
  EXPECT_EQ(hopeless[0].until, kStart + 4h);
  EXPECT_TRUE(hopeless[0].paused);
  EXPECT_TRUE(queue_.hopeless(kStart, kStart + 4h).empty());
}

TEST_F(AdmissionQueueTest, ARemovedTicketIsNeverGranted) {
  TicketId first = queue_.add(call(0), kStart);
  TicketId second = queue_.add(call(0), kStart);
  queue_.remove(first);
  EXPECT_EQ(grants(kStart), std::vector<TicketId>{second});
  EXPECT_EQ(queue_.waiting(), 0u);
}

}  // namespace
}  // namespace gantry::net
