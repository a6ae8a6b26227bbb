// The machines of the simulated Fly: what is asked for runs, as a process of this computer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/object.hpp>
#include <sys/types.h>

namespace gantry::sandbox {

struct FlyOptions {
  std::filesystem::path program;     // that every machine runs, with the argument "worker"
  double rate = 1;                   // creations a second, and as many lists
  int burst = 3;                     // of them at once
  std::uint64_t lose_every = 0;      // the answer to every Nth creation is lost; 0: none
  std::uint64_t kill_every = 0;      // every Nth machine dies when it has started; 0: none
  std::filesystem::path transcript;  // a JSON line for each call, with the bodies; empty: none
};

// Any thread.
class FlyMachines {
 public:
  explicit FlyMachines(const FlyOptions& options);
  // Kills all that run.
  ~FlyMachines();
  FlyMachines(const FlyMachines&) = delete;
  FlyMachines& operator=(const FlyMachines&) = delete;

  using Value = boost::json::object;

  // Makes and starts a machine as of CreateMachineRequest. Nothing if the name is taken.
  std::optional<Value> create(const std::string& app, const Value& request);
  // As Fly shows them; nothing if there is none.
  std::optional<Value> find(const std::string& app, const std::string& id);
  // Those with this metadata, in the order of their creation.
  std::vector<Value> list(const std::string& app,
                          const std::map<std::string, std::string>& metadata, bool with_destroyed);
  void stop(const std::string& id, int signal);
  void destroy(const std::string& id);

  // {"created", "killed", "running", "most_running"}
  Value stats();

 private:
  struct Machine;

  void start(Machine& machine);
  void run(Machine& machine, pid_t pid);
  void note(Machine& machine, const char* type, const char* status, Value request);
  Value shown(const Machine& machine) const;

  const FlyOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::uint64_t created_ = 0;
  std::uint64_t killed_ = 0;
  std::uint64_t running_ = 0;
  std::uint64_t most_running_ = 0;
  std::uint64_t last_event_ = 0;
};

}  // namespace gantry::sandbox
