// Workers as processes of this machine: `gantry worker`, each in a process group and a folder of
// its own. They end with the server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gantry/service/launcher.hpp"

namespace gantry::service {

class LocalLauncher final : public Launcher {
 public:
  struct Options {
    std::vector<std::string> command;  // program and first arguments
    std::filesystem::path folder;      // of the folders of attempts
    // What workers get of the environment beside their assignment.
    std::vector<std::pair<std::string, std::string>> environment;
    // That one worker may have as its own; zero: no bound, as sanitizers need it, which map
    // terabytes.
#ifdef GANTRY_SANITIZED
    std::uint64_t memory_bytes = 0;
#else
    std::uint64_t memory_bytes = 2ULL << 30;
#endif
  };

  LocalLauncher(async::any_io_executor executor, Options options);
  // Kills the workers that are left.
  ~LocalLauncher() override;

  std::string_view name() const override { return "local"; }
  bool workers_outlive_server() const override { return false; }
  // Its folder stands until wait() has returned: what is wanted of it must be taken before the
  // worker ends. Call it on a thread that lives as long as the process: the kernel ends a worker
  // with the thread that has started it.
  async::awaitable<std::string> launch(Assignment assignment) override;
  async::awaitable<std::string> wait(std::string machine) override;
  async::awaitable<std::vector<Attempt>> machines() override;
  async::awaitable<void> stop(std::string machine) override;

  // Where an attempt puts its output.
  static std::filesystem::path folder_of(const std::filesystem::path& root,
                                         const std::string& task_id, int attempt);

 private:
  struct Process;

  async::any_io_executor executor_;
  Options options_;
  std::map<std::string, std::shared_ptr<Process>> processes_;  // by machine
  std::uint64_t launched_ = 0;
};

}  // namespace gantry::service
