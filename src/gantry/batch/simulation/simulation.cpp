#include "gantry/batch/simulation/simulation.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gantry::batch::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = ActionPlan::Kind;

constexpr const char* kPool = "upstream";
// More turns of the loop than any script needs: what runs longer runs in a circle.
constexpr std::uint64_t kMostSteps = 200'000;
constexpr std::size_t kMostFaults = 10;

}  // namespace

Simulation::Simulation(const Script& script, Watch watch)
    : script_(script),
      watch_(watch),
      zero_(loop_.clock().now()),
      store_(loop_.clock(), script_.store) {
  open();
}

Simulation::~Simulation() {
  if (processor_ != nullptr) close();
}

void Simulation::open() {
  Observer& observer = *this;
  upstream_ = std::make_unique<Upstream>(script_, loop_.clock(), observer);
  admission_ = std::make_unique<net::Admission>(loop_.executor(), loop_.clock(), 15min);
  callers_ = std::make_unique<async::TaskScope>(loop_.executor());
  flights_ = std::make_unique<async::TaskScope>(loop_.executor());
  Services services{loop_.executor(), loop_.clock(), *flights_, *admission_};
  ProcessorOptions options = script_.processor;
  if (script_.store.kind != StorePlan::Kind::kNone) options.store = &store_;
  if (script_.pool_slots > 0) {
    admission_->queue().set_pool(kPool, script_.pool_slots, net::LaneOrder::kInTurn);
    options.ticket.emplace();
    options.ticket->pool = kPool;
  }
  processor_ = std::make_unique<Processor>(services, std::move(options));
  for (const PlannerPlan& planner : script_.planners) {
    processor_->add_planner(std::make_unique<SimulatedPlanner>(planner, *upstream_));
  }
  results_.assign(script_.actions.size(), ActionResult());
  requests_.assign(script_.actions.size(), {});
  signals_.assign(script_.actions.size(), {});
  waiting_.assign(script_.keys.size(), Waiting());
  cancelled_.clear();
}

// Only where a fault has left something behind is there anything to cancel.
void Simulation::close() {
  callers_->cancel();
  loop_.settle();
  flights_->cancel();
  loop_.settle();
  while (loop_.clock().advance_to_next()) loop_.settle();
  processor_.reset();
  callers_.reset();
  flights_.reset();
  admission_.reset();
}

void Simulation::restart() {
  close();
  store_.behave();
  open();
}

void Simulation::play() {
  for (int number = 0; number < static_cast<int>(script_.actions.size()); ++number) {
    schedule(number);
  }
  if (script_.shutdown_at) {
    auto time = loop_.clock().now() + std::chrono::milliseconds(*script_.shutdown_at);
    loop_.clock().call_at(time, [this] { shut_down(); });
  }
  run_until_idle();
  for (std::size_t number = 0; number < results_.size(); ++number) {
    check_result(static_cast<int>(number));
  }
  check_store();
  check_nothing_is_left();
}

void Simulation::run_until_idle() {
  try {
    do {
      loop_.settle();
      check_flights();
      check_slots();
      if (++step_ > kMostSteps) return fault("it never comes to rest");
    } while (let_time_pass());
  } catch (const std::exception& escaped) {
    fault(fmt::format("thrown out of the io loop: {}", escaped.what()));
  }
}

// On the loop, as a timer would: what is dispatched there runs at once.
bool Simulation::let_time_pass() {
  bool more = false;
  boost::asio::post(loop_.context(), [&] { more = loop_.clock().advance_to_next(); });
  loop_.settle();
  return more;
}

void Simulation::schedule(int number) {
  async::TimePoint start = loop_.clock().now() + std::chrono::milliseconds(plan(number).at);
  auto signal = &signals_[static_cast<std::size_t>(number)];
  loop_.clock().call_at(start, [this, number, signal] {
    if (!is_shut_down_) *signal = callers_->spawn(act(number));
  });
  if (!plan(number).cancelled_after) return;
  async::TimePoint stop = start + std::chrono::milliseconds(*plan(number).cancelled_after);
  loop_.clock().call_at(stop, [this, number, signal] {
    auto alive = signal->lock();
    if (alive == nullptr) return;
    result(number).was_cancelled = true;
    note(fmt::format("cancel {}", number));
    alive->emit(boost::asio::cancellation_type::terminal);
  });
}

void Simulation::shut_down() {
  is_shut_down_ = true;
  note("shutdown");
  for (ActionResult& one : results_) one.was_cancelled = true;
  callers_->cancel();
  flights_->cancel();
}

async::awaitable<void> Simulation::act(int number) {
  begin(number);
  try {
    switch (plan(number).kind) {
      case Kind::kBatch:
      case Kind::kGet:
        co_await process(number);
        break;
      case Kind::kStream:
        co_await read_stream(number);
        break;
      case Kind::kHold:
        co_await hold(number);
        break;
    }
  } catch (const Error& error) {
    result(number).failure = error;
  } catch (const std::exception& error) {
    fault(fmt::format("action {} threw what is no Error: {}", number, error.what()));
  }
  end(number);
}

