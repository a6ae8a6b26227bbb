// The upstream of a simulation: answers single fetches and planners as a script says, and tells an
// observer of every operation that begins and ends.
#pragma once

#include <list>
#include <string>
#include <vector>

#include <boost/asio/cancellation_state.hpp>

#include "gantry/batch/planner.hpp"
#include "gantry/batch/simulation/script.hpp"

namespace gantry::batch::simulation {

// One upstream call under way.
struct Operation {
  std::vector<int> keys;
  int action = -1;  // whose fetch it is; below zero: a planner's
  int attempt = 1;
  boost::asio::cancellation_state state;
  async::TimePoint began;
  bool is_orphan = false;  // a batch has ended since it began

  bool by_planner() const { return action < 0; }
  bool is_cancelled() const { return state.cancelled() != boost::asio::cancellation_type::none; }
};

// What became of a key in an operation.
enum class Fortune { kValue, kFailed, kMayBeTriedAgain, kLeftOut };

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void began(Operation& operation) = 0;
  virtual void was_cancelled(const Operation& operation) = 0;
  // `keys` are all that it told something of; called while it still counts as running.
  virtual void ended(const Operation& operation,
                     const std::vector<std::pair<int, Fortune>>& keys) = 0;
};

class Upstream {
 public:
  Upstream(const Script& script, async::Clock& clock, Observer& observer)
      : script_(script),
        clock_(clock),
        observer_(observer),
        began_at_(clock.now()),
        answered_(script.keys.size(), 0) {}

  // A value is "part:1:9@1200": what it is of, and when it was made.
  async::awaitable<std::string> get(int action, int key, CallContext context);
  async::awaitable<Answers<std::string>> get_many(const PlannerPlan& planner, int& calls,
                                                  std::vector<std::string> names,
                                                  CallContext context);

  const std::list<Operation>& running() const { return running_; }
  std::list<Operation>& running() { return running_; }
  int operations() const { return operations_; }

 private:
  using Place = std::list<Operation>::iterator;

  async::awaitable<void> pass_time(Place operation, Delay latency, bool is_stubborn);
  void end(Place operation, const std::vector<std::pair<int, Fortune>>& keys);
  // The value, or throws.
  std::string answer(int key);
  std::string value_of(int key) const;
  Fortune fortune_of(int key) const;
  void answer_for_planner(const PlannerPlan& planner, int key, Answers<std::string>& answers,
                          std::vector<std::pair<int, Fortune>>& told);
  static void fail_as(const PlannerPlan& planner, int calls);

  const Script& script_;
  async::Clock& clock_;
  Observer& observer_;
  async::TimePoint began_at_;
  std::vector<int> answered_;  // by key
  std::list<Operation> running_;
  int operations_ = 0;
};

class SimulatedPlanner final : public GroupPlanner<std::string> {
 public:
  SimulatedPlanner(const PlannerPlan& plan, Upstream& upstream)
      : plan_(plan), upstream_(upstream) {}

  std::optional<Cost> cost(std::string_view group,
                           std::span<const std::string_view> keys) const override;
  async::awaitable<Answers<std::string>> fetch(std::string group, std::vector<std::string> keys,
                                               CallContext context) override;

 private:
  const PlannerPlan& plan_;
  Upstream& upstream_;
  int calls_ = 0;
};

}  // namespace gantry::batch::simulation
