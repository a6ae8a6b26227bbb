#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "gantry/base/files.hpp"

#include "apps/sandbox/options.hpp"
#include "apps/sandbox/sandbox.hpp"

namespace {

// Until SIGINT, SIGTERM or the end of the longest run. The signals are blocked in all threads.
void wait_for_end(const sigset_t& signals, std::chrono::seconds longest) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + longest;
  for (auto left = end - Clock::now(); left.count() > 0; left = end - Clock::now()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = 0};
    // Being stopped and continued interrupts the wait, which is no reason to end.
    if (sigtimedwait(&signals, nullptr, &limit) >= 0 || errno != EINTR) return;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const auto line = gantry::sandbox::parse_command_line(argc, argv);
  if (line.exit_code >= 0) return line.exit_code;
  gantry::sandbox::Sandbox sandbox(line.options);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  sandbox.start();
  if (!line.options.port_file.empty()) {
    gantry::write_file_atomically(line.options.port_file, fmt::format("{}\n", sandbox.port()));
  }
  fmt::print("listening on http://127.0.0.1:{}\n", sandbox.port());
  std::fflush(stdout);
  wait_for_end(signals, line.options.max_run);
  sandbox.stop();
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "gantry-sandbox: {}\n", error.what());
  return 1;
}
