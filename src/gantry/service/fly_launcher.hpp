// Workers as machines of Fly: one for each attempt, made through the Machines API, gone when its
// worker ends. They go on when the server ends.
//
// A machine is named after its attempt, and Fly gives a name once: a creation whose answer was lost
// makes no second machine, it is found by its name. All machines of a batch run the image that the
// first of them got, by its digest. Io thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/async/semaphore.hpp"
#include "gantry/net/transport.hpp"
#include "gantry/service/launcher.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {

class FlyLauncher final : public Launcher {
 public:
  struct Options {
    std::string api = "https://api.machines.dev";
    Secret token;  // goes to the origin of `api` only
    std::string app;
    std::string image;
    std::string region;  // or several, "ord,iad"; empty: where Fly likes
    int cpus = 2;
    int memory_mb = 1024;
    // Tells the machines of this server's data from those of others in the same app.
    std::string owner;
    // What workers get beside their assignment.
    std::vector<std::pair<std::string, std::string>> environment;
  };

  // All outlive it.
  FlyLauncher(async::any_io_executor executor, async::Clock& clock, net::Transport& transport,
              TaskStore& tasks, Options options);

  std::string_view name() const override { return "fly"; }
  bool workers_outlive_server() const override { return true; }
  // Waits while Fly takes no more creations, and asks again after what may pass.
  async::awaitable<std::string> launch(Assignment assignment) override;
  async::awaitable<std::string> wait(std::string machine) override;
  async::awaitable<std::vector<Attempt>> machines() override;
  // What fails for longer than a few seconds is left to the next look at machines().
  async::awaitable<void> stop(std::string machine) override;

 private:
  struct Answer;
  struct Machine;

  async::awaitable<Answer> call(std::string method, std::string path, std::string body,
                                std::chrono::seconds patience);
  Error refusal(const Answer& answer, std::string_view what) const;
  async::awaitable<Machine> create(Assignment assignment, std::string image);
  async::awaitable<Machine> make_or_find(Claim claim, std::string body);
  async::awaitable<std::vector<Machine>> list(std::string filter, bool with_ended);
  async::awaitable<std::string> exit_of(std::string id);
  std::string creation(const Assignment& assignment, const std::string& image) const;
  std::string path_of(std::string_view id) const;

  async::Clock& clock_;
  net::Transport& transport_;
  TaskStore& tasks_;
  Options options_;
  async::Semaphore pinning_;
};

}  // namespace gantry::service
