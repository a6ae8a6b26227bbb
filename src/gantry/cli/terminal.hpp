// What a person sees while a run goes on: one line that is redrawn on a terminal, plain lines
// elsewhere. All of it goes to standard error; results are for standard output. Io thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/progress.hpp"

namespace gantry::cli {

enum class Verbosity { kQuiet, kNormal, kVerbose };

class Terminal final : public ProgressSink {
 public:
  // Draws only if standard error is a terminal and the environment does not say that this is a CI.
  explicit Terminal(Verbosity verbosity);
  ~Terminal() override;

  void job_started(const std::string& job) override;
  void job_advanced(const std::string& job, const std::string& phase, std::uint64_t done,
                    std::uint64_t total) override;
  void job_finished(const std::string& job, const std::string& outcome) override;
  void warning(const std::string& job, const std::string& text) override;
  void note(const std::string& text) override;

  // How many jobs the run has, for the count in front.
  void expect_jobs(std::size_t count) { expected_ = count; }
  void error(const std::string& text);
  // What the user should know of the run, and is no warning.
  void notice(const std::string& text);
  // What the run was for, on standard output.
  void result(const std::string& text);

  bool draws() const { return draws_; }
  // Redraws the line if something has changed. `wait`: how long the rate limit holds the next call.
  void tick(std::chrono::seconds wait);

 private:
  struct Job {
    std::string name;
    std::string phase;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
  };

  void print(std::string_view mark, const std::string& text);
  std::string line(std::size_t columns) const;
  void clear();

  Verbosity verbosity_;
  bool draws_;
  bool drawn_ = false;
  bool changed_ = false;
  std::size_t expected_ = 0;
  std::size_t finished_ = 0;
  std::chrono::seconds wait_{};
  std::size_t columns_ = 0;  // of the terminal when the line was drawn
  std::vector<Job> active_;
};

// The marks ✓, ✗ and ⚠ at the beginning of lines in green, red and yellow, where the descriptor is
// a terminal and NO_COLOR is not set.
std::string coloured(std::string text, int descriptor);

// Text from elsewhere as it may be shown: without control characters other than line breaks.
std::string printable(std::string_view text);

}  // namespace gantry::cli
