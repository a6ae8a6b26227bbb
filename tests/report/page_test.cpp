// The page of a report in a real browser: hostile names do nothing, and people find what they look
// for. Skipped where npm or Chromium is absent; the screenshots stay in the build tree.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"
#include "testing/npm.hpp"
#include "tests/report/sample_reports.hpp"

namespace gantry::testing {
namespace {

TEST(ReportPage, DoesNoHarmAndShowsWhatChangedInARealBrowser) {
  const std::filesystem::path folder = GANTRY_REPORT_PAGES;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  // The paths of a report are relative to the folder in which Gantry runs.
  std::filesystem::current_path(folder);
  write_text("hostile.html", jobs::to_html(hostile_report()));
  write_text("sample.html", jobs::to_html(sample_report()));
  const ProcessResult result =
      run_with_npm("report", "tests/report/check_page.mjs", folder.string());
  if (result.exit_code == kSkippedWithoutNpm) GTEST_SKIP() << result.out;
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

}  // namespace
}  // namespace gantry::testing
