// Questions to the person at the terminal.
#pragma once

#include <string>

#include "gantry/async/awaitable.hpp"

namespace gantry::cli {

// Whether there is somebody: standard input and standard error are a terminal.
bool can_ask();

// Shows the question and waits for a line; true for one that begins with y or Y. Can be cancelled.
async::awaitable<bool> ask(std::string question);

}  // namespace gantry::cli
