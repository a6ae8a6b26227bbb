// Tickets with callbacks and with claims.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "gantry/net/admission.hpp"
#include "gantry/net/claims.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

class AdmissionRequestTest : public ::testing::Test {
 protected:
  AdmissionRequestTest() {
    admission_.queue().set_budget("tier1", 1'000, 60s);
    admission_.queue().set_pool("one", 1, LaneOrder::kInTurn);
    admission_.queue().set_pool("other", 1, LaneOrder::kInTurn);
  }

  // What one ticket got; a grant is kept until reset().
  struct Result {
    int calls = 0;
    std::optional<Outcome<Admission::Grant>> outcome;
    bool is_granted() const { return outcome && outcome->has_value(); }
    Lane lane() const { return (*outcome)->lane(); }
  };
  static Admission::Done into(Result& result) {
    return [&result](Outcome<Admission::Grant> outcome) {
      ++result.calls;
      result.outcome.emplace(std::move(outcome));
    };
  }

  static TicketRequest call(Lane lane = 0, TicketClass priority = TicketClass::kNormal) {
    return {.budget = "tier1",
            .host = "api.example",
            .pool = "one",
            .lane = lane,
            .priority = priority};
  }
  TicketRequest claimed() const {
    TicketRequest wanted = call();
    wanted.claims = claims_;
    return wanted;
  }

  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  Admission admission_{loop_.get_executor(), clock_, 15min};
  std::shared_ptr<Claims> claims_ = std::make_shared<Claims>();
};

TEST_F(AdmissionRequestTest, AGrantThatIsPossibleComesAtOnceAndTheNextOnRelease) {
  Result first, second;
  admission_.request(call(1), into(first));
  EXPECT_TRUE(first.is_granted());
  EXPECT_EQ(first.lane(), 1u);
  admission_.request(call(2), into(second));
  EXPECT_EQ(second.calls, 0);
  first.outcome.reset();
  EXPECT_TRUE(second.is_granted());
  EXPECT_EQ(second.lane(), 2u);
  EXPECT_EQ(first.calls + second.calls, 2);
}

TEST_F(AdmissionRequestTest, AWithdrawnTicketIsDestroyedUncalled) {
  Result first, second, third;
  admission_.request(call(), into(first));
  auto held = std::make_shared<int>();
  TicketId waiting = admission_.request(
      call(), [held, done = into(second)](Outcome<Admission::Grant> outcome) mutable {
        done(std::move(outcome));
      });
  admission_.request(call(), into(third));
  EXPECT_EQ(held.use_count(), 2);
  admission_.withdraw(waiting);
  admission_.withdraw(waiting);
  EXPECT_EQ(held.use_count(), 1);
  first.outcome.reset();
  EXPECT_EQ(second.calls, 0);
  EXPECT_TRUE(third.is_granted());
}

TEST_F(AdmissionRequestTest, AClosedHostFailsThroughTheCallback) {
  Result running, waiting, later;
  admission_.request(call(), into(running));
  admission_.request(call(), into(waiting));
  admission_.close("api.example", Error(ErrorCode::kUnauthorized, "the token is refused"));
  admission_.request(call(), into(later));
  for (const Result* result : {&waiting, &later}) {
    ASSERT_EQ(result->calls, 1);
    ASSERT_FALSE(result->is_granted());
    EXPECT_EQ(result->outcome->error().code(), ErrorCode::kUnauthorized);
  }
  EXPECT_TRUE(running.is_granted());
  EXPECT_EQ(admission_.queue().waiting(), 0u);
}

TEST_F(AdmissionRequestTest, ATicketThatFailsTogetherWithOthersMayStillBeWithdrawn) {
  Result running, second;
  admission_.request(call(), into(running));
  TicketId other = 0;
  int failures = 0;
  admission_.request(call(), [&](const Outcome<Admission::Grant>& outcome) {
    if (!outcome) ++failures;
    admission_.withdraw(other);
  });
  other = admission_.request(call(), into(second));
  admission_.rate_limited("tier1", "api.example", 2h, "");
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(second.calls, 0);
}

// Each callback asks for the next: granted or refused, the stack must not grow.
struct Chain {
  Admission& admission;
  TicketRequest wanted;
  int left;
  int depth = 0;
  int deepest = 0;
  int answers = 0;

