#include "gantry/net/admission.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/async/task_scope.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// What became of one ticket.
struct Ticket {
  bool granted = false;
  bool ended = false;
  std::optional<Error> failure;
};

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() {
    admission_.queue().set_budget("tier1", 4, 60s);
    admission_.queue().set_pool("one", 1, LaneOrder::kInTurn);
    admission_.queue().set_pool("api", 100, LaneOrder::kInTurn);
  }

  static TicketRequest call(std::string pool = "api", Lane lane = 0) {
    return {.budget = "tier1", .host = "api.example", .pool = std::move(pool), .lane = lane};
  }
  static TicketRequest download(std::string pool = "one") {
    return {.budget = "", .host = "cdn.example", .pool = std::move(pool)};
  }

  // Holds a grant for `work`; the call leaves at once.
  static async::awaitable<void> use(Admission& admission, async::Clock& clock,
                                    TicketRequest request, async::Duration work, Ticket& ticket) {
    try {
      Admission::Grant grant = co_await admission.admit(std::move(request));
      ticket.granted = true;
      async::TimePoint now = clock.now();
      grant.left({now, now});
      if (work > async::Duration::zero()) co_await clock.sleep(work);
    } catch (const Error& error) {
      ticket.failure = error;
    }
    ticket.ended = true;
  }

  std::weak_ptr<boost::asio::cancellation_signal> start(TicketRequest request, async::Duration work,
                                                        Ticket& ticket) {
    return scope_.spawn(use(admission_, clock_, std::move(request), work, ticket));
  }

  static void cancel(const std::weak_ptr<boost::asio::cancellation_signal>& task) {
    if (auto signal = task.lock()) signal->emit(boost::asio::cancellation_type::terminal);
  }

  // Runs what can run without time passing.
  void settle() {
    loop_.restart();
    loop_.poll();
  }
  void pass(async::Duration time) {
    settle();
    clock_.advance(time);
    settle();
  }
  void finish() {
    settle();
    while (scope_.running() > 0 && clock_.advance_to_next()) settle();
    EXPECT_EQ(scope_.running(), 0u);
    EXPECT_EQ(admission_.queue().waiting(), 0u);
    EXPECT_EQ(admission_.queue().slots_in_use("one"), 0);
    EXPECT_EQ(admission_.queue().slots_in_use("api"), 0);
  }

  boost::asio::io_context loop_;
  async::VirtualClock clock_;
  Admission admission_{loop_.get_executor(), clock_, 15min};
  async::TaskScope scope_{loop_.get_executor()};
};

TEST_F(AdmissionTest, ATicketThatIsCancelledWhileItWaitsLeavesTheQueue) {
  Ticket first, second, third;
  start(download(), 10s, first);
  settle();
  auto task = start(download(), 1s, second);
  start(download(), 1s, third);
  settle();
  cancel(task);
  settle();
  ASSERT_TRUE(second.failure);
  EXPECT_EQ(second.failure->code(), ErrorCode::kCancelled);
  EXPECT_EQ(admission_.queue().waiting(), 1u);
  pass(10s);
  EXPECT_TRUE(third.granted);
  EXPECT_FALSE(second.granted);
  finish();
}

async::awaitable<void> take(Admission& admission, TicketRequest request,
                            std::optional<Admission::Grant>& grant) {
  Admission::Grant taken = co_await admission.admit(std::move(request));
  grant.emplace(std::move(taken));
}

TEST_F(AdmissionTest, ASlotGrantedInTheMomentOfTheCancellationGoesToTheNext) {
  std::optional<Admission::Grant> first;
  Ticket second, third;
  scope_.spawn(take(admission_, download(), first));
  settle();
  auto task = start(download(), 1s, second);
  start(download(), 1s, third);
  settle();
  boost::asio::post(loop_, [&] {
    first.reset();
    EXPECT_EQ(admission_.queue().waiting(), 1u);  // granted, but its task has not run since
    cancel(task);
  });
  settle();
  ASSERT_TRUE(second.failure);
  EXPECT_EQ(second.failure->code(), ErrorCode::kCancelled);
  EXPECT_FALSE(second.granted);
  EXPECT_TRUE(third.granted);
  finish();
}

TEST_F(AdmissionTest, ACallThatIsCancelledBeforeItLeftCostsNothing) {
  Ticket first, second;
  start(call("one"), 10s, first);
  settle();
  auto task = start(call("one"), 1s, second);
  settle();
  cancel(task);
  finish();
  EXPECT_EQ(admission_.queue().budget_state("tier1", clock_.now()).total, 1u);
}

TEST_F(AdmissionTest, ATaskThatIsCancelledAlreadyTakesNoTicket) {
  Ticket ticket;
  auto task = start(download(), 1s, ticket);
  cancel(task);
  settle();
  EXPECT_EQ(ticket.failure->code(), ErrorCode::kCancelled);
  finish();
}