Request<std::string> Simulation::request_for(int number, const RequestPlan& its) {
  Request<std::string> request;
  request.key = key_name(its.key);
  request.priority = its.priority;
  request.host = fmt::format("h{}", its.key % 3);
  if (its.ttl) request.ttl = std::chrono::milliseconds(*its.ttl);
  if (its.has_fetch) {
    request.fetch = [this, number, key = its.key](CallContext context) {
      return upstream_->get(number, key, std::move(context));
    };
  }
  return request;
}

async::awaitable<void> Simulation::process(int number) {
  auto& requests = requests_[static_cast<std::size_t>(number)];
  for (const RequestPlan& one : plan(number).requests) {
    requests.push_back(request_for(number, one));
    want(number, one);
  }
  if (plan(number).kind == Kind::kGet) {
    ActionResult::Item item =
        co_await processor_->get(std::move(requests.front()), plan(number).options);
    result(number).items.emplace_back(0, std::move(item));
    co_return;
  }
  std::vector<ActionResult::Item> items =
      co_await processor_->process(requests, plan(number).options);
  for (std::size_t i = 0; i < items.size(); ++i) {
    result(number).items.emplace_back(i, std::move(items[i]));
  }
}

async::awaitable<void> Simulation::read_stream(int number) {
  const ActionPlan& its = plan(number);
  StreamOptions options;
  options.batch = its.options;
  options.order = its.in_order ? Order::kAsRequested : Order::kAsCompleted;
  options.byte_budget = its.byte_budget;
  auto source = [this, number, next = std::size_t{0}]() mutable {
    std::optional<Request<std::string>> request;
    if (next == plan(number).requests.size()) return request;
    const RequestPlan& one = plan(number).requests[next++];
    want(number, one);
    request = request_for(number, one);
    return request;
  };
  ItemStream<std::string> stream = processor_->stream(std::move(source), std::move(options));
  auto& items = result(number).items;
  while (!its.takes || static_cast<int>(items.size()) < *its.takes) {
    std::optional<Numbered<std::string>> answer = co_await stream.next();
    if (!answer) break;
    items.emplace_back(answer->number, std::move(answer->item));
    if (its.pace > 0) co_await loop_.clock().sleep(std::chrono::milliseconds(its.pace));
  }
}

async::awaitable<void> Simulation::hold(int number) {
  Processor::Hold held = processor_->hold();
  co_await loop_.clock().sleep(std::chrono::milliseconds(plan(number).lasts));
}

void Simulation::begin(int number) {
  note(fmt::format("begin {}", number));
  result(number).has_begun = true;
  result(number).began = loop_.clock().now();
}

void Simulation::end(int number) {
  ActionResult& its = result(number);
  its.has_ended = true;
  its.ended = loop_.clock().now();
  note(fmt::format("end {} with {} items{}", number, its.items.size(),
                   its.failure ? ", " + its.failure->message() : ""));
  for (Operation& operation : upstream_->running()) operation.is_orphan = true;
  for (Waiting& key : waiting_) key.actions.erase(number);
}

void Simulation::want(int number, const RequestPlan& request) {
  Waiting& key = waiting(request.key);
  if (key.actions.empty()) {
    key.sleeps = false;
    key.since = step_;
    key.since_time = loop_.clock().now();
    key.priority = request.priority;
  } else if (request.priority < key.priority) {
    key.priority = request.priority;
    key.since = step_;  // it may have been passed over until now
  }
  key.actions.insert(number);
}

void Simulation::began(Operation& operation) {
  if (watch_.trace) note(fmt::format("ask {}", operation.keys));
  check_limits(operation);
  check_single_flight(operation);
  if (watch_.classes) check_class(operation);
  for (int key : operation.keys) waiting(key).sleeps = false;
  if (is_shut_down_) fault(fmt::format("{} was asked for after the shutdown", operation.keys));
}

void Simulation::was_cancelled(const Operation& operation) {
  if (watch_.trace) note(fmt::format("cancelled {}", operation.keys));
  if (!watch_.waiters) return;
  std::set<int> waiters;
  for (int key : operation.keys) {
    for (int action : waiting(key).actions) waiters.insert(action);
  }
  cancelled_.emplace_back(operation.keys, std::move(waiters));
}

void Simulation::ended(const Operation& operation,
                       const std::vector<std::pair<int, Fortune>>& keys) {
  if (watch_.trace) note(fmt::format("told {}", operation.keys));
  bool is_last = operation.attempt > script_.processor.retry.max_retries;
  for (const auto& [key, fortune] : keys) {
    bool again = fortune == Fortune::kMayBeTriedAgain && !is_last;
    if (again) {
      waiting(key).sleeps = true;
    } else if (fortune == Fortune::kValue || !operation.by_planner() ||
               fortune == Fortune::kFailed) {
      waiting(key).actions.clear();
    }
  }
}

void Simulation::fault(std::string what) {
  note("fault: " + what);
  if (faults_.size() >= kMostFaults) return;
  faults_.push_back(fmt::format("at {}: {}", milliseconds(loop_.clock().now()), what));
}

void Simulation::note(std::string what) {
  if (!watch_.trace) return;
  trace_.push_back(fmt::format("{} {}", milliseconds(loop_.clock().now()), what));
}

std::int64_t Simulation::milliseconds(async::TimePoint time) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time - zero_).count();
}

std::string Simulation::faults() const { return fmt::format("{}", fmt::join(faults_, "\n")); }

}  // namespace gantry::batch::simulation
