// Everything that gantry-sandbox can be told on its command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/sandbox/arke_tree.hpp"
#include "apps/sandbox/design.hpp"
#include "apps/sandbox/faults.hpp"
#include "apps/sandbox/figma_api.hpp"
#include "apps/sandbox/fly_machines.hpp"
#include "apps/sandbox/github_tree.hpp"
#include "apps/sandbox/limits.hpp"

namespace gantry::sandbox {

// A delay that is drawn evenly from base - spread to base + spread.
struct Latency {
  std::chrono::milliseconds base{0};
  std::chrono::milliseconds spread{0};
};

struct Options {
  std::uint16_t port = 0;
  std::filesystem::path port_file;
  unsigned threads = 1;
  std::chrono::seconds max_run{3600};
  std::string cdn_host = "127.0.0.2";
  std::chrono::seconds url_lifetime{30 * 24 * 3600};
  std::filesystem::path request_log;

  Latency api_latency;
  Latency cdn_latency;
  std::chrono::milliseconds render_delay{0};
  std::uint64_t unauthorized_after = 0;  // later calls answer 401; 0: never
  std::uint64_t token_valid_until = 0;   // later calls answer 403; 0: never

  DesignOptions design;
  ApiOptions api;
  LimitOptions limits;
  FaultOptions faults;
  ArkeOptions arke;
  FlyOptions fly;
  GitHubOptions github;
};

// What the program is to do after its command line was read.
struct CommandLine {
  Options options;
  int exit_code = -1;  // from 0: end with it, for --help or a wrong command line
};

CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace gantry::sandbox
