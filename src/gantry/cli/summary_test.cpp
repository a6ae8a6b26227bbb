#include "gantry/cli/summary.hpp"

#include <gtest/gtest.h>

#include "gantry/cli/display_text.hpp"

namespace gantry::cli {
namespace {

jobs::JobResult succeeded() {
  jobs::JobResult result;
  result.name = "web.yaml";
  jobs::KindResult icons;
  icons.kind = "icons";
  icons.exported = 1604;
  icons.changes.added = std::vector<std::string>(1605, "out/a.svg");
  icons.changes.unchanged = {"out/b.svg"};
  result.kinds.push_back(icons);
  return result;
}

jobs::JobResult failed() {
  jobs::JobResult result;
  result.name = "b.yaml";
  jobs::KindResult icons;
  icons.kind = "icons";
  icons.failures.push_back({"x", "KEY", Error(ErrorCode::kNotFound, "component 'x': gone")});
  icons.failures.push_back(
      {"y", "KEY", Error(ErrorCode::kNotFound, "component 'y': gone\nsecond line")});
  result.kinds.push_back(icons);
  return result;
}

TEST(Summary, CountsJobsAndTheirAssets) {
  EXPECT_EQ(batch_summary({succeeded(), failed()}, std::chrono::milliseconds(3240)),
            "Batch complete: 1 succeeded, 1 failed, in 3.2 s\n"
            "✓ web.yaml - 1,604 icons (files: 1,605 added, 1 unchanged)\n"
            "✗ b.yaml: component 'x': gone (and 1 more)\n");
}

TEST(Summary, TellsTheOutcomeOfAJobInOneLine) {
  EXPECT_EQ(succeeded().outcome(), "1604 icons");
  EXPECT_EQ(failed().outcome(), "component 'x': gone");
  jobs::JobResult one = succeeded();
  one.kinds.front().exported = 1;
  EXPECT_EQ(one.outcome(), "1 icon");
  one.error = Error(ErrorCode::kNotFound, "no such file\nsecond line");
  EXPECT_EQ(one.outcome(), "no such file");
}

TEST(Summary, NamesEveryFailure) {
  EXPECT_EQ(failure_lines(failed()),
            (std::vector<std::string>{"component 'x': gone", "component 'y': gone\nsecond line"}));
}

TEST(Plan, ListsWhatWouldHappenAndCountsIt) {
  jobs::JobResult result;
  jobs::KindResult icons;
  icons.changes.added = {"out/a.svg"};
  icons.changes.changed = {"out/b.svg"};
  icons.changes.removed = {"out/c.svg"};
  icons.changes.unchanged = {"out/d.svg"};
  result.kinds.push_back(icons);
  EXPECT_EQ(plan_text({result}),
            "+ out/a.svg\n~ out/b.svg\n- out/c.svg\n"
            "Plan: 1 to add, 1 to change, 1 to remove, 1 unchanged\n");
}

TEST(Printable, ShowsControlCharactersAsText) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\nc\x7f é"), "a\\x1b[2Jb\\x0d\nc\\x7f é");
}

}  // namespace
}  // namespace gantry::cli
