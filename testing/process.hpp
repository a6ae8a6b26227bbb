// Runs a program and keeps what it wrote, how it ended and what it cost.
//
//   ProcessResult result = run({.program = gantry_program(), .arguments = {"--version"}});
//   Process server({.program = ...});  server.kill(SIGTERM);  server.wait();
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace gantry::testing {

struct Command {
  std::filesystem::path program;  // looked up in PATH if it has no slash
  std::vector<std::string> arguments{};
  // Changes to the environment of this process; nothing removes a variable.
  std::map<std::string, std::optional<std::string>> environment{};
  std::filesystem::path working_folder{};  // empty: that of this process
  // Counted from the start. A program that runs longer is killed and `timed_out`. Builds with
  // sanitizers get five times as long.
  std::chrono::milliseconds time_limit = std::chrono::seconds(60);
};

struct ProcessResult {
  int exit_code = -1;  // -1 if a signal ended it
  int signal = 0;
  bool timed_out = false;
  std::string out;
  std::string err;
  std::chrono::milliseconds wall{};
  std::chrono::milliseconds cpu{};
  std::uint64_t peak_memory = 0;  // bytes
};

class Process {
 public:
  // Starts the program; its standard input is empty. It is killed if this process dies.
  explicit Process(const Command& command);
  // Kills what still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return id_; }
  void kill(int signal);
  bool running();
  // What it has written until now.
  std::string out() const;
  std::string err() const;
  // Waits for the end, or kills at the time limit. May be called again.
  const ProcessResult& wait();

 private:
  bool ended_within(std::chrono::milliseconds time) const;
  ProcessResult reap() const;

  std::chrono::steady_clock::time_point start_;
  std::chrono::milliseconds time_limit_;
  pid_t id_ = -1;
  int handle_ = -1;  // pidfd
  int out_ = -1;     // memory files: no pipe to drain, no thread to drain it
  int err_ = -1;
  std::optional<ProcessResult> result_;
};

// Process(command).wait()
ProcessResult run(const Command& command);

}  // namespace gantry::testing
