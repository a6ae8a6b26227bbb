// A process that is killed in the middle of a batch: what it had written, the next one need not ask
// for.
#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "testing/files.hpp"
#include "testing/sandbox.hpp"
#include "tests/batch/restart_engine.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;

TEST(Restart, AfterAKillWhatWasWrittenIsServedWithoutACall) {
  Sandbox sandbox({"--icons", "10", "--api-latency", "40"});
  TemporaryFolder folder;
  const std::filesystem::path file = folder / "store.db";
  Process victim(
      {.program = GANTRY_RESTART_VICTIM, .arguments = {sandbox.base_url(), file.string()}});
  // Half of the keys. What another process has done can only be asked for again and again.
  while (sandbox.count("api.requests") < 100 && victim.running()) std::this_thread::sleep_for(5ms);
  victim.kill(SIGKILL);
  ASSERT_EQ(victim.wait().signal, SIGKILL) << "it was to be killed in the middle: " << victim.out();

  sandbox.reset();
  std::int64_t stored = 0;
  for (const auto& item : RestartEngine(sandbox.base_url(), file).process()) {
    ASSERT_TRUE(item.ok()) << item.error().message();
    if (item.provenance().source == batch::Provenance::Source::kStore) ++stored;
  }
  RecordProperty("stored", static_cast<int>(stored));
  EXPECT_GT(stored, 50) << "of the hundred or so that were asked for";
  EXPECT_LT(stored, static_cast<std::int64_t>(kKeys));
  EXPECT_EQ(sandbox.count("api.requests"), static_cast<std::int64_t>(kKeys) - stored);

  sandbox.reset();
  for (const auto& item : RestartEngine(sandbox.base_url(), file).process()) EXPECT_TRUE(item.ok());
  EXPECT_EQ(sandbox.count("api.requests"), 0);
}

}  // namespace
}  // namespace gantry::testing