TEST_F(AdmissionTest, ARefusedCredentialEndsWaitingAndLaterCallsToItsHostOnly) {
  Ticket running, waiting, later, free, elsewhere;
  start(call("one"), 10s, running);
  settle();
  start(call("one"), 1s, waiting);
  start(download("api"), 1s, free);
  settle();
  admission_.close("api.example", Error(ErrorCode::kUnauthorized, "the token is refused"));
  admission_.close("api.example", Error(ErrorCode::kInternal, "said once is enough"));
  settle();
  start(call(), 1s, later);
  TicketRequest other = call();
  other.host = "other.example";
  start(other, 1s, elsewhere);
  settle();
  for (const Ticket* ended : {&waiting, &later}) {
    ASSERT_TRUE(ended->failure);
    EXPECT_EQ(ended->failure->code(), ErrorCode::kUnauthorized);
    EXPECT_FALSE(ended->granted);
  }
  EXPECT_TRUE(free.granted);
  EXPECT_TRUE(elsewhere.granted);
  finish();
  EXPECT_FALSE(running.failure);
}

TEST_F(AdmissionTest, APauseEndsByTheClockWithoutAnyOtherEvent) {
  admission_.rate_limited("tier1", "api.example", 20s, "");
  Ticket ticket;
  start(call(), 1s, ticket);
  pass(19s);
  EXPECT_FALSE(ticket.granted);
  EXPECT_EQ(admission_.pause_left("api.example"), 1s);
  pass(1s);
  EXPECT_TRUE(ticket.granted);
  finish();
}

TEST_F(AdmissionTest, AGateClosedOnAnotherThreadHoldsWhoeverComesNext) {
  admission_.queue().gate("api.example")->close_until(clock_.now() + 20s);
  Ticket ticket;
  start(call(), 1s, ticket);
  pass(19s);
  EXPECT_FALSE(ticket.granted);
  pass(1s);
  EXPECT_TRUE(ticket.granted);
  finish();
}

TEST_F(AdmissionTest, APauseBeyondMaxWaitFailsEveryTicketAndSaysUntilWhen) {
  std::vector<Ticket> tickets(20);
  for (Ticket& ticket : tickets) start(call(), 1s, ticket);
  settle();
  admission_.rate_limited("tier1", "api.example", 2h, "plan pro, seat view");
  settle();
  std::size_t failed = 0;
  for (const Ticket& ticket : tickets) {
    if (!ticket.failure) continue;
    ++failed;
    EXPECT_EQ(ticket.failure->code(), ErrorCode::kRateLimited);
    EXPECT_EQ(ticket.failure->scope(), Scope::kRun);
    EXPECT_EQ(ticket.failure->retry(), Retry::kNever);
    EXPECT_EQ(ticket.failure->message(),
              "api.example asks to wait (plan pro, seat view) until 1970-02-11 18:00:00 UTC, in "
              "7200 s; --max-wait allows 900 s");
  }
  EXPECT_EQ(failed, 16u);  // four had been granted
  finish();
}

TEST_F(AdmissionTest, ASpentBudgetBeyondMaxWaitNamesTheBudget) {
  admission_.queue().set_budget("month", 1, 30 * 24h);
  Ticket first, second;
  TicketRequest monthly = call();
  monthly.budget = "month";
  start(monthly, 1s, first);
  settle();
  pass(1s);
  start(monthly, 1s, second);
  settle();
  ASSERT_TRUE(second.failure);
  EXPECT_THAT(second.failure->message(), HasSubstr("the budget month is spent until"));
  finish();
}

async::awaitable<void> throw_with_a_grant(Admission& admission, TicketRequest request) {
  Admission::Grant grant = co_await admission.admit(std::move(request));
  throw std::runtime_error("in the middle");
}

TEST_F(AdmissionTest, AnExceptionGivesTheSlotBack) {
  async::TaskScope failing(loop_.get_executor());
  failing.spawn(throw_with_a_grant(admission_, download()));
  settle();
  EXPECT_EQ(admission_.queue().slots_in_use("one"), 0);
  Ticket next;
  start(download(), 1s, next);
  settle();
  EXPECT_TRUE(next.granted);
  finish();
}

TEST_F(AdmissionTest, LanesShareATightBudgetEquallyAsLongAsTheyHaveWork) {
  admission_.queue().set_budget("tier1", 30, 60s);
  const std::map<Lane, std::size_t> sizes = {{1, 1'000}, {2, 100}, {3, 10}};
  std::map<Lane, std::vector<Ticket>> lanes;
  for (const auto& [lane, size] : sizes) {
    lanes[lane].resize(size);
    for (Ticket& ticket : lanes[lane]) start(call("api", lane), 0s, ticket);
  }
  auto granted = [&lanes](Lane lane) {
    return std::count_if(lanes[lane].begin(), lanes[lane].end(),
                         [](const Ticket& ticket) { return ticket.granted; });
  };
  // The order in which they came matters only until every lane is there.
  pass(1s);
  EXPECT_EQ(granted(1) + granted(2) + granted(3), 30);
  for (int window = 1; window < 8; ++window) pass(60s);
  EXPECT_EQ(granted(3), 10);
  EXPECT_EQ(granted(2), 100);
  EXPECT_NEAR(static_cast<double>(granted(1)), 130, 32);
  EXPECT_EQ(granted(1) + granted(2) + granted(3), 8 * 30);
  scope_.cancel();
  finish();
}

}  // namespace
}  // namespace gantry::net
