// What a person sees on a terminal while a run goes on, and when it is over: the screen of a tmux
// session of its own, as tmux shows it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

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
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    Lines seen = lines();
    while (!is_there(seen) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      seen = lines();
    }
    EXPECT_TRUE(is_there(seen)) << fmt::format("the screen was\n{}", fmt::join(seen, "\n"));
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
    ::close(terminal);
    return true;
  }
  static void with_terminals_of_its_own(Command& command) {
    const char* script =
        "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && exec \"$@\"";
    command.arguments.insert(command.arguments.begin(),
                             {"--mount", "sh", "-c", script, "sh", command.program});
    command.program = "unshare";
  }

  const Workspace& workspace_;
  std::string socket_;
};

std::size_t progress_lines(const Lines& lines) {
  return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [](const auto& line) {
    return line.starts_with("[") || line.find(".yaml listing") != std::string::npos ||
           line.find("/123") != std::string::npos;
  }));
}

bool shows_progress(const Lines& lines) {
  return ::testing::Matches(Contains(ContainsRegex("a.yaml [0-9]+/123")))(lines);
}

class TerminalScreen : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const ProcessResult version = run({.program = "tmux", .arguments = {"-V"}});
    if (version.exit_code != 0) GTEST_SKIP() << "skipped: tmux is not installed";
    workspace_.add_web_config("configs/a.yaml", "out/a");
    workspace_.add_web_config("configs/b.yaml", "out/b", "sandbox-single", "");
    // Two warnings: one before anything is asked, one from the names of the design.
    write_text(workspace_ / "configs/a.yaml",
               read_text(workspace_ / "configs/a.yaml") + "    generateReactComponent: true\n");
  }

  static std::string batch(int rate_limit = 100'000) {
    return fmt::format("{} batch configs --concurrent-downloads 4 --rate-limit {}",
                       gantry_program().string(), rate_limit);
  }

  Sandbox sandbox_{{"--icons", "150", "--cdn-latency", "150", "--api-latency", "200"}};
  Workspace workspace_{sandbox_.base_url()};
};

TEST_P(TerminalScreen, ShowsOneLineOfProgressBelowTheWarningsAndThenTheSummary) {
  const Screen screen(workspace_, GetParam(), batch());
  const Lines during = screen.wait_for(shows_progress);
  EXPECT_EQ(progress_lines(during), 1U) << fmt::format("{}", fmt::join(during, "\n"));
  EXPECT_THAT(during.front(), HasSubstr("⚠ a.yaml: "));
  EXPECT_TRUE(during.back().starts_with("[0/2] ")) << during.back();

  const Lines after = screen.wait_for_text("exit code 0");
  EXPECT_EQ(progress_lines(after), 0U) << fmt::format("{}", fmt::join(after, "\n"));
  EXPECT_THAT(after.front(), HasSubstr("⚠ a.yaml: "));
  EXPECT_THAT(after, Contains(HasSubstr("Batch complete: 2 succeeded")));
  EXPECT_THAT(after, Contains(HasSubstr("✓ a.yaml")));
  EXPECT_THAT(after, Contains(HasSubstr("✓ b.yaml")));
  EXPECT_THAT(screen.coloured(), HasSubstr("\x1b[32m✓"));
}

TEST_P(TerminalScreen, LeavesNothingBehindWhenItIsResizedAndNoColourWhereNoneIsWanted) {
  const int other = GetParam() == 80 ? 40 : 80;
  Screen screen(workspace_, GetParam(), "NO_COLOR=1 " + batch());
  screen.wait_for(shows_progress);
  screen.resize(other);
  // The line as it was may be wrapped for a moment, until it is drawn anew.
  screen.wait_for([](const Lines& lines) {
    return shows_progress(lines) && progress_lines(lines) == 1 && lines.back().starts_with("[");
  });
  screen.resize(GetParam());
  const Lines after = screen.wait_for_text("exit code 0");
  EXPECT_EQ(progress_lines(after), 0U) << fmt::format("{}", fmt::join(after, "\n"));
  EXPECT_THAT(after, Contains(HasSubstr("Batch complete: 2 succeeded")));
  EXPECT_THAT(screen.coloured(), Not(HasSubstr("\x1b[3")));
}

TEST_P(TerminalScreen, TellsHowLongARateLimitHoldsTheRun) {
  const Screen screen(workspace_, GetParam(), batch(3));
  screen.wait_for([](const Lines& lines) {
    return ::testing::Matches(Contains(ContainsRegex("^\\[0/2\\] rate limit: [1-5]?[0-9] s")))(
        lines);
  });
}

INSTANTIATE_TEST_SUITE_P(Columns, TerminalScreen, ::testing::Values(80, 40));

}  // namespace
}  // namespace gantry::testing
