// Caps, places that a ticket joins and leaves, and pools that come and go.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gantry/net/admission_queue.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

const async::TimePoint kBegin = async::TimePoint() + 100h;

class AdmissionPlacesTest : public ::testing::Test {
 protected:
  AdmissionPlacesTest() {
    queue_.set_budget("tier1", 1'000, 60s);
    for (const char* pool : {"wide", "host", "other"}) {
      queue_.set_pool(pool, 100, LaneOrder::kInTurn);
    }
    queue_.set_pool("one", 1, LaneOrder::kInTurn);
    queue_.set_pool("two", 2, LaneOrder::kInTurn);
  }

  static TicketRequest call(std::string pool, std::vector<std::string> caps = {}, Lane lane = 0,
                            TicketClass priority = TicketClass::kNormal) {
    return {.budget = "tier1",
            .host = "api",
            .pool = std::move(pool),
            .lane = lane,
            .priority = priority,
            .caps = std::move(caps)};
  }

  std::vector<TicketId> grants(async::TimePoint now = kBegin) {
    std::vector<TicketId> granted;
    for (auto decision = queue_.next(now); decision.granted; decision = queue_.next(now)) {
      granted.push_back(*decision.granted);
    }
    return granted;
  }

  AdmissionQueue queue_;
};

using Ids = std::vector<TicketId>;

TEST_F(AdmissionPlacesTest, EveryCapNeedsAFreeSlotAndGetsItBack) {
  struct Case {
    std::vector<std::string> caps;
    std::size_t most;
  };
  const std::vector<Case> cases = {
      {{}, 5},
      {{"two"}, 2},
      {{"two", "one"}, 1},
      {{"one", "two"}, 1},
      {{"one", "one", "wide"}, 1},  // named twice, taken once
  };
  for (const Case& wanted : cases) {
    for (int i = 0; i < 5; ++i) queue_.add(call("wide", wanted.caps), kBegin);
    std::size_t all = 0;
    while (queue_.waiting() > 0) {
      Ids granted = grants();
      ASSERT_EQ(granted.size(), std::min(wanted.most, 5 - all));
      for (const std::string& cap : wanted.caps) {
        EXPECT_EQ(queue_.slots_in_use(cap), static_cast<int>(granted.size())) << cap;
      }
      for (TicketId id : granted) queue_.release(id, std::nullopt);
      all += granted.size();
    }
    for (const char* pool : {"wide", "one", "two"}) EXPECT_EQ(queue_.slots_in_use(pool), 0) << pool;
  }
}

TEST_F(AdmissionPlacesTest, AFullCapHoldsUpNobodyElse) {
  queue_.add(call("wide", {"one"}, 0, TicketClass::kHigh), kBegin);
  queue_.add(call("wide", {"one"}, 0, TicketClass::kHigh), kBegin);
  TicketId free = queue_.add(call("wide", {"two"}, 0, TicketClass::kLow), kBegin + 1s);
  EXPECT_EQ(grants(kBegin + 1s), (Ids{1, free}));
}

TEST_F(AdmissionPlacesTest, ANewRouteWaitsItsTurn) {
  queue_.set_pool("narrow", 1, LaneOrder::kInTurn);
  TicketId waiting = 0;
  TicketId busy = queue_.add(call("wide", {"narrow"}), kBegin);
  EXPECT_EQ(grants(), Ids{busy});
  waiting = queue_.add(call("wide", {"narrow"}), kBegin);
  for (int i = 0; i < 2; ++i) {
    std::string batch = "batch " + std::to_string(i);
    queue_.set_pool(batch, 1, LaneOrder::kInTurn);
    queue_.add(call("wide", {"narrow", batch}), kBegin);
  }
  queue_.release(busy, std::nullopt);
  EXPECT_EQ(queue_.next(kBegin).granted, waiting);
}

TEST_F(AdmissionPlacesTest, TheFirstPlaceGrantedCarriesTheTicketAndTheOthersVanish) {
  TicketId holder = queue_.add(call("one"), kBegin);
  EXPECT_EQ(grants(), Ids{holder});
  TicketId ticket = queue_.add(call("one", {}, 1), kBegin);
  queue_.join(ticket, call("two", {"host"}, 2));
  queue_.join(ticket, call("one", {}, 3, TicketClass::kHigh));
  EXPECT_EQ(queue_.waiting(), 1u);
  AdmissionQueue::Decision decision = queue_.next(kBegin);
  EXPECT_EQ(decision.granted, ticket);
  EXPECT_EQ(decision.lane, 2u);
  EXPECT_EQ(queue_.waiting(), 0u);
  EXPECT_EQ(queue_.slots_in_use("host"), 1);
  queue_.release(holder, std::nullopt);
  EXPECT_EQ(grants(), Ids{});
  queue_.release(ticket, std::nullopt);
  for (const char* pool : {"one", "two", "host"}) EXPECT_EQ(queue_.slots_in_use(pool), 0) << pool;
}

TEST_F(AdmissionPlacesTest, AJoinedPlaceHasTheAgeOfTheTicket) {
  TicketId old = queue_.add(call("one"), kBegin);
  TicketId young = queue_.add(call("two"), kBegin + 1s);
  queue_.join(old, call("two"));
  EXPECT_EQ(queue_.next(kBegin + 1s).granted, old);  // by either place
  EXPECT_EQ(queue_.next(kBegin + 1s).granted, young);
  queue_.set_pool("narrow", 1, LaneOrder::kInTurn);
  queue_.set_pool("shut", 0, LaneOrder::kInTurn);
  TicketId first = queue_.add(call("shut"), kBegin + 2s);
  TicketId second = queue_.add(call("narrow"), kBegin + 3s);
  TicketId third = queue_.add(call("narrow"), kBegin + 4s);
  queue_.join(first, call("narrow"));
  for (TicketId expected : {first, second, third}) {
    ASSERT_EQ(grants(kBegin + 4s), Ids{expected});
    queue_.release(expected, std::nullopt);
  }
}

TEST_F(AdmissionPlacesTest, AJoinWithAHigherClassRaises) {
  queue_.set_pool("narrow", 1, LaneOrder::kInTurn);
  queue_.add(call("narrow"), kBegin);
  TicketId raised = queue_.add(call("narrow", {}, 0, TicketClass::kLow), kBegin);
  queue_.join(raised, call("narrow", {}, 0, TicketClass::kHigh));
  EXPECT_EQ(grants(), Ids{raised});
}

TEST_F(AdmissionPlacesTest, JoiningTwiceOrTooLateDoesNothing) {
  TicketId ticket = queue_.add(call("two"), kBegin);
  queue_.join(ticket, call("two"));
  EXPECT_FALSE(queue_.leave(ticket, call("two"))) << "that was its only place";
  EXPECT_EQ(grants(), Ids{ticket});
  queue_.join(ticket, call("two"));
  EXPECT_EQ(grants(), Ids{});
  queue_.release(ticket, std::nullopt);
  queue_.join(ticket, call("two"));
  EXPECT_EQ(grants(), Ids{});
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(AdmissionPlacesTest, APlaceThatWasLeftIsNotGranted) {
  queue_.set_pool("shut", 0, LaneOrder::kInTurn);
  TicketId ticket = queue_.add(call("two", {}, 1), kBegin);
  TicketId other = queue_.add(call("two", {}, 1), kBegin);
  queue_.join(ticket, call("shut", {}, 2));
  EXPECT_FALSE(queue_.leave(ticket, call("two", {}, 2)));
  EXPECT_TRUE(queue_.leave(ticket, call("two", {}, 1)));
  EXPECT_EQ(grants(), Ids{other});
  queue_.join(ticket, call("two", {}, 1));
  EXPECT_EQ(grants(), Ids{ticket});
}

TEST_F(AdmissionPlacesTest, APlaceThatIsLeftAndTakenAgainIsGrantedOnce) {
  queue_.set_pool("shut", 0, LaneOrder::kInTurn);
  TicketId first = queue_.add(call("two"), kBegin);
  TicketId ticket = queue_.add(call("two"), kBegin);
  queue_.join(ticket, call("shut"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(queue_.leave(ticket, call("two")));
    queue_.join(ticket, call("two"));
  }
  queue_.set_pool("two", 10, LaneOrder::kInTurn);
  TicketId last = queue_.add(call("two"), kBegin);
  EXPECT_EQ(grants(), (Ids{first, ticket, last}));
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(AdmissionPlacesTest, HopelessTicketsAreNamedOnceAndRemovedOnesNever) {
  TicketId ticket = queue_.add(call("two"), kBegin);
  queue_.join(ticket, call("one"));
  queue_.join(ticket, call("two", {}, 7));
  TicketId removed = queue_.add(call("two"), kBegin);
  TicketId last = queue_.add(call("two"), kBegin);
  queue_.remove(removed);
  queue_.rate_limited("tier1", "api", kBegin, 4h);
  auto hopeless = queue_.hopeless(kBegin, kBegin + 15min);
  ASSERT_EQ(hopeless.size(), 2u);
  EXPECT_EQ(hopeless[0].ticket, ticket);
  EXPECT_EQ(hopeless[1].ticket, last);
  EXPECT_EQ(queue_.waiting_for("api"), (Ids{ticket, last}));
}

TEST_F(AdmissionPlacesTest, ARemovedPoolVanishesWhenNothingWaitsOrRuns) {
  std::size_t pools = queue_.pools();
  queue_.set_pool("batch", 1, LaneOrder::kInTurn);
  queue_.remove_pool("batch");
  EXPECT_EQ(queue_.pools(), pools) << "nothing was there";

  queue_.set_pool("batch", 1, LaneOrder::kInTurn);
  TicketId first = queue_.add(call("wide", {"batch"}), kBegin);
  TicketId second = queue_.add(call("batch"), kBegin);
  EXPECT_EQ(grants().size(), 1u);
  queue_.remove_pool("batch");
  EXPECT_EQ(queue_.routes(), 2u) << "still in use";
  queue_.release(first, std::nullopt);
  EXPECT_EQ(grants(), Ids{second});
  queue_.release(second, std::nullopt);
  EXPECT_EQ(queue_.pools(), pools);
  EXPECT_EQ(queue_.routes(), 0u);
  EXPECT_THROW(queue_.add(call("batch"), kBegin), std::out_of_range);
}

TEST_F(AdmissionPlacesTest, ARemovedPoolVanishesWithTheGrantOfAnotherPlace) {
  queue_.set_pool("batch", 0, LaneOrder::kInTurn);
  queue_.set_pool("group", 1, LaneOrder::kInTurn);
  TicketId ticket = queue_.add(call("wide", {"batch", "group"}), kBegin);
  queue_.join(ticket, call("wide"));
  queue_.remove_pool("batch");
  queue_.remove_pool("group");
  std::size_t pools = queue_.pools();
  EXPECT_EQ(grants(), Ids{ticket});
  EXPECT_EQ(queue_.pools(), pools - 2);
  EXPECT_EQ(queue_.routes(), 1u);
}

TEST_F(AdmissionPlacesTest, ManyBatchesLeaveNothingBehind) {
  std::size_t pools = queue_.pools();
  Ids running;
  for (int i = 0; i < 100'000; ++i) {
    std::string batch = "batch " + std::to_string(i);
    queue_.set_pool(batch, 4, LaneOrder::kInTurn);
    TicketId dropped = queue_.add(call("wide", {"host", batch}), kBegin);
    TicketId kept = queue_.add(call("wide", {"host", batch}), kBegin);
    queue_.remove(dropped);
    ASSERT_EQ(queue_.next(kBegin).granted, kept);
    queue_.remove_pool(batch);
    running.push_back(kept);
    if (running.size() < 10) continue;
    ASSERT_LE(queue_.pools(), pools + 10);
    ASSERT_LE(queue_.routes(), 10u);
    for (TicketId id : running) queue_.release(id, std::nullopt);
    running.clear();
  }
  EXPECT_EQ(queue_.pools(), pools);
  EXPECT_EQ(queue_.routes(), 0u);
}

TEST_F(AdmissionPlacesTest, CancellingAMillionTicketsInAnyOrderIsQuick) {
  std::mt19937 random(1);
  Ids tickets;
  for (int i = 0; i < 1'000'000; ++i) tickets.push_back(queue_.add(call("two"), kBegin));
  std::shuffle(tickets.begin(), tickets.end(), random);
  TicketId kept = tickets.back();
  tickets.pop_back();
  for (TicketId ticket : tickets) queue_.remove(ticket);
  EXPECT_EQ(grants(), Ids{kept});
}

TEST(WaitingLine, StoresNoMoreThanTwiceTheLiving) {
  WaitingLine line;
  std::vector<bool> lives(10'001, true);
  for (TicketId id = 1; id <= 10'000; ++id) line.join(id, kBegin);
  for (TicketId id = 10'000; id > 100; --id) {
    lives[id] = false;
    line.leave(id, [&lives](TicketId ticket) { return lives[ticket]; });
    ASSERT_LE(line.size(), 2 * (id - 1) + 16);
  }
  EXPECT_EQ(line.front(), 1u);
}

}  // namespace
}  // namespace gantry::net
