// One run: the io loop, the engine, the signals, the redrawing; from options to an exit code.
#pragma once

#include <functional>

#include "gantry/async/awaitable.hpp"
#include "gantry/cli/terminal.hpp"
#include "gantry/jobs/engine.hpp"

namespace gantry::cli {

// The exit codes of every command; 128 + n for a signal n.
enum ExitCode {
  kSuccess = 0,
  kFailure = 1,
  kWrongUse = 2,
  kOutputConflict = 3,
  kOutOfDate = 4,
};

// What is to be done before a run is left that a signal has cancelled and that hangs. Quickly.
using LastWords = std::function<void(jobs::Engine&)>;

// Runs `body` on a loop of its own and returns its code. The first SIGINT or SIGTERM cancels it
// and ends the process within two seconds whatever hangs; the second ends it at once. `last_words`
// are called on the loop if the body has not ended a second after the signal.
int run_session(const jobs::EngineOptions& options, Terminal& terminal,
                std::function<async::awaitable<int>(jobs::Engine&)> body,
                LastWords last_words = {});

}  // namespace gantry::cli
