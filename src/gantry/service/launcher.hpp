// What starts the workers that do the exports: processes of this machine, or machines elsewhere.
// Io thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/awaitable.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/service/task_writer.hpp"

namespace gantry::service {

// All that a worker must know.
struct Assignment {
  Claim claim;
  std::string callback_url;  // of its task
  Secret token;              // by which a callback is known as this attempt's
};

class Launcher {
 public:
  virtual ~Launcher() = default;

  virtual std::string_view name() const = 0;  // "local"
  // Whether workers go on when the server ends. Else they have all ended before the next one
  // begins.
  virtual bool workers_outlive_server() const = 0;

  // Starts a worker and names its machine. What it throws says whether another try may succeed.
  virtual async::awaitable<std::string> launch(Assignment assignment) = 0;
  // Returns when the worker has ended, and says how: "killed by signal 9". At once for a machine
  // that is not known.
  virtual async::awaitable<std::string> wait(std::string machine) = 0;
  // The machines that are there, each with its attempt, for workers that outlive the server: those
  // of this server's data only.
  virtual async::awaitable<std::vector<Attempt>> machines() = 0;
  // Ends the worker and all that it has started. Nothing happens if it has ended.
  virtual async::awaitable<void> stop(std::string machine) = 0;
};

}  // namespace gantry::service