  void ask() {
    if (left-- == 0) return;
    admission.request(wanted, [this](const Outcome<Admission::Grant>&) {
      deepest = std::max(deepest, ++depth);
      ++answers;
      ask();
      --depth;
    });
  }
};

TEST_F(AdmissionRequestTest, ACallbackMayAskAgainWithoutEnd) {
  TicketRequest free = call();
  free.budget = "";
  Chain granted{admission_, free, 100'000};
  granted.ask();
  EXPECT_EQ(granted.answers, 100'000);
  EXPECT_EQ(granted.deepest, 1);
  admission_.close("api.example", Error(ErrorCode::kUnauthorized, "the token is refused"));
  Chain refused{admission_, call(), 100'000};
  refused.ask();
  EXPECT_EQ(refused.answers, 100'000);
  EXPECT_EQ(refused.deepest, 1);
}

TEST_F(AdmissionRequestTest, ACallbackMayWithdrawJoinAndRelease) {
  Result first, other, dropped, joined;
  admission_.request(call(), into(first));
  TicketRequest elsewhere = call(9);
  elsewhere.pool = "other";
  admission_.request(elsewhere, into(other));
  TicketId to_drop = 0, to_join = 0;
  admission_.request(call(), [&](const Outcome<Admission::Grant>&) {
    admission_.withdraw(to_drop);
    admission_.join(to_join, elsewhere);
    other.outcome.reset();
    EXPECT_EQ(joined.calls, 0) << "what this causes follows after it";
  });
  to_drop = admission_.request(call(), into(dropped));
  to_join = admission_.request(call(), into(joined));
  first.outcome.reset();
  EXPECT_EQ(dropped.calls, 0);
  EXPECT_TRUE(joined.is_granted());
}

TEST_F(AdmissionRequestTest, AJoinedPlaceThatIsFreeIsGrantedAtOnce) {
  Result first, second;
  admission_.request(call(), into(first));
  TicketId waiting = admission_.request(call(1), into(second));
  TicketRequest elsewhere = call(2);
  elsewhere.pool = "other";
  admission_.join(waiting, elsewhere);
  EXPECT_TRUE(second.is_granted());
  EXPECT_EQ(second.lane(), 2u);
}

TEST_F(AdmissionRequestTest, WithoutClaimsTheLaneOfTheRequestCarriesTheCall) {
  Result result;
  TicketRequest wanted = claimed();
  wanted.lane = 4;
  admission_.request(wanted, into(result));
  ASSERT_TRUE(result.is_granted());
  EXPECT_EQ(result.lane(), 4u);
}

TEST_F(AdmissionRequestTest, ALateClaimRaisesTheTicketAndPays) {
  Result busy, rival, shared;
  admission_.request(call(), into(busy));
  admission_.request(call(1), into(rival));
  claims_->add(2, TicketClass::kLow);
  admission_.request(claimed(), into(shared));
  claims_->add(3, TicketClass::kHigh);
  busy.outcome.reset();
  ASSERT_TRUE(shared.is_granted());
  EXPECT_EQ(shared.lane(), 3u);
  EXPECT_FALSE(rival.is_granted());
  claims_->add(4, TicketClass::kHigh);  // too late
  shared.outcome.reset();
  EXPECT_TRUE(rival.is_granted());
}

TEST_F(AdmissionRequestTest, AClaimCountsUntilItsLastHolderHasLeft) {
  struct Case {
    int removed;
    Lane payer;
  };
  for (const Case& wanted : {Case{1, 2}, Case{2, 3}}) {
    Result busy, shared;
    admission_.request(call(), into(busy));
    auto claims = std::make_shared<Claims>();
    claims->add(2, TicketClass::kHigh);
    claims->add(2, TicketClass::kHigh);
    claims->add(3, TicketClass::kLow);
    TicketRequest request = call();
    request.claims = claims;
    admission_.request(request, into(shared));
    for (int i = 0; i < wanted.removed; ++i) claims->remove(2, TicketClass::kHigh);
    claims->remove(8, TicketClass::kHigh);  // never added
    busy.outcome.reset();
    ASSERT_TRUE(shared.is_granted());
    EXPECT_EQ(shared.lane(), wanted.payer);
  }
}

TEST_F(AdmissionRequestTest, TheLastClaimKeepsItsPlaceOnlyUntilAnotherComes) {
  Result busy, shared, rival;
  admission_.request(call(), into(busy));
  claims_->add(2, TicketClass::kHigh);
  admission_.request(claimed(), into(shared));
  admission_.request(call(7), into(rival));
  claims_->remove(2, TicketClass::kHigh);
  EXPECT_EQ(admission_.queue().waiting(), 2u);
  claims_->add(3, TicketClass::kLow);
  busy.outcome.reset();
  EXPECT_FALSE(shared.is_granted()) << "nobody claims it with a high class any more";
  ASSERT_TRUE(rival.is_granted());
  claims_->remove(3, TicketClass::kLow);
  rival.outcome.reset();
  ASSERT_TRUE(shared.is_granted());
  EXPECT_EQ(shared.lane(), 3u);
}

TEST_F(AdmissionRequestTest, ClaimsMayOutliveWhatWaitedWithThem) {
  {
    Admission gone(loop_.get_executor(), clock_, 15min);
    gone.queue().set_budget("tier1", 1'000, 60s);
    gone.queue().set_pool("one", 0, LaneOrder::kInTurn);
    Result withdrawn, forgotten;
    TicketId ticket = gone.request(claimed(), into(withdrawn));
    gone.withdraw(ticket);
    gone.request(claimed(), into(forgotten));
    // What waits may hold a grant itself.
    gone.queue().set_pool("other", 1, LaneOrder::kInTurn);
    TicketRequest elsewhere = call();
    elsewhere.pool = "other";
    auto held = std::make_unique<Result>();
    gone.request(elsewhere, into(*held));
    gone.request(call(), [held = std::move(held)](const Outcome<Admission::Grant>&) {});
  }
  claims_->add(1, TicketClass::kHigh);
  claims_->remove(1, TicketClass::kHigh);
  Result result;
  admission_.request(claimed(), into(result));
  EXPECT_TRUE(result.is_granted());
}

TEST_F(AdmissionRequestTest, AClaimThatIsMadeInACallbackCounts) {
  Result busy, shared;
  admission_.request(call(), into(busy));
  admission_.request(
      call(1), [this](const Outcome<Admission::Grant>&) { claims_->add(5, TicketClass::kHigh); });
  claims_->add(2, TicketClass::kNormal);
  admission_.request(claimed(), into(shared));
  busy.outcome.reset();
  ASSERT_TRUE(shared.is_granted());
  EXPECT_EQ(shared.lane(), 5u);
}

}  // namespace
}  // namespace gantry::net
