// What a person sees on a terminal while a run goes on, and when it is over: the screen of a tmux
// session of its own, as tmux shows it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/data.hpp"
#include "testing/sandbox.hpp"
#include "tests/e2e/workspace.hpp"

namespace gantry::testing {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Lines = std::vector<std::string>;

class Screen {
 public:
  Screen(const Workspace& workspace, int columns, const std::string& command)
      : workspace_(workspace), socket_((workspace.root() / "tmux").string()) {
    // The window stays when the command has ended, so that its last screen can be read.
    const std::string shell = fmt::format("{}; echo \"exit code $?\"; exec cat", command);
    tmux({"new-session", "-d", "-x", std::to_string(columns), "-y", "24", shell});
  }
  ~Screen() { tmux({"kill-server"}); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void resize(int columns) { tmux({"resize-window", "-x", std::to_string(columns), "-y", "24"}); }

  // The lines that are not empty.
  Lines lines() const {
    Lines result;
    std::string text = tmux({"capture-pane", "-p"}).out;
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin) result.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return result;
  }

  // With the escape sequences of colours.
  std::string coloured() const { return tmux({"capture-pane", "-p", "-e"}).out; }

  // The first screen on which `is_there` holds; a failure and the last screen if there is none.
  Lines wait_for(const std::function<bool(const Lines&)>& is_there) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    Lines seen = lines();
    while (!is_there(seen) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      seen = lines();
    }
    EXPECT_TRUE(is_there(seen)) << fmt::format("the screen was\n{}", fmt::join(seen, "\n"));
    if (seen.empty()) seen.emplace_back();
    return seen;
  }
  Lines wait_for_text(const std::string& text) const {
    return wait_for([text](const Lines& lines) {
      return ::testing::Matches(Contains(HasSubstr(text)))(lines);
    });
  }

 private:
  ProcessResult tmux(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-S", socket_, "-f", "/dev/null"});
    // Colours and the line itself are for people, so the run must not look like that of a CI.
    Command command =
        workspace_.command(std::move(arguments), {{"CI", std::nullopt},
                                                  {"CONTINUOUS_INTEGRATION", std::nullopt},
                                                  {"GITHUB_ACTIONS", std::nullopt},
                                                  {"GITLAB_CI", std::nullopt},
                                                  {"JENKINS_URL", std::nullopt},
                                                  {"LC_ALL", "C.UTF-8"},
                                                  {"TMUX", std::nullopt}});
    command.program = "tmux";
    if (!has_terminals()) with_terminals_of_its_own(command);
    return run(command);
  }

  // A chroot or a small container may have a /dev without terminals.
  static bool has_terminals() {
    int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0) return false;
    char name[64] = {};
    // The other end is another file system, which may be missing by itself.
    bool is_whole = ::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0 &&
                    ::ptsname_r(terminal, name, sizeof(name)) == 0;
    int other_end = is_whole ? ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (other_end >= 0) ::close(other_end);
    ::close(terminal);
    return other_end >= 0;
  }
  static void with_terminals_of_its_own(Command& command) {
    // In a chroot the root is no mount point, so that unshare itself cannot make it private.
    const char* script =
        "{ mount --make-rprivate /dev || mount --make-rprivate /; } 2>/dev/null;"
        "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && exec \"$@\"";
    command.arguments.insert(
        command.arguments.begin(),
        {"--mount", "--propagation", "unchanged", "sh", "-c", script, "sh", command.program});
    command.program = "unshare";
  }

  const Workspace& workspace_;
  std::string socket_;
};

std::size_t count(const Lines& lines, const std::string& regex) {
  return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const auto& line) {
    return ::testing::Matches(ContainsRegex(regex))(line);
  }));
}

// What is drawn while a run goes on, and must be gone in the end.
std::size_t drawn(const Lines& lines) { return count(lines, "^(●|○|\\[[0-9])"); }

bool shows_downloads(const Lines& lines) { return count(lines, "^● a.yaml .*[0-9]+/123") == 1; }

// The whole picture of three jobs, once, and nothing below it.
bool shows_three_jobs(const Lines& lines) {
  return shows_downloads(lines) && count(lines, "^(●|○|✓|✗) [abc].yaml") == 3 &&
         count(lines, "^\\[[0-9]/3\\] ") == 1 && lines.back().starts_with("[");
}

