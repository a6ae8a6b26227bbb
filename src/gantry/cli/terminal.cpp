#include "gantry/cli/terminal.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace gantry::cli {
namespace {

constexpr int kUsualWidth = 80;
constexpr std::chrono::seconds kWaitWorthTelling{2};
constexpr std::array<std::pair<std::string_view, int>, 3> kColours = {
    {{"✓", 32}, {"✗", 31}, {"⚠", 33}}};

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

bool starts_a_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::size_t length_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_a_character));
}

// At most `columns` characters, counted as code points; what is cut off shows.
std::string cut(const std::string& text, std::size_t columns) {
  if (columns == 0 || length_of(text) <= columns) return columns == 0 ? std::string() : text;
  std::size_t seen = 0;
  std::size_t end = 0;
  while (end < text.size() && (!starts_a_character(text[end]) || seen++ < columns - 1)) ++end;
  return text.substr(0, end) + "…";
}

std::string labelled(const std::string& job, const std::string& text) {
  return job.empty() ? text : job + ": " + text;
}

}  // namespace

std::string coloured(std::string text, int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if ((no_color != nullptr && *no_color != '\0') || isatty(descriptor) != 1) return text;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    for (auto [mark, colour] : kColours) {
      if (!text.substr(at).starts_with(mark)) continue;
      std::string painted = fmt::format("\x1b[{}m{}\x1b[m", colour, mark);
      text.replace(at, mark.size(), painted);
    }
    if (text.find('\n', at) == std::string::npos) break;
  }
  return text;
}

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

// The cursor stands at the beginning of what is drawn, wherever a change of the terminal's width
// has moved that and however many rows it takes now.
void Terminal::clear() {
  if (drawn_) std::fputs("\x1b[J", stderr);
  drawn_ = false;
}

void Terminal::print(std::string_view mark, const std::string& text) {
  clear();
  std::string shown = printable(text);
  // Further lines of a message stand below its first.
  for (std::size_t at = shown.find('\n'); at != std::string::npos; at = shown.find('\n', at + 3)) {
    shown.replace(at, 1, "\n  ");
  }
  fmt::print(stderr, "{}\n", coloured(std::string(mark) + shown, STDERR_FILENO));
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

void Terminal::notice(const std::string& text) {
  if (verbosity_ != Verbosity::kQuiet) print("", text);
}

void Terminal::result(const std::string& text) {
  clear();
  fmt::print("{}", coloured(text, STDOUT_FILENO));
  std::fflush(stdout);
}

// "[1/3] web.yaml 120/410 · ios.yaml listing", with as many jobs as there is room for.
std::string Terminal::line(std::size_t columns) const {
  std::string text = expected_ > 1 ? fmt::format("[{}/{}] ", finished_, expected_) : std::string();
  if (wait_ >= kWaitWorthTelling) text += fmt::format("rate limit: {} s · ", wait_.count());
  for (std::size_t i = 0; i < active_.size(); ++i) {
    const Job& job = active_[i];
    std::string part = (i == 0 ? "" : " · ") + cut(printable(job.name), columns / 2) + " ";
    part += job.total > 1 ? fmt::format("{}/{}", job.done, job.total) : job.phase;
    std::size_t others = active_.size() - i - 1;
    std::string rest = others == 0 ? std::string() : fmt::format(" · +{}", others);
    if (i > 0 && length_of(text + part + rest) > columns) {
      return cut(text + fmt::format(" · +{}", others + 1), columns);
    }
    text += part;
  }
  return cut(text, columns);
}

void Terminal::tick(std::chrono::seconds wait) {
  std::size_t columns = width();
  if (!draws_ || (!changed_ && wait == wait_ && columns == columns_)) return;
  changed_ = false;
  wait_ = wait;
  columns_ = columns;
  clear();
  if (active_.empty()) return;
  // Without wrapping: the terminal may have become narrower just now.
  fmt::print(stderr, "\x1b[?7l{}\x1b[?7h\r", line(columns - 1));
  drawn_ = true;
}

}  // namespace gantry::cli
