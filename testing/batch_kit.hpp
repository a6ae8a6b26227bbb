// A batch processor of texts under virtual time, with an upstream that does as it is told.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gantry/batch/batch_processor.hpp"

#include "testing/virtual_loop.hpp"

namespace gantry::testing {

// Answers "value of KEY" after a while.
struct FakeUpstream {
  explicit FakeUpstream(async::Clock& its_clock) : clock(its_clock) {}

  async::Clock& clock;
  std::function<async::Duration(const std::string&)> latency_of = [](const std::string&) {
    return std::chrono::milliseconds(100);
  };
  std::set<std::string> failing;
  int failures_left = -1;  // fewer than none: for ever
  Error failure{ErrorCode::kServer, "upstream is broken"};

  std::vector<std::string> asked;  // a planner's keys together, joined by "+"
  int at_a_time = 0;
  int most_at_a_time = 0;
  int cancelled = 0;

  async::awaitable<void> wait(std::string key) {
    asked.push_back(key);
    most_at_a_time = std::max(most_at_a_time, ++at_a_time);
    try {
      co_await clock.sleep(latency_of(key));
    } catch (const Error&) {
      --at_a_time;
      ++cancelled;
      throw;
    }
    --at_a_time;
  }

  void fail_if_told(const std::string& key) {
    if (!failing.contains(key) || failures_left == 0) return;
    --failures_left;
    throw failure.in(key);
  }

  async::awaitable<std::string> get(std::string key) {
    co_await wait(key);
    fail_if_told(key);
    co_return "value of " + key;
  }
};

// Brings every key of a group in one call, but for those that it is told to leave out.
class FakePlanner final : public batch::GroupPlanner<std::string> {
 public:
  explicit FakePlanner(FakeUpstream& upstream) : upstream_(upstream) {}

  std::set<std::string> left_out;
  std::set<std::string> extra;
  batch::Cost price;
  bool serves_all = true;

  std::optional<batch::Cost> cost(std::string_view,
                                  std::span<const std::string_view>) const override {
    return serves_all ? std::optional(price) : std::nullopt;
  }

  async::awaitable<batch::Answers<std::string>> fetch(std::string, std::vector<std::string> keys,
                                                      batch::CallContext) override {
    std::string all = fmt::format("{}", fmt::join(keys, "+"));
    co_await upstream_.wait(all);
    upstream_.fail_if_told("planner");
    batch::Answers<std::string> answers;
    for (const std::string& key : keys) {
      if (!left_out.contains(key)) answers.emplace(key, "value of " + key);
    }
    for (const std::string& key : extra) answers.emplace(key, "value of " + key);
    co_return answers;
  }

 private:
  FakeUpstream& upstream_;
};

class BatchKit {
 public:
  using Processor = batch::BatchProcessor<std::string>;
  using Items = std::vector<batch::Item<std::string>>;
  using Requests = std::vector<batch::Request<std::string>>;

  ~BatchKit() {
    callers_.cancel();
    loop.settle();
    // What is cancelled gives its slot to a flight that waits, as those of predictions do.
    while (flights_.running() > 0) {
      flights_.cancel();
      loop.settle();
    }
  }

  // The processor is made at first use: set its options before.
  Processor& processor() {
    if (processor_ == nullptr) {
      batch::Services services{loop.executor(), loop.clock(), flights_, admission_};
      processor_ = std::make_unique<Processor>(services, processor_options);
    }
    return *processor_;
  }
  FakePlanner& planner() {
    auto planner = std::make_unique<FakePlanner>(upstream);
    FakePlanner& known = *planner;
    processor().add_planner(std::move(planner));
    return known;
  }
  // Ends all flights, as a process does before it goes.
  void shut_down() {
    flights_.cancel();
    loop.settle();
  }
  // As after a restart: what is in the store stays.
  void restart() {
    loop.run(processor_->flush());
    shut_down();
    processor_.reset();
  }

  batch::Request<std::string> request_for(std::string key) {
    batch::Request<std::string> request;
    request.fetch = [this, key](const batch::CallContext&) { return upstream.get(key); };
    request.key = std::move(key);
    return request;
  }
  Requests requests_for(const std::vector<std::string>& keys) {
    Requests requests;
    for (const std::string& key : keys) requests.push_back(request_for(key));
    return requests;
  }

  Items send(const Requests& requests) {
    async::TimePoint began = loop.clock().now();
    Items items = loop.run_for(processor().process(requests, options));
    elapsed_ = loop.clock().now() - began;
    return items;
  }
  Items process(const std::vector<std::string>& keys) { return send(requests_for(keys)); }
  // Of the last batch.
  async::Duration elapsed() const { return elapsed_; }

  // A batch beside others: its items when they are there.
  std::shared_ptr<std::optional<Items>> spawn(const std::vector<std::string>& keys) {
    auto result = std::make_shared<std::optional<Items>>();
    auto requests = std::make_shared<Requests>(requests_for(keys));
    signals_.emplace_back(result, callers_.spawn(keep(requests, options, result)));
    return result;
  }
  void cancel(const std::shared_ptr<std::optional<Items>>& batch) {
    for (auto& [result, signal] : signals_) {
      if (result != batch) continue;
      if (auto alive = signal.lock()) alive->emit(boost::asio::cancellation_type::terminal);
    }
    loop.settle();
  }

  // "value of a", or the code of the error.
  static std::vector<std::string> texts(const std::optional<Items>& items) {
    std::vector<std::string> list;
    if (!items) return list;
    for (const auto& item : *items) {
      list.push_back(item ? *item : std::string(to_string(item.error().code())));
    }
    return list;
  }

  VirtualLoop loop;
  FakeUpstream upstream{loop.clock()};
  batch::BatchOptions options;
  batch::ProcessorOptions processor_options;

 private:
  async::awaitable<void> keep(std::shared_ptr<Requests> requests, batch::BatchOptions its_options,
                              std::shared_ptr<std::optional<Items>> result) {
    Items items = co_await processor().process(*requests, std::move(its_options));
    *result = std::move(items);
  }

  net::Admission admission_{loop.executor(), loop.clock(), std::chrono::minutes(15)};
  async::TaskScope callers_{loop.executor()};
  async::TaskScope flights_{loop.executor()};
  std::unique_ptr<Processor> processor_;
  async::Duration elapsed_{};
  std::vector<std::pair<std::shared_ptr<std::optional<Items>>,
                        std::weak_ptr<boost::asio::cancellation_signal>>>
      signals_;
};

}  // namespace gantry::testing