const std::vector<std::string> kFlags = {"--icons",       "150", "--files",       "1",
                                         "--cdn-latency", "150", "--api-latency", "200"};

class TerminalScreen : public ::testing::TestWithParam<int> {
 protected:
  explicit TerminalScreen(const std::vector<std::string>& more = {}) : sandbox_(with(more)) {}

  void SetUp() override {
    const ProcessResult version = run({.program = "tmux", .arguments = {"-V"}});
    if (version.exit_code != 0) GTEST_SKIP() << "skipped: tmux is not installed";
    add_configs(workspace_);
  }

  static std::vector<std::string> with(const std::vector<std::string>& more) {
    std::vector<std::string> flags = kFlags;
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }
  static void add_configs(Workspace& workspace) {
    workspace.add_web_config("configs/a.yaml", "out/a");
    workspace.add_web_config("configs/b.yaml", "out/b", "sandbox-single", "");
    workspace.add_web_config("configs/c.yaml", "out/c", "sandbox-1", "");
    // Two warnings: one before anything is asked, one from the names of the design.
    write_text(workspace / "configs/a.yaml",
               read_text(workspace / "configs/a.yaml") + "    generateReactComponent: true\n");
  }
  static std::string batch(int rate_limit = 100'000) {
    return fmt::format("{} batch configs --parallel 2 --concurrent-downloads 4 --rate-limit {}",
                       gantry_program().string(), rate_limit);
  }

  Sandbox sandbox_;
  Workspace workspace_{sandbox_.base_url()};
};

TEST_P(TerminalScreen, ShowsALineForEachJobBelowTheWarningsAndThenTheSummary) {
  const Screen screen(workspace_, GetParam(), batch());
  const Lines during = screen.wait_for([](const Lines& lines) {
    return shows_three_jobs(lines) && count(lines, "^○ c.yaml waiting") == 1;
  });
  EXPECT_THAT(during.front(), HasSubstr("⚠ a.yaml: "));
  EXPECT_THAT(during.back(), ContainsRegex("^\\[[0-9]/3\\] [0-9.]+( calls)?/s · .*calls"));
  EXPECT_THAT(screen.coloured(), HasSubstr("\x1b[36m●"));
  screen.wait_for([](const Lines& lines) {
    return count(lines, "^✓ [ab].yaml [0-9]+ icons") > 0 && count(lines, "^● ") > 0;
  });

  const Lines after = screen.wait_for_text("exit code 0");
  EXPECT_EQ(drawn(after), 0U) << fmt::format("{}", fmt::join(after, "\n"));
  EXPECT_THAT(after.front(), HasSubstr("⚠ a.yaml: "));
  EXPECT_THAT(after, Contains(HasSubstr("Batch complete: 3 succeeded")));
  EXPECT_EQ(count(after, "^✓ a.yaml"), 1U);
  EXPECT_EQ(count(after, "^✓ b.yaml"), 1U);
  EXPECT_THAT(screen.coloured(), HasSubstr("\x1b[32m✓"));
}

TEST_P(TerminalScreen, LeavesNothingBehindWhenItIsResizedAndNoColourWhereNoneIsWanted) {
  const int other = GetParam() == 80 ? 40 : 80;
  Screen screen(workspace_, GetParam(), "NO_COLOR=1 " + batch());
  screen.wait_for(shows_downloads);
  screen.resize(other);
  // The lines as they were may be wrapped for a moment, until they are drawn anew.
  screen.wait_for(shows_three_jobs);
  screen.resize(GetParam());
  const Lines after = screen.wait_for_text("exit code 0");
  EXPECT_EQ(drawn(after), 0U) << fmt::format("{}", fmt::join(after, "\n"));
  EXPECT_THAT(after, Contains(HasSubstr("Batch complete: 3 succeeded")));
  EXPECT_THAT(screen.coloured(), Not(HasSubstr("\x1b[3")));
}

TEST_P(TerminalScreen, TellsHowLongASpentBudgetHoldsTheRun) {
  const Screen screen(workspace_, GetParam(), batch(3));
  screen.wait_for([](const Lines& lines) {
    return count(lines, "^\\[0/3\\] limit( reached,)? [1-5]?[0-9] s") == 1;
  });
}

