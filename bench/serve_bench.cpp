// How many tasks a second the service takes through their whole life, with workers that cost
// nothing: queued, launching, running, success, each state on the disk before the next step.
//   gantry-bench-serve FOLDER TASKS WINDOW
// The folder is empty; the window is how many run at a time. Prints seconds.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/service/dispatcher.hpp"
#include "gantry/service/task_store.hpp"

namespace gantry::service {
namespace {

// Its workers have done all at once, and say so as a worker's callback does.
class IdleLauncher final : public Launcher {
 public:
  IdleLauncher(async::Clock& clock, TaskStore& store) : clock_(clock), store_(store) {}

  std::string_view name() const override { return "idle"; }
  bool workers_outlive_server() const override { return false; }
  async::awaitable<std::string> launch(Assignment assignment) override {
    std::string machine = assignment.claim.task_id;
    claims_.emplace(machine, std::move(assignment.claim));
    co_return machine;
  }
  async::awaitable<std::string> wait(std::string machine) override {
    Claim claim = std::move(claims_.extract(machine).mapped());
    Result result;
    result.output = TaskOutput{{"exports/" + claim.task_id, 1, 2, sha256("x")}, "x.xml"};
    auto settle = [claim = std::move(claim), result = std::move(result),
                   now = clock_.wall_now()](TaskWriter& writer) {
      return writer.settle({claim.task_id, claim.attempt, ""}, result, now);
    };
    co_await store_.change(std::move(settle));
    co_return "exit code 0";
  }
  async::awaitable<std::vector<Attempt>> machines() override { co_return std::vector<Attempt>(); }
  async::awaitable<void> stop(std::string /*machine*/) override { co_return; }

 private:
  async::Clock& clock_;
  TaskStore& store_;
  std::map<std::string, Claim> claims_;
};

async::awaitable<void> do_all(async::Clock& clock, TaskStore& store, Dispatcher& dispatcher,
                              std::size_t tasks, boost::asio::io_context& loop) {
  NewBatch batch{.kind = "mods", .options = "{}"};
  for (std::size_t i = 0; i < tasks; ++i) batch.subjects.push_back(fmt::format("{:026}", i));
  auto submit = [batch = std::move(batch), now = clock.wall_now()](TaskWriter& writer) {
    return writer.submit(batch, now);
  };
  Submission submission = co_await store.change(std::move(submit));
  dispatcher.wake();
  auto is_done = [id = submission.batch_id](TaskReader& reader) {
    return reader.batch(id)->completed_at.has_value();
  };
  while (!co_await store.ask(is_done)) co_await clock.sleep(std::chrono::milliseconds(5));
  loop.stop();
}

double seconds_of_lives(const std::filesystem::path& folder, std::size_t tasks, int window) {
  boost::asio::io_context loop;
  async::SystemClock clock(loop.get_executor());
  TaskStore store(loop.get_executor(), folder / "tasks.sqlite");
  IdleLauncher launcher(clock, store);
  Dispatcher dispatcher(loop.get_executor(), clock, store, launcher,
                        {.max_running = window, .token_key = Secret("key")});
  dispatcher.set_callback_base("http://127.0.0.1/callback/");
  async::TaskScope scope(loop.get_executor());
  scope.spawn(dispatcher.run());
  scope.spawn(do_all(clock, store, dispatcher, tasks, loop));
  async::TimePoint started = clock.now();
  loop.run();
  double seconds = std::chrono::duration<double>(clock.now() - started).count();
  scope.cancel();
  loop.restart();
  while (scope.running() > 0) loop.run_one();
  return seconds;
}

int number_in(std::string_view text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

int run(int argc, char** argv) {
  const int tasks = argc == 4 ? number_in(argv[2]) : 0;
  const int window = argc == 4 ? number_in(argv[3]) : 0;
  if (tasks < 1 || window < 1) {
    std::fputs("usage: gantry-bench-serve FOLDER TASKS WINDOW\n", stderr);
    return 2;
  }
  fmt::print("{:.3f}\n", seconds_of_lives(argv[1], static_cast<std::size_t>(tasks), window));
  return 0;
}

}  // namespace
}  // namespace gantry::service

int main(int argc, char** argv) {
  try {
    return gantry::service::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "gantry-bench-serve: {}\n", error.what());
    return 1;
  }
}
