#include "gantry/cli/terminal.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace gantry::cli {
namespace {

constexpr int kUsualWidth = 80;

bool is_ci() {
  for (const char* name :
       {"CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

std::size_t width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return size.ws_col;
}

// The first `columns` characters, counted as code points.
std::string cut(const std::string& text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool starts_a_character = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts_a_character && seen++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string labelled(const std::string& job, const std::string& text) {
  return job.empty() ? text : job + ": " + text;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool is_control = (byte < 0x20 && c != '\n') || byte == 0x7f;
    if (is_control) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

Terminal::Terminal(Verbosity verbosity)
    : verbosity_(verbosity),
      draws_(verbosity == Verbosity::kNormal && isatty(STDERR_FILENO) == 1 && !is_ci()) {}

Terminal::~Terminal() { clear(); }

void Terminal::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void Terminal::print(std::string_view mark, const std::string& text) {
  clear();
  std::string shown = printable(text);
  // Further lines of a message stand below its first.
  for (std::size_t at = shown.find('\n'); at != std::string::npos; at = shown.find('\n', at + 3)) {
    shown.replace(at, 1, "\n  ");
  }
  fmt::print(stderr, "{}{}\n", mark, shown);
  changed_ = true;
}

void Terminal::job_started(const std::string& job) {
  active_.push_back(Job{job, "starting"});
  changed_ = true;
  if (!draws_ && verbosity_ != Verbosity::kQuiet) print("", job + ": started");
}

void Terminal::job_advanced(const std::string& job, const std::string& phase, std::uint64_t done,
                            std::uint64_t total) {
  auto found = std::find_if(active_.begin(), active_.end(),
                            [&job](const Job& active) { return active.name == job; });
  if (found == active_.end()) return;
  bool is_new_phase = found->phase != phase;
  found->phase = phase;
  found->done = done;
  found->total = total;
  changed_ = true;
  if (is_new_phase && verbosity_ == Verbosity::kVerbose) {
    print("", total > 1 ? fmt::format("{}: {} {}", job, phase, total) : job + ": " + phase);
  }
}

void Terminal::job_finished(const std::string& job, const std::string& outcome) {
  std::erase_if(active_, [&job](const Job& active) { return active.name == job; });
  ++finished_;
  changed_ = true;
  if (!draws_ && verbosity_ != Verbosity::kQuiet) print("", job + ": " + outcome);
}

void Terminal::warning(const std::string& job, const std::string& text) {
  if (verbosity_ != Verbosity::kQuiet) print("⚠ ", labelled(job, text));
}

void Terminal::note(const std::string& text) {
  if (verbosity_ == Verbosity::kVerbose) print("", text);
}

void Terminal::error(const std::string& text) { print("✗ ", text); }

std::string Terminal::line() const {
  std::string text = expected_ > 1 ? fmt::format("[{}/{}]", finished_, expected_) : std::string();
  for (const Job& job : active_) {
    if (!text.empty()) text += text.back() == ']' ? " " : " · ";
    text += printable(job.name) + " " + job.phase;
    if (job.total > 1) text += fmt::format(" {}/{}", job.done, job.total);
  }
  return text;
}

void Terminal::tick() {
  if (!draws_ || !changed_) return;
  changed_ = false;
  std::string text = line();
  clear();
  if (text.empty()) return;
  fmt::print(stderr, "\r{}\x1b[K", cut(text, width() - 1));
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace gantry::cli
