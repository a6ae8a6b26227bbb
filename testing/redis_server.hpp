// A redis-server of the test's own: without persistence, in a temporary folder, on a Unix socket or
// a port of loopback. It ends with the object.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "testing/process.hpp"

namespace gantry::testing {

class RedisServer {
 public:
  struct Options {
    std::string password{};
    int port = 0;  // 0: none; free_port() gives one
  };

  // Whether the program is there at all; a test that needs it is skipped where it is not.
  static bool is_installed();
  static int free_port();

  // Starts it and waits until it answers. std::runtime_error.
  explicit RedisServer(std::filesystem::path folder) : RedisServer(std::move(folder), Options()) {}
  RedisServer(std::filesystem::path folder, Options options);

  std::filesystem::path socket() const { return folder_ / "redis.sock"; }
  // Ends it; what it held is gone.
  void stop();
  void start();
  // Stops its time: it takes connections and says nothing.
  void pause();
  void resume();

 private:
  const std::filesystem::path folder_;
  const Options options_;
  std::unique_ptr<Process> process_;
};

}  // namespace gantry::testing
