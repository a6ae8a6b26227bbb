// The invariants of the batch engine, each as a property of random scripts. All scripts are checked
// for everything that holds always (see Simulation); a property draws those that tell most about it
// and adds its own rule.
//
// The same cases are drawn every time. For others, and more: RC_PARAMS="seed=7 max_success=100000".
// A failure prints what repeats it.
#include <cstdlib>
#include <functional>

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

TEST(BatchProperty, EachRequestHasItsAnswerInItsPlace) {
  check([] { play(*script_in({})); });
}

}  // namespace
}  // namespace gantry::batch::simulation
