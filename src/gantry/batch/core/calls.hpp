// From flights to upstream calls: groups them, chooses between planner and single fetches, waits
// for admission, sends, retries, falls back. Io thread.
//
// A planner's call stays open for more keys of its group, of whatever batch, until it is full or
// admitted: the longer a limit makes it wait, the fuller it gets. Keys that are asked for in one
// turn of the io loop share a call like those of one batch.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gantry/batch/core/flight.hpp"

namespace gantry::batch::core {

// Whether one plan is cheaper than `keys` single fetches of `latency` each, `concurrency` (0: all)
// at a time: it costs less of the quota and no more time.
bool is_cheaper(const Cost& plan, std::size_t keys, std::size_t batch_size, int concurrency,
                async::Duration latency);

class Calls {
 public:
  // Gets what a call brought for a flight.
  using Landed = std::function<void(const FlightPtr&, Outcome<Value>)>;
  // Gets what the cache turned out to have for a flight.
  using Known = std::function<void(const FlightPtr&, Landing)>;
  // Gets a value that a planner brought though no flight of the call wanted it.
  using Extra = std::function<void(const std::string& key, Value)>;

  // All outlive this.
  Calls(const Services& services, const ProcessorOptions& options, Cache& cache, Metrics& metrics,
        Landed landed, Known known, Extra extra);

  void add_planner(std::unique_ptr<ErasedPlanner> planner) {
    planners_.push_back(std::move(planner));
  }

  // Brings the flight on the terms of whoever began it.
  void add(const FlightPtr& flight);
  // One more waits for the flight, under its own lane, class and window. The flight may be over
  // when this returns.
  void claim(const FlightPtr& flight, const Interest& interest);
  // A waiter has left the flight, and is not among its waiters any more.
  void disclaim(const FlightPtr& flight, const Interest& interest);
  // Nobody wants the flight any more (is_over); these have until now.
  void abandon(const FlightPtr& flight, std::span<const Interest> interests);
  // Whether a call for the flight has been admitted and not answered.
  static bool is_under_way(const Flight& flight);
  // Nobody wants the flight any more, but a call under way goes on for others and will bring it:
  // whoever comes in the meantime joins. False: there is no such call.
  bool set_adrift(const FlightPtr& flight);

  // While held, a planner's call goes only when it is full.
  void hold() { ++holds_; }
  void unhold();

 private:
  // Flights that may share a call; all, as long as there is no planner.
  struct Group {
    std::string name;
    bool optimizations = false;
    std::size_t batch_size = 1;
    auto operator<=>(const Group&) const = default;
  };

  void sort_out();
  void sort_out(const Group& group, std::vector<FlightPtr> flights);
  std::optional<Cost> cost_of(const ErasedPlanner& planner, const Group& group,
                              std::span<const std::string_view> keys);
  ErasedPlanner* choose(const Group& group, const std::vector<FlightPtr>& flights);
  void board(ErasedPlanner* planner, const Group& group, const FlightPtr& flight);
  CallPtr make_call(const FlightPtr& flight, ErasedPlanner* planner, std::size_t capacity);
  void take_up(const CallPtr& call, const FlightPtr& flight);
  void fetch_alone(const FlightPtr& flight);

  static void adopt(Call& call);
  void leave_place(const CallPtr& call, const Interest& interest);
  void wait_as(const CallPtr& call, const Interest& interest);
  void submit(const CallPtr& call);
  void ask_for_admission(const CallPtr& call);
  net::TicketRequest ticket_of(Call& call) const;
  net::TicketRequest ticket_of(const Call& call, const Interest& interest) const;
  static std::shared_ptr<Window> window_of(const Call& call);
  void start(const CallPtr& call, std::shared_ptr<net::Admission::Grant> grant,
             std::shared_ptr<Window> window);
  async::awaitable<void> send(CallPtr call, std::shared_ptr<net::Admission::Grant> grant);
  async::awaitable<void> look_again(CallPtr call);
  async::awaitable<void> fetch(CallPtr call, CallContext context);
  void time_out(const CallPtr& call);
  void answer(const CallPtr& call, Value value);
  void answer(const CallPtr& call, ErasedAnswers answers);
  void fail(const CallPtr& call, const Error& error);
  void give_up(const CallPtr& call, const Error& error);
  void fail(ErasedPlanner* planner, const std::vector<FlightPtr>& flights, const Error& error);
  bool try_again(const CallPtr& call, const Error& error);
  void fall_back(const FlightPtr& flight, const Error& error);
  void drop_adrift(const std::vector<FlightPtr>& flights);
  void close(Call& call);
  void end(const CallPtr& call);

  Services services_;
  const ProcessorOptions& options_;
  Cache& cache_;
  Metrics& metrics_;
  Landed landed_;
  Known known_;
  Extra extra_;
  std::vector<std::unique_ptr<ErasedPlanner>> planners_;
  // In this turn of the loop, in the order in which the groups came.
  std::vector<std::pair<Group, std::vector<FlightPtr>>> arrived_;
  std::map<Group, std::size_t> place_in_arrived_;
  bool is_sorting_out_ = false;
  std::map<std::pair<ErasedPlanner*, std::string>, CallPtr> open_;  // with room
  int holds_ = 0;
  std::uint64_t last_number_ = 0;
  bool is_stopping_ = false;  // the scope has been cancelled
  std::mt19937_64 random_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gantry::batch::core
