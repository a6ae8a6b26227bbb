// Plays a script on the real engine under virtual time, and notes every fault: an answer that
// cannot be, a limit that was passed, a thing that is left behind.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gantry/batch/batch_processor.hpp"
#include "gantry/batch/simulation/simulated_store.hpp"
#include "gantry/batch/simulation/upstream.hpp"

#include "testing/virtual_loop.hpp"

namespace gantry::batch::simulation {

// Rules that hold for some scripts only.
struct Watch {
  // Where nothing is cached and nothing has an item_timeout: who waits for which flight.
  bool waiters = false;
  // And all calls share one limit: no slot is free while a key could go.
  bool slots = false;
  // And there is no planner: no call of a lower class begins while a key of a higher one waits.
  bool classes = false;
  bool trace = false;
};

struct ActionResult {
  using Item = batch::Item<std::string>;

  bool has_begun = false;
  bool has_ended = false;
  bool was_cancelled = false;  // by the script
  async::TimePoint began;
  async::TimePoint ended;
  std::vector<std::pair<std::uint64_t, Item>> items;
  std::optional<Error> failure;
};

class Simulation final : private Observer {
 public:
  explicit Simulation(const Script& script, Watch watch = {});
  ~Simulation() override;
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // All actions to their ends, and then whatever still runs.
  void play();
  // The same again with a new processor on the same store.
  void restart();

  // One a line; empty: none.
  std::string faults() const;
  const std::vector<std::string>& trace() const { return trace_; }
  const std::vector<ActionResult>& results() const { return results_; }
  int operations() const { return upstream_->operations(); }
  const SimulatedStore& store() const { return store_; }

 private:
  using Processor = BatchProcessor<std::string>;

  // Who waits for a key, as far as anybody can tell from outside.
  struct Waiting {
    std::set<int> actions;
    bool sleeps = false;  // until it is tried again
    std::uint64_t since = 0;
    async::TimePoint since_time;
    Priority priority = Priority::kLow;
  };

  void open();
  void close();
  void schedule(int number);
  async::awaitable<void> act(int number);
  async::awaitable<void> process(int number);
  async::awaitable<void> read_stream(int number);
  async::awaitable<void> hold(int number);
  Request<std::string> request_for(int number, const RequestPlan& plan);
  void begin(int number);
  void end(int number);
  void shut_down();
  void run_until_idle();
  bool let_time_pass();

  void began(Operation& operation) override;
  void was_cancelled(const Operation& operation) override;
  void ended(const Operation& operation,
             const std::vector<std::pair<int, Fortune>>& keys) override;

  void want(int number, const RequestPlan& request);
  Waiting& waiting(int key) { return waiting_[static_cast<std::size_t>(key)]; }
  const ActionPlan& plan(int number) const {
    return script_.actions[static_cast<std::size_t>(number)];
  }
  ActionResult& result(int number) { return results_[static_cast<std::size_t>(number)]; }

  void check_limits(const Operation& newest);
  void check_single_flight(const Operation& newest);
  void check_class(const Operation& newest);
  void check_slots();
  void check_flights();
  void check_result(int number);
  void check_item(int number, std::uint64_t place, const ActionResult::Item& item);
  void check_value(int number, int key, const ActionResult::Item& item);
  void check_error(int number, int key, const ActionResult::Item& item);
  void check_store();
  void check_nothing_is_left();

  void fault(std::string what);
  void note(std::string what);
  std::int64_t milliseconds(async::TimePoint time) const;
  bool is_deduplicated(int key) const;

  const Script script_;
  Watch watch_;
  testing::VirtualLoop loop_;
  async::TimePoint zero_;
  SimulatedStore store_;
  std::unique_ptr<Upstream> upstream_;
  std::unique_ptr<net::Admission> admission_;
  std::unique_ptr<async::TaskScope> callers_;
  std::unique_ptr<async::TaskScope> flights_;
  std::unique_ptr<Processor> processor_;
  std::vector<ActionResult> results_;
  std::vector<std::vector<Request<std::string>>> requests_;  // of each action
  std::vector<std::weak_ptr<boost::asio::cancellation_signal>> signals_;
  std::vector<Waiting> waiting_;  // by key
  std::vector<std::pair<std::vector<int>, std::set<int>>> cancelled_;  // keys, and who waited
  std::uint64_t step_ = 0;
  bool is_shut_down_ = false;
  std::vector<std::string> faults_;
  std::vector<std::string> trace_;
};

}  // namespace gantry::batch::simulation
