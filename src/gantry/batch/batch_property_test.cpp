// The invariants of the batch engine, each as a property of random scripts. All scripts are checked
// for everything that holds always (see Simulation); a property draws those that tell most about it
// and adds its own rule.
//
// The same cases are drawn every time. For others, and more: RC_PARAMS="seed=7 max_success=100000".
// A failure prints what repeats it.
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "gantry/batch/simulation/generate.hpp"
#include "gantry/batch/simulation/simulation.hpp"

namespace gantry::batch::simulation {
namespace {

#ifdef GANTRY_SANITIZED
constexpr int kCases = 100;
#else
constexpr int kCases = 900;
#endif

void check(const std::function<void()>& property) {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  rc::detail::TestMetadata metadata{info->name(), info->name()};
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (std::getenv("RC_PARAMS") == nullptr) {
    params.seed = 1;
    params.maxSuccess = kCases;
  }
  auto result = rc::detail::checkTestable(property, metadata, params);
  if (result.is<rc::detail::SuccessResult>()) return;
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  ADD_FAILURE() << message.str() << "\nRC_PARAMS=\"seed=" << params.seed
                << " max_success=" << params.maxSuccess << "\"";
}

void expect_no_fault(const Simulation& simulation) {
  if (!simulation.faults().empty()) RC_FAIL(simulation.faults());
}

void play(const Script& script, Watch watch = {}) {
  Simulation simulation(script, watch);
  simulation.play();
  expect_no_fault(simulation);
}

// Who waits for a key can be told from outside only if equal keys share a flight, if none fails at
// once for want of a way to fetch it, and if none is brought by a call for others. Streams are left
// out: they ask for a key when they have room for it.
void share_flights(Script& script) {
  std::erase_if(script.planners, [](const PlannerPlan& planner) {
    return planner.mood == PlannerPlan::Mood::kGenerous;
  });
  // One that takes no notice of a cancellation tells of it late.
  for (KeyPlan& key : script.keys) key.is_stubborn = false;
  for (PlannerPlan& planner : script.planners) planner.is_stubborn = false;
  for (ActionPlan& action : script.actions) {
    action.options.deduplication = true;
    for (RequestPlan& request : action.requests) request.has_fetch = true;
  }
}

// One budget of slots for all calls, so that it can be told from outside who should have one.
void give_one_pool(Script& script, int slots) {
  script.pool_slots = slots;
  for (ActionPlan& action : script.actions) {
    action.options.beyond_limits = true;
    action.options.concurrency = 0;
  }
}

// The value without the time at which it was made, or the code of the error, of each answer by
// action and place.
std::map<std::pair<std::size_t, std::uint64_t>, std::string> answers_of(
    const Simulation& simulation) {
  std::map<std::pair<std::size_t, std::uint64_t>, std::string> answers;
  for (std::size_t action = 0; action < simulation.results().size(); ++action) {
    for (const auto& [place, item] : simulation.results()[action].items) {
      std::string text =
          item ? item->substr(0, item->find('@')) : std::string(to_string(item.error().code()));
      answers.emplace(std::pair(action, place), std::move(text));
    }
  }
  return answers;
}

// 1. Everything that a script may have, at once.
TEST(BatchProperty, EachRequestHasItsAnswerInItsPlace) {
  check([] { play(*script_in({})); });
}

// 2.
TEST(BatchProperty, NeverMoreCallsThanTheLimits) {
  check([] { play(*script_in({.planners = false, .caches = false, .holds = false})); });
}

// 3.
TEST(BatchProperty, AKeyIsInFlightAtMostOnce) {
  check([] { play(*script_in({.caches = false, .timeouts = false, .actions = 8})); });
}

// 4.
TEST(BatchProperty, AFailureConcernsItsItemAlone) {
  check([] { play(*script_in({.cancellations = false, .timeouts = false})); });
}

// 5.
TEST(BatchProperty, PlannersChangeNoValue) {
  check([] {
    Script script =
        *script_in({.caches = false, .cancellations = false, .timeouts = false, .failures = false});
    for (ActionPlan& action : script.actions) action.takes.reset();
    Simulation with(script);
    with.play();
    expect_no_fault(with);
    for (ActionPlan& action : script.actions) action.options.optimizations = false;
    Simulation without(script);
    without.play();
    expect_no_fault(without);
    RC_ASSERT(answers_of(with) == answers_of(without));
  });
}

// 6. check_store() looks at what is kept.
TEST(BatchProperty, OnlyValuesAndAbsencesAreKept) {
  check([] {
    Script script = *script_in({.cancellations = false});
    script.store.kind = StorePlan::Kind::kSound;
    play(script);
  });
}

// 7.
TEST(BatchProperty, ABatchEndsAtItsDeadline) {
  check([] {
    Script script = *script_in({});
    for (ActionPlan& action : script.actions) {
      action.options.timeout = std::chrono::milliseconds(1'000);
    }
    play(script);
  });
}

// 8.
TEST(BatchProperty, WhoLeavesTakesNobodyWithHimAndTheLastOneTakesTheCall) {
  check([] {
    Script script =
        *script_in({.caches = false, .timeouts = false, .streams = false, .actions = 8});
    share_flights(script);
    play(script, {.waiters = true});
  });
}

// 9.
TEST(BatchProperty, AHigherClassNeverWaitsForALowerOneToBegin) {
  check([] {
    Scope scope{.planners = false, .caches = false, .cancellations = false, .timeouts = false};
    scope.streams = false;
    scope.caps = false;
    Script script = *script_in(scope);
    give_one_pool(script, 3);
    share_flights(script);
    play(script, {.waiters = true, .slots = true, .classes = true});
  });
}

// 10.
TEST(BatchProperty, NoSlotIsFreeWhileAKeyCouldGo) {
  check([] {
    Script script = *script_in(
        {.caches = false, .timeouts = false, .streams = false, .holds = false, .caps = false});
    give_one_pool(script, 2);
    share_flights(script);
    play(script, {.waiters = true, .slots = true});
  });
}

// 11. A store that survives is enough; the SQLite store's own tests reopen its file.
TEST(BatchProperty, ARestartAsksForNothingThatIsStored) {
  check([] {
    Script script = *script_in({.cancellations = false, .timeouts = false, .failures = false});
    script.store = StorePlan{};
    script.store.kind = StorePlan::Kind::kSound;
    script.processor.ttl = std::chrono::hours(24);
    for (ActionPlan& action : script.actions) {
      action.takes.reset();
      for (RequestPlan& request : action.requests) request.ttl.reset();
    }
    Simulation simulation(script);
    simulation.play();
    expect_no_fault(simulation);
    simulation.restart();
    int before = simulation.operations();
    simulation.play();
    expect_no_fault(simulation);
    RC_ASSERT(simulation.operations() == before);
  });
}

// 12.
TEST(BatchProperty, TheSameScriptIsPlayedTheSameWay) {
  check([] {
    Script script = *script_in({});
    Simulation first(script, {.trace = true});
    Simulation second(script, {.trace = true});
    first.play();
    second.play();
    RC_ASSERT(first.trace() == second.trace());
    RC_ASSERT(answers_of(first) == answers_of(second));
  });
}

}  // namespace
}  // namespace gantry::batch::simulation
