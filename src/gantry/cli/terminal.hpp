// What a person or a log sees of a run while it goes on: a picture that is redrawn on a terminal,
// lines of text or JSON elsewhere. All of it goes to standard error; results are for standard
// output. Io thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/progress.hpp"
#include "gantry/cli/progress_state.hpp"
#include "gantry/cli/progress_view.hpp"
#include "gantry/net/limit_status.hpp"

namespace boost::json {
class object;
}

namespace gantry::cli {

enum class Verbosity { kQuiet, kNormal, kVerbose };
enum class LogFormat { kText, kJson };

class Terminal final : public ProgressSink {
 public:
  // Draws only if standard error is a terminal and neither the environment says that this is a CI
  // nor the log is for a machine.
  Terminal(Verbosity verbosity, LogFormat format);
  ~Terminal() override;

  void job_started(const std::string& job) override;
  void job_advanced(const std::string& job, const std::string& phase, std::uint64_t done,
                    std::uint64_t total) override;
  void job_finished(const std::string& job, bool succeeded, const std::string& outcome) override;
  void warning(const std::string& job, const std::string& text) override;
  void note(const std::string& text) override;

  // A job that waits for its turn from now on.
  void expect(const std::string& job) { state_.add(job); }
  void error(const std::string& text);
  // What the user should know of the run, and is no warning.
  void notice(const std::string& text);
  // What the run was for, on standard output.
  void result(const std::string& text);

  bool draws() const { return draws_; }
  // Redraws what has changed, or writes a line every ten seconds. Called when a run begins and then
  // often: what happens until the next call is taken to happen `now`.
  void tick(const net::LimitStatus& limits, Instant now);
  // Clears the picture and draws none until resume(): for a question.
  void hold();
  void resume() { held_ = false; }

 private:
  void log(std::string_view level, std::string_view event, const boost::json::object& fields);
  void message(std::string_view mark, const std::string& text);
  void draw(const net::LimitStatus& limits);
  void clear();

  Verbosity verbosity_;
  LogFormat format_;
  bool draws_;
  bool held_ = false;
  ProgressState state_;
  Instant now_;
  std::optional<Instant> last_status_;
  std::vector<std::string> drawn_;  // the lines of the picture
  ScreenSize drawn_on_;
  std::string messages_;  // to be written above the picture with the next one
};

// The marks at the beginning of lines in colour, where the descriptor is a terminal and NO_COLOR is
// not set.
std::string coloured(std::string text, int descriptor);

}  // namespace gantry::cli
