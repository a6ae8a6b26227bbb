// The dashboard in a real browser, served by the real server. Skipped where npm or Chromium is
// absent; the screenshots stay in the build tree.
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/npm.hpp"
#include "tests/dashboard/fake_service.hpp"

namespace gantry::testing {
namespace {

TEST(DashboardPage, IsUsableAndSafeInARealBrowser) {
  const std::filesystem::path folder = GANTRY_DASHBOARD_PICTURES;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const FakeService open(false);
  const FakeService locked(true);
  const ProcessResult result =
      run_with_npm("dashboard", "tests/dashboard/check_dashboard.mjs",
                   fmt::format("{},{},{}", open.url(), locked.url(), folder.string()));
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

}  // namespace
}  // namespace gantry::testing