TEST_P(TerminalScreen, KeepsOneLineForASingleConfiguration) {
  const Screen screen(workspace_, GetParam(),
                      gantry_program().string() + " icons -i configs/a.yaml --rate-limit 1000");
  const Lines during = screen.wait_for(shows_downloads);
  EXPECT_EQ(drawn(during), 1U) << fmt::format("{}", fmt::join(during, "\n"));
  const Lines after = screen.wait_for_text("exit code 0");
  EXPECT_EQ(drawn(after), 0U) << fmt::format("{}", fmt::join(after, "\n"));
}

INSTANTIATE_TEST_SUITE_P(Columns, TerminalScreen, ::testing::Values(80, 40));

// The fourth call is told to wait for 13 seconds.
class PausedRun : public TerminalScreen {
 protected:
  PausedRun() : TerminalScreen({"--limit-once", "4:13"}) {}
};

TEST_P(PausedRun, CountsThePauseDown) {
  const Screen screen(workspace_, GetParam(), batch());
  for (const char* left : {"1[0-3]", "[4-9]"}) {
    screen.wait_for([left](const Lines& lines) {
      return count(lines, fmt::format("^\\[0/3\\] paused,? {} s", left)) == 1;
    });
  }
  screen.wait_for_text("exit code 0");
}

INSTANTIATE_TEST_SUITE_P(Columns, PausedRun, ::testing::Values(80, 40));

// Where there is no terminal. The pause makes the run long enough for a line of status.
class RunLog : public ::testing::Test {
 protected:
  ProcessResult batch(const std::vector<std::string>& more, const Environment& changes) {
    workspace_.add_web_config("configs/a.yaml", "out/a");
    workspace_.add_web_config("configs/b.yaml", "out/b", "sandbox-none", "");
    std::vector<std::string> arguments = {"batch", "configs", "--rate-limit", "1000"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return workspace_.gantry(std::move(arguments), changes);
  }

  Sandbox sandbox_{{"--icons", "20", "--api-latency", "20", "--limit-once", "2:13"}};
  Workspace workspace_{sandbox_.base_url()};
};

TEST_F(RunLog, HasALineForEachEventAndOneOfStatusEveryTenSeconds) {
  const ProcessResult result = batch({}, {{"CI", "true"}});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.err, HasSubstr("a.yaml: started\n"));
  EXPECT_THAT(result.err, ContainsRegex("a.yaml: done, [0-9]+ icons\n"));
  EXPECT_THAT(result.err, HasSubstr("b.yaml: failed, Figma finds no file sandbox-none"));
  EXPECT_THAT(result.err,
              ContainsRegex("[12] active.* · [0-9.]+ calls/s · "
                            "Figma calls: [0-9]+ of 500 left · paused, [1-4] s left\n"));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
}

TEST_F(RunLog, IsOneJsonObjectALineIfThatIsAskedFor) {
  const ProcessResult result = batch({}, {{"GANTRY_LOG_FORMAT", "json"}});
  EXPECT_TRUE(exits(1, result));
  EXPECT_THAT(result.out, HasSubstr("Batch complete: 1 succeeded, 1 failed"));
  std::set<std::string> events;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    boost::json::error_code failure;
    const boost::json::value value = boost::json::parse(line, failure);
    ASSERT_FALSE(failure) << line;
    const boost::json::object& object = value.as_object();
    events.insert(object.at("event").as_string().c_str());
    EXPECT_THAT(object.at("time").as_string().c_str(),
                ContainsRegex("^20..-..-..T..:..:..[.]...Z$"));
    EXPECT_TRUE(object.contains("level")) << line;
    if (object.at("event") != "status") continue;
    EXPECT_EQ(object.at("budgets").at(0).at("limit"), 500) << line;
    EXPECT_GT(object.at("pauses").at(0).at("seconds_left").as_int64(), 0) << line;
    EXPECT_TRUE(object.contains("calls_per_second")) << line;
  }
  for (const char* event : {"job_started", "job_advanced", "job_finished", "status", "error"}) {
    EXPECT_TRUE(events.contains(event)) << event;
  }
}

TEST(JsonLog, HoldsErrorsBeforeTheRunToo) {
  const Workspace workspace("http://127.0.0.1:9");
  const ProcessResult result = workspace.gantry({"batch", "nowhere", "--log-format", "json"});
  EXPECT_TRUE(exits(2, result));
  const boost::json::value value = boost::json::parse(result.err);
  EXPECT_EQ(value.at("event"), "error");
  EXPECT_EQ(value.at("level"), "error");
}

}  // namespace
}  // namespace gantry::testing
