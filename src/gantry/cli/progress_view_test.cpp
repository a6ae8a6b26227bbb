#include "gantry/cli/progress_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/cli/display_text.hpp"

namespace gantry::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::ResultOf;
using ::testing::SizeIs;

const Instant kStart = Instant() + 100h;

net::LimitStatus limits() {
  net::LimitStatus status;
  status.budgets = {{"Figma tier 1", 60s, 10, 7, 4, 7},
                    {"Figma tier 2", 60s, 25, 0, 0, 0},
                    {"Figma tier 3", 60s, 50, 3, 1, 3}};
  status.calls_per_second = 0.5;
  return status;
}

net::LimitStatus paused() {
  net::LimitStatus status = limits();
  status.pauses = {{"api.figma.com", 22'300ms}};
  return status;
}

// One job of each state; the active ones have 4 s behind them.
ProgressState every_state() {
  ProgressState state;
  for (const char* name : {"ios.yaml", "web.yaml", "android.yaml", "flutter.yaml", "old.yaml"}) {
    state.add(name);
  }
  state.start("ios.yaml");
  state.finish("ios.yaml", true, "500 icons");
  state.start("web.yaml");
  state.advance(kStart, "web.yaml", "downloading", 0, 410);
  state.advance(kStart + 4s, "web.yaml", "downloading", 120, 410);
  state.start("android.yaml");
  state.advance(kStart, "android.yaml", "listing", 0, 0);
  state.start("flutter.yaml");
  state.advance(kStart, "flutter.yaml", "waiting", 0, 0);
  state.start("old.yaml");
  state.finish("old.yaml", false, "the file ABC does not exist, or the token may not see it");
  return state;
}

std::string picture(const ProgressState& state, const net::LimitStatus& limits, ScreenSize screen,
                    Instant now = kStart + 4s) {
  return fmt::format("\n{}\n", fmt::join(progress_lines(state, limits, screen, now), "\n"));
}

TEST(ProgressView, ShowsEveryStateAt80Columns) {
  EXPECT_EQ(picture(every_state(), limits(), {80, 24}), R"(
✓ ios.yaml     500 icons
● web.yaml     downloading ███████░░░░░░░░░░░░░░░░░ 120/410 10 s left
● android.yaml listing
○ flutter.yaml waiting
✗ old.yaml     the file ABC does not exist, or the token may not see it
[2/5] 0.5 calls/s · Figma tier 1: 3 of 10 left · Figma tier 3: 47 of 50 left
)");
}

TEST(ProgressView, ShowsEveryStateAt40Columns) {
  EXPECT_EQ(picture(every_state(), paused(), {40, 24}), R"(
✓ ios.yaml     500 icons
● web.yaml     █░░░░░ 120/410 10 s left
● android.yaml listing
○ flutter.yaml waiting
✗ old.yaml     the file ABC does not ex…
[2/5] paused 23 s · 0.5/s · tier 1 3/10
)");
}

TEST(ProgressView, ShowsEveryStateAt20Columns) {
  EXPECT_EQ(picture(every_state(), paused(), {20, 24}), R"(
✓ ios.yaml 500 icons
● web.yaml 120/410
● android… listing
○ flutter… waiting
✗ old.yaml the file…
[2/5] paused 23 s
)");
}

TEST(ProgressView, SaysWhatHoldsTheCalls) {
  EXPECT_THAT(progress_lines(every_state(), paused(), {120, 24}, kStart).back(),
              "[2/5] paused, 23 s left · 0.5 calls/s · Figma tier 1: 3 of 10 left · "
              "Figma tier 3: 47 of 50 left");
  net::LimitStatus spent = limits();
  spent.wait = 83s;
  EXPECT_THAT(progress_lines(every_state(), spent, {120, 24}, kStart).back(),
              HasSubstr("limit reached, 1:23 left"));
  spent.wait = 1s;
  EXPECT_THAT(progress_lines(every_state(), spent, {120, 24}, kStart).back(),
              Not(HasSubstr("limit reached")));
}

TEST(ProgressView, PutsJobsAtWorkFirstWhereNotAllFit) {
  ProgressState state;
  for (int i = 0; i < 100; ++i) state.add(fmt::format("{:02}.yaml", i));
  for (int i = 0; i < 30; ++i) state.finish(fmt::format("{:02}.yaml", i), true, "5 icons");
  state.start("30.yaml");
  state.start("31.yaml");
  state.finish("32.yaml", false, "gone");
  EXPECT_EQ(picture(state, limits(), {40, 10}), R"(
● 30.yaml starting
● 31.yaml starting
✗ 32.yaml gone
+ 67 waiting · 30 done
[31/100] 0.5/s · tier 1 3/10
)");
  EXPECT_EQ(picture(state, limits(), {40, 4}), R"(
● 30.yaml starting
+ 1 active · 67 waiting · 30 done · 1 f…
[31/100] 0.5/s · tier 1 3/10
)");
}

TEST(ProgressView, KeepsOneLineForASingleJob) {
  ProgressState state;
  state.add("web.yaml");
  state.start("web.yaml");
  state.advance(kStart, "web.yaml", "listing", 0, 0);
  EXPECT_EQ(picture(state, limits(), {80, 24}), R"(
● web.yaml listing · 0.5/s · tier 1 3/10 · tier 3 47/50
)");
}

TEST(ProgressView, NoLineIsWiderThanTheScreenAndARowStaysFree) {
  for (std::size_t columns = 1; columns < 130; ++columns) {
    for (std::size_t rows : {1, 2, 3, 5, 24}) {
      auto lines = progress_lines(every_state(), paused(), {columns, rows}, kStart + 4s);
      EXPECT_THAT(lines.size(), ::testing::Le(std::max<std::size_t>(1, rows - 1)));
      EXPECT_THAT(lines, Each(ResultOf(width_of, ::testing::Le(columns)))) << columns;
    }
  }
}

TEST(ProgressView, AlignsWideNamesAndShowsNoControlCharacters) {
  ProgressState state;
  state.add("アイコン.yaml");
  state.add("🎨🎨.yaml");
  state.add("e\xcc\x81.yaml");
  state.add("a\x1b[2J\nb\xff.yaml");
  EXPECT_EQ(picture(state, {}, {80, 24}), R"(
○ アイコン.yaml    waiting
○ 🎨🎨.yaml        waiting
○ é.yaml           waiting
○ a\x1b[2J b�.yaml waiting
[0/4] 0.0 calls/s
)");
  for (std::size_t columns = 1; columns < 40; ++columns) {
    EXPECT_THAT(progress_lines(state, {}, {columns, 24}, kStart),
                Each(ResultOf(width_of, ::testing::Le(columns))));
  }
}

TEST(ProgressView, DrawsNoBarOfNothing) {
  ProgressState state;
  state.add("a");
  state.add("b");
  state.advance(kStart, "a", "downloading", 0, 0);
  state.advance(kStart, "b", "writing", 0, 1);
  EXPECT_THAT(progress_lines(state, {}, {80, 24}, kStart),
              ElementsAre("● a downloading", "● b writing", "[0/2] 0.0 calls/s"));
  state.advance(kStart, "a", "downloading", 9, 4);
  EXPECT_THAT(progress_lines(state, {}, {80, 24}, kStart).front(), HasSubstr("█ 9/4"));
}

TEST(ProgressView, IsEmptyWhenAllIsOver) {
  ProgressState state;
  EXPECT_THAT(progress_lines(state, limits(), {80, 24}, kStart), IsEmpty());
  state.add("a");
  EXPECT_THAT(progress_lines(state, limits(), {80, 24}, kStart), SizeIs(1));
  state.finish("a", true, "");
  EXPECT_THAT(progress_lines(state, limits(), {80, 24}, kStart), IsEmpty());
}

TEST(ProgressView, TellsALogInOneLine) {
  EXPECT_EQ(status_line(every_state(), paused()),
            "2 active, 1 waiting, 1 done, 1 failed · 0.5 calls/s · Figma tier 1: 3 of 10 left · "
            "Figma tier 3: 47 of 50 left · paused, 23 s left");
  net::LimitStatus month;
  month.budgets = {{"Figma tier 1", 720h, 6, 1, 1, 1}};
  EXPECT_THAT(status_line(every_state(), month), HasSubstr("5 of 6 left in 30 days"));
}

TEST(ProgressView, DoesNotCountWhatIsNewEachSecond) {
  net::LimitStatus status;
  status.budgets = {{"Arke", 1s, 20'000, 300, 300, 300}};
  EXPECT_THAT(status_line(every_state(), status), Not(HasSubstr("Arke")));
}

TEST(Speed, KnowsTheTimeLeftOnceATenthIsDoneInMoreThanASecond) {
  Speed speed;
  speed.note(kStart, 0);
  speed.note(kStart + 1s, 50);
  EXPECT_EQ(speed.time_left(kStart + 1s, 100), std::nullopt);
  EXPECT_EQ(speed.time_left(kStart + 2s, 100), 2s);
  EXPECT_EQ(speed.time_left(kStart + 2s, 1000), std::nullopt);
  EXPECT_EQ(speed.time_left(kStart + 6s, 100), std::nullopt);  // nothing has moved for long
}

TEST(Speed, ForgetsWhatIsLongAgo) {
  Speed speed;
  speed.note(kStart, 0);
  for (int i = 1; i <= 20; ++i) speed.note(kStart + i * 1s, static_cast<std::uint64_t>(100 * i));
  for (int i = 1; i <= 20; ++i) {
    speed.note(kStart + 20s + i * 1s, static_cast<std::uint64_t>(2000 + 10 * i));
  }
  EXPECT_EQ(speed.time_left(kStart + 40s, 2300), 10s);
}

TEST(Speed, BeginsAnewWithAnotherCount) {
  Speed speed;
  speed.note(kStart, 0);
  speed.note(kStart + 5s, 90);
  speed.note(kStart + 6s, 0);
  EXPECT_EQ(speed.time_left(kStart + 9s, 90), std::nullopt);
}

TEST(DisplayText, EscapesWhatWouldMoveTheCursor) {
  EXPECT_EQ(printable("a\tb\x7f"), "a\\x09b\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\x9b2J");
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "ab");
  EXPECT_EQ(printable("two\nlines"), "two\nlines");
  EXPECT_EQ(printable_line("two\nlines"), "two lines");
}

TEST(DisplayText, CutsAtTheWidthOfCharacters) {
  EXPECT_EQ(cut("アイコン", 8), "アイコン");
  EXPECT_EQ(cut("アイコン", 7), "アイコ…");
  EXPECT_EQ(cut("アイコン", 6), "アイ…");
  EXPECT_EQ(fitted("アイコン", 6), "アイ… ");
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(cut("abc", 1), "…");
}

}  // namespace
}  // namespace gantry::cli
