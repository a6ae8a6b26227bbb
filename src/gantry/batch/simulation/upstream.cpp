#include "gantry/batch/simulation/upstream.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "gantry/batch/simulation/waits.hpp"

namespace gantry::batch::simulation {
namespace {

using Fate = KeyPlan::Fate;
using Mood = PlannerPlan::Mood;

Error broken() { return Error(ErrorCode::kServer, "it broke"); }
Error unreachable() {
  return Error(ErrorCode::kNetwork, "connection reset").with(Retry::kSameRequest);
}
Error absent() { return Error(ErrorCode::kNotFound, "no such part"); }

}  // namespace

std::string Upstream::value_of(int key) const {
  auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_at_);
  return fmt::format("{}@{}", key_name(key), now.count());
}

// As if it were asked now.
Fortune Upstream::fortune_of(int key) const {
  const KeyPlan& plan = script_.keys[static_cast<std::size_t>(key)];
  int answered = answered_[static_cast<std::size_t>(key)];
  switch (plan.fate) {
    case Fate::kGood:
      return Fortune::kValue;
    case Fate::kFlaky:
      return answered < plan.times ? Fortune::kMayBeTriedAgain : Fortune::kValue;
    case Fate::kFading:
      return answered < plan.times ? Fortune::kValue : Fortune::kFailed;
    case Fate::kUnreachable:
      return Fortune::kMayBeTriedAgain;
    default:
      return Fortune::kFailed;
  }
}

std::string Upstream::answer(int key) {
  const KeyPlan& plan = script_.keys[static_cast<std::size_t>(key)];
  Fortune fortune = fortune_of(key);
  ++answered_[static_cast<std::size_t>(key)];
  if (fortune == Fortune::kValue) return value_of(key);
  if (fortune == Fortune::kMayBeTriedAgain) throw unreachable();
  switch (plan.fate) {
    case Fate::kAbsent:
      throw absent();
    case Fate::kForeign:
      throw std::runtime_error("what a parser throws");
    case Fate::kCancels:
      throw Error(ErrorCode::kCancelled, "my own time-out");
    default:
      throw broken();
  }
}

async::awaitable<void> Upstream::pass_time(Place operation, Delay latency, bool is_stubborn) {
  ++operations_;
  observer_.began(*operation);
  bool was_cancelled = false;
  try {
    co_await wait(clock_, latency, is_stubborn);
  } catch (const Error&) {
    was_cancelled = true;
  }
  if (!was_cancelled) co_return;
  observer_.was_cancelled(*operation);
  running_.erase(operation);
  throw Error(ErrorCode::kCancelled, "cancelled");
}

void Upstream::end(Place operation, const std::vector<std::pair<int, Fortune>>& keys) {
  if (operation->is_cancelled()) {
    observer_.was_cancelled(*operation);
  } else {
    observer_.ended(*operation, keys);
  }
  running_.erase(operation);
}

async::awaitable<std::string> Upstream::get(int action, int key, CallContext context) {
  auto state = co_await boost::asio::this_coro::cancellation_state;
  Operation operation{{key}, action, context.attempt, state, clock_.now()};
  auto place = running_.insert(running_.end(), operation);
  const KeyPlan& plan = script_.keys[static_cast<std::size_t>(key)];
  co_await pass_time(place, plan.latency, plan.is_stubborn);
  end(place, {{key, fortune_of(key)}});
  co_return answer(key);
}

void Upstream::fail_as(const PlannerPlan& planner, int calls) {
  switch (planner.mood) {
    case Mood::kBroken:
      throw broken();
    case Mood::kFlaky:
      if (calls <= planner.times) throw unreachable();
      break;
    case Mood::kForeign:
      throw std::runtime_error("what a parser throws");
    case Mood::kCancels:
      throw Error(ErrorCode::kCancelled, "my own time-out");
    default:
      break;
  }
}

void Upstream::answer_for_planner(const PlannerPlan& planner, int key,
                                  Answers<std::string>& answers,
                                  std::vector<std::pair<int, Fortune>>& told) {
  Fate fate = script_.keys[static_cast<std::size_t>(key)].fate;
  bool is_clear = fate != Fate::kForeign && fate != Fate::kCancels;
  if (!is_clear || (planner.mood == Mood::kPartial && key % 2 == 1)) {
    told.emplace_back(key, Fortune::kLeftOut);
    return;
  }
  if (planner.mood == Mood::kUntrusted) {
    answers.emplace(key_name(key), tl::unexpected(unreachable()));
    told.emplace_back(key, Fortune::kLeftOut);
    return;
  }
  Fortune fortune = fortune_of(key);
  if (fortune == Fortune::kMayBeTriedAgain) fortune = Fortune::kLeftOut;
  told.emplace_back(key, fortune);
  try {
    answers.insert_or_assign(key_name(key), answer(key));
  } catch (const Error& error) {
    answers.insert_or_assign(key_name(key), tl::unexpected(error));
  }
}

async::awaitable<Answers<std::string>> Upstream::get_many(const PlannerPlan& planner, int& calls,
                                                          std::vector<std::string> names,
                                                          CallContext context) {
  auto state = co_await boost::asio::this_coro::cancellation_state;
  Operation operation{{}, -1, context.attempt, state, clock_.now()};
  for (const std::string& name : names) operation.keys.push_back(key_number(name));
  auto place = running_.insert(running_.end(), operation);
  co_await pass_time(place, planner.latency, planner.is_stubborn);
  std::vector<std::pair<int, Fortune>> told;
  try {
    fail_as(planner, ++calls);
  } catch (const std::exception& failure) {
    auto* error = dynamic_cast<const Error*>(&failure);
    bool again = error != nullptr && error->retry() == Retry::kSameRequest;
    for (int key : place->keys) {
      told.emplace_back(key, again ? Fortune::kMayBeTriedAgain : Fortune::kLeftOut);
    }
    end(place, told);
    throw;
  }
  Answers<std::string> answers;
  std::vector<int> keys = place->keys;
  if (planner.mood == Mood::kGenerous) {
    for (int key = keys.front() % kGroups; key < static_cast<int>(script_.keys.size());
         key += kGroups) {
      bool is_extra = std::find(keys.begin(), keys.end(), key) == keys.end();
      bool is_good = script_.keys[static_cast<std::size_t>(key)].fate == Fate::kGood;
      if (is_extra && is_good) keys.push_back(key);
    }
  }
  for (int key : keys) answer_for_planner(planner, key, answers, told);
  end(place, told);
  co_return answers;
}

std::optional<Cost> SimulatedPlanner::cost(std::string_view group,
                                           std::span<const std::string_view> keys) const {
  if (plan_.mood == Mood::kThrowing) throw std::runtime_error("no price today");
  auto number = static_cast<unsigned>(key_number(keys.front()) % kGroups);
  if ((plan_.groups >> number & 1U) != 0) return std::nullopt;
  if (group.empty()) return std::nullopt;
  Cost cost;
  cost.calls = plan_.calls;
  if (plan_.time) cost.time = std::chrono::milliseconds(*plan_.time);
  return cost;
}

async::awaitable<Answers<std::string>> SimulatedPlanner::fetch(std::string,
                                                               std::vector<std::string> keys,
                                                               CallContext context) {
  return upstream_.get_many(plan_, calls_, std::move(keys), std::move(context));
}

}  // namespace gantry::batch::simulation
