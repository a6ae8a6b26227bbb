#include "gantry/cli/terminal.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gantry/cli/display_text.hpp"
#include "gantry/cli/json_log.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kBetweenStatusLines = 10s;
// From the cursor, which stands at the beginning of a line, to the end of the screen. Not from the
// line's first column on: at the top of the screen tmux takes that for the wish to clear it, and
// moves the picture to its history, from where it comes back when the window grows.
constexpr const char* kErase = "\x1b[K\x1b[C\x1b[J\r";
constexpr std::array<std::pair<std::string_view, int>, 5> kColours = {
    {{"✓", 32}, {"✗", 31}, {"⚠", 33}, {"●", 36}, {"○", 2}}};

bool is_ci() {
  for (const char* name :
       {"CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

ScreenSize screen_size() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  // Nothing stands in the last column, where some terminals wrap all the same.
  return {size.ws_col - 1U, size.ws_row};
}

void write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string labelled(const std::string& job, const std::string& text) {
  return job.empty() ? text : job + ": " + text;
}

json::object fields(const std::string& job, const std::string& text) {
  json::object object;
  if (!job.empty()) object["job"] = valid_utf8(job);
  if (!text.empty()) object["message"] = valid_utf8(text);
  return object;
}

// The cursor ends where the picture begins, so that it is found again wherever a change of the
// terminal's size moves it and however many rows it takes then.
std::string picture(const std::vector<std::string>& lines) {
  std::string text = "\x1b[?7l";  // no wrapping: the terminal may have become narrower just now
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += (i == 0 ? "" : "\r\n") + coloured(lines[i], STDERR_FILENO) + "\x1b[K";
  }
  text += "\x1b[J\x1b[?7h\r";
  if (lines.size() > 1) text += fmt::format("\x1b[{}A", lines.size() - 1);
  return text;
}

}  // namespace

std::string coloured(std::string text, int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if ((no_color != nullptr && *no_color != '\0') || isatty(descriptor) != 1) return text;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    for (auto [mark, colour] : kColours) {
      if (!std::string_view(text).substr(at).starts_with(mark)) continue;
      std::string painted = fmt::format("\x1b[{}m{}\x1b[m", colour, mark);
      text.replace(at, mark.size(), painted);
    }
    if (text.find('\n', at) == std::string::npos) break;
  }
  return text;
}

Terminal::Terminal(Verbosity verbosity, LogFormat format)
    : verbosity_(verbosity),
      format_(format),
      draws_(verbosity == Verbosity::kNormal && format == LogFormat::kText &&
             isatty(STDERR_FILENO) == 1 && !is_ci()) {}

Terminal::~Terminal() { clear(); }

void Terminal::clear() {
  write((drawn_.empty() ? "" : kErase) + std::exchange(messages_, {}));
  drawn_.clear();
}

void Terminal::hold() {
  clear();
  held_ = true;
}

void Terminal::log(std::string_view level, std::string_view event, const json::object& fields) {
  write(json_event(level, event, fields));
}

void Terminal::message(std::string_view mark, const std::string& text) {
  std::string shown = printable(text);
  // Further lines of a message stand below its first.
  for (std::size_t at = shown.find('\n'); at != std::string::npos; at = shown.find('\n', at + 3)) {
    shown.replace(at, 1, "\n  ");
  }
  messages_ += coloured(std::string(mark) + shown, STDERR_FILENO) + "\n";
  if (drawn_.empty()) clear();
}

void Terminal::job_started(const std::string& job) {
  state_.start(job);
  if (draws_ || verbosity_ == Verbosity::kQuiet) return;
  if (format_ == LogFormat::kJson) return log("info", "job_started", fields(job, ""));
  message("", job + ": started");
}

void Terminal::job_advanced(const std::string& job, const std::string& phase, std::uint64_t done,
                            std::uint64_t total) {
  bool is_new = state_.advance(now_, job, phase, done, total);
  if (!is_new || verbosity_ == Verbosity::kQuiet) return;
  if (format_ == LogFormat::kJson) {
    json::object object = fields(job, "");
    object["phase"] = phase;
    object["done"] = done;
    object["total"] = total;
    log("info", "job_advanced", object);
  } else if (verbosity_ == Verbosity::kVerbose) {
    message("", total > 1 ? fmt::format("{}: {} {}", job, phase, total) : job + ": " + phase);
  }
}

void Terminal::job_finished(const std::string& job, bool succeeded, const std::string& outcome) {
  state_.finish(job, succeeded, outcome);
  if (draws_) return;
  const char* word = succeeded ? "done" : "failed";
  if (verbosity_ == Verbosity::kQuiet) return;
  if (format_ == LogFormat::kJson) {
    json::object object = fields(job, outcome);
    object["outcome"] = word;
    return log(succeeded ? "info" : "error", "job_finished", object);
  }
  message("", fmt::format("{}: {}{}{}", job, word, outcome.empty() ? "" : ", ", outcome));
}

void Terminal::warning(const std::string& job, const std::string& text) {
  if (verbosity_ == Verbosity::kQuiet) return;
  if (format_ == LogFormat::kJson) return log("warning", "warning", fields(job, text));
  message("⚠ ", labelled(job, text));
}

void Terminal::note(const std::string& text) {
  if (verbosity_ != Verbosity::kVerbose) return;
  if (format_ == LogFormat::kJson) return log("debug", "note", fields("", text));
  message("", text);
}

void Terminal::error(const std::string& text) {
  if (format_ == LogFormat::kJson) return log("error", "error", fields("", text));
  message("✗ ", text);
}

void Terminal::notice(const std::string& text) {
  if (verbosity_ == Verbosity::kQuiet) return;
  if (format_ == LogFormat::kJson) return log("info", "notice", fields("", text));
  message("", text);
}

void Terminal::result(const std::string& text) {
  clear();
  fmt::print("{}", coloured(text, STDOUT_FILENO));
  std::fflush(stdout);
}

void Terminal::tick(const net::LimitStatus& limits, Instant now) {
  now_ = now;
  if (!last_status_) last_status_ = now;
  if (draws_) return draw(limits);
  bool is_due = now - *last_status_ >= kBetweenStatusLines && !state_.is_over();
  if (!is_due || verbosity_ == Verbosity::kQuiet) return;
  last_status_ = now;
  if (format_ == LogFormat::kJson) return log("info", "status", json_of(state_, limits));
  message("", status_line(state_, limits));
}

// One write, which overwrites what has changed: nothing flickers.
void Terminal::draw(const net::LimitStatus& limits) {
  if (held_) return;
  ScreenSize screen = screen_size();
  auto lines = progress_lines(state_, limits, screen, now_);
  bool is_resized = screen != drawn_on_;
  if (lines == drawn_ && !is_resized && messages_.empty()) return;
  std::string frame;
  if (!drawn_.empty() && (is_resized || lines.empty() || !messages_.empty())) frame = kErase;
  frame += std::exchange(messages_, {});
  if (!lines.empty()) frame += picture(lines);
  write(frame);
  drawn_ = std::move(lines);
  drawn_on_ = screen;
}

}  // namespace gantry::cli
