// Gantry's side of bench/engine: prints lines "MEASURE gantry NUMBER", with the measures of
// bench/npm/engine.mjs and some of its own.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>

#include <fmt/format.h>
#include <malloc.h>

#include "gantry/store/memory_store.hpp"

#include "bench/batch_loop.hpp"

namespace gantry::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kManyKeys = 100'000;
constexpr int kConcurrency = 20;

using Requests = std::vector<Request>;

std::string value_of(const std::string& key) {
  return "the source of " + key + ", some text that is a little longer";
}

async::awaitable<std::string> fetch(std::string key) { co_return value_of(key); }

Request request_for(std::string key) {
  Request request;
  request.fetch = [key](const batch::CallContext&) { return fetch(key); };
  request.key = std::move(key);
  return request;
}

std::vector<std::string> make_keys() {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kManyKeys; ++i)
    keys.push_back(fmt::format("component:react:item-{}", i));
  return keys;
}

class Planner final : public batch::GroupPlanner<std::string> {
 public:
  explicit Planner(async::Event* gate = nullptr) : gate_(gate) {}
  std::optional<batch::Cost> cost(std::string_view,
                                  std::span<const std::string_view>) const override {
    return batch::Cost{.calls = 0.5, .time = {}};
  }
  async::awaitable<batch::Answers<std::string>> fetch(std::string, std::vector<std::string> keys,
                                                      batch::CallContext) override {
    if (gate_ != nullptr) co_await gate_->wait();
    batch::Answers<std::string> answers;
    answers.reserve(keys.size());
    for (const std::string& key : keys) answers.emplace(key, value_of(key));
    co_return answers;
  }

 private:
  async::Event* gate_;
};

struct Spent {
  std::chrono::nanoseconds time{};
  std::size_t keys = 0;
};

// Nanoseconds a key of `round`, which is run again and again.
template <class Round>
double measure(Round round) {
  Spent all;
  for (std::chrono::nanoseconds limit : {100ms, 300ms}) {
    all = {};
    while (all.time < limit) {
      Spent one = round();
      all.time += one.time;
      all.keys += one.keys;
    }
  }
  return static_cast<double>(all.time.count()) / static_cast<double>(all.keys);
}

class Bench {
 public:
  // Only the measure of this name; empty: all.
  explicit Bench(std::string only) : only_(std::move(only)), keys_(make_keys()) {
    for (const std::string& key : keys_) requests_.push_back(request_for(key));
  }

  void run() {
    for (std::size_t count : {std::size_t{1}, std::size_t{100}, kManyKeys}) {
      cached(count);
      fetched(count);
    }
    metrics();
    bytes();
  }

 private:
  template <class Number>
  void report(const std::string& name, Number number) {
    if (!only_.empty() && name != only_) return;
    fmt::print("{} gantry {:.2f}\n", name, number());
    std::fflush(stdout);
  }

  static batch::ProcessorOptions in_memory() {
    batch::ProcessorOptions options;
    options.memory_bytes = std::uint64_t{1} << 30;
    return options;
  }
  static batch::BatchOptions at_once(int concurrency) {
    batch::BatchOptions options = batch::BatchOptions::unbounded();
    options.concurrency = concurrency;
    options.batch_size = static_cast<int>(kManyKeys);
    return options;
  }
  std::span<const Request> first(std::size_t count) const {
    return std::span(requests_).first(count);
  }

  async::awaitable<void> ask(Processor& processor, std::span<const Request> requests,
                             std::size_t times, Spent& spent) {
    steady_clock::time_point began = steady_clock::now();
    for (std::size_t i = 0; i < times; ++i) {
      auto items = co_await processor.process(requests);
      if (items.size() != requests.size() || !items.back()) std::abort();
    }
    spent = {steady_clock::now() - began, times * requests.size()};
  }

  async::awaitable<void> build_and_ask(Processor& processor, std::span<const std::string> keys,
                                       std::size_t times, Spent& spent) {
    steady_clock::time_point began = steady_clock::now();
    for (std::size_t i = 0; i < times; ++i) {
      Requests requests;
      requests.reserve(keys.size());
      for (const std::string& key : keys) requests.push_back(request_for(key));
      auto items = co_await processor.process(requests);
      if (items.size() != requests.size() || !items.back()) std::abort();
    }
    spent = {steady_clock::now() - began, times * keys.size()};
  }

  // All keys, `count` at a time.
  async::awaitable<void> ask_for_all(Processor& processor, std::size_t count, Spent& spent) {
    steady_clock::time_point began = steady_clock::now();
    for (std::size_t i = 0; i < kManyKeys; i += count) {
      auto items = co_await processor.process(std::span(requests_).subspan(i, count));
      if (items.size() != count || !items.back()) std::abort();
    }
    spent = {steady_clock::now() - began, kManyKeys};
  }

  // All of `count` keys are known when the time begins.
  double known(batch::ProcessorOptions options, std::size_t count, bool is_in_store,
               bool is_built) {
    BatchLoop loop;
    store::MemoryStore store(loop.clock, std::size_t{1} << 30);
    if (is_in_store) options.store = &store;
    Processor processor(loop.services(), std::move(options));
    std::size_t times = std::max<std::size_t>(1, 10'000 / count);
    Spent spent;
    loop.run(ask(processor, first(count), 1, spent));
    return measure([&] {
      if (is_built) {
        loop.run(build_and_ask(processor, std::span(keys_).first(count), times, spent));
      } else {
        loop.run(ask(processor, first(count), times, spent));
      }
      return spent;
    });
  }

  void cached(std::size_t count) {
    report(fmt::format("cached:{}", count),
           [&] { return known(in_memory(), count, false, false); });
    report(fmt::format("cached-built:{}", count),
           [&] { return known(in_memory(), count, false, true); });
    report(fmt::format("cached-store:{}", count), [&] { return known({}, count, true, false); });
  }

  double fetched_by(const batch::ProcessorOptions& options, std::size_t count, bool is_planned) {
    return measure([&] {
      Spent spent;
      BatchLoop loop;
      Processor processor(loop.services(), options);
      if (is_planned) processor.add_planner(std::make_unique<Planner>());
      loop.run(ask_for_all(processor, count, spent));
      return spent;
    });
  }

  void fetched(std::size_t count) {
    batch::ProcessorOptions options = in_memory();
    options.batch = at_once(0);
    report(fmt::format("group:{}", count), [&] { return fetched_by(options, count, true); });
    options.memory_bytes = 0;
    options.batch = at_once(kConcurrency);
    report(fmt::format("single:{}", count), [&] { return fetched_by(options, count, false); });
  }

  static double heap() {
    struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  }

  static async::awaitable<std::string> fetch_later(std::string key, async::Event& gate) {
    co_await gate.wait();
    co_return value_of(key);
  }

  // Bytes a request while nothing is answered, the requests of the caller apart.
  double waiting(int concurrency, bool is_planned) {
    BatchLoop loop;
    async::Event gate(loop.services().executor);
    Requests requests = requests_;
    for (Request& request : requests) {
      request.fetch = [key = request.key, &gate](const batch::CallContext&) {
        return fetch_later(key, gate);
      };
    }
    batch::ProcessorOptions options;
    options.batch = at_once(concurrency);
    Processor processor(loop.services(), options);
    if (is_planned) processor.add_planner(std::make_unique<Planner>(&gate));
    double before = heap();
    Spent spent;
    async::TaskScope scope(loop.services().executor);
    scope.spawn(ask(processor, requests, 1, spent));
    loop.loop.restart();
    loop.loop.poll();
    double held = (heap() - before) / static_cast<double>(kManyKeys);
    gate.set();
    loop.loop.restart();
    loop.loop.run();
    return held;
  }

  void bytes() {
    report("bytes-waiting", [&] { return waiting(kConcurrency, false); });
    report("bytes-called", [&] { return waiting(0, false); });
    report("bytes-group", [&] { return waiting(0, true); });
  }

  // What counting takes: of a batch, and of a key with an upstream call of its own.
  void metrics() {
    batch::Metrics metrics;
    report("metrics-batch", [&] {
      return measure_each([&metrics](std::size_t i) {
        metrics.counters.requests += i;
        metrics.counters.memory_hits += i;
        batch::BatchMetrics batch;
        batch.total_requests = i;
        batch.cached_requests = i;
        batch.total_time = std::chrono::nanoseconds(i);
        metrics.record(batch);
        metrics.batch_time.add(batch.total_time);
      });
    });
    batch::BatchMetrics batch;
    report("metrics-call", [&] {
      return measure_each([&metrics, &batch](std::size_t i) {
        ++metrics.counters.upstream_calls;
        ++metrics.counters.fetched;
        ++batch.fetched_requests;
        ++metrics.gauges.flights;
        metrics.gauges.bytes.in_flight += i;
        batch.peak_bytes.in_flight =
            std::max(batch.peak_bytes.in_flight, metrics.gauges.bytes.in_flight);
        metrics.queue_wait.add(std::chrono::nanoseconds(i));
        metrics.call_time.add(std::chrono::nanoseconds(2 * i));
        metrics.gauges.bytes.in_flight -= i;
        --metrics.gauges.flights;
        metrics.gauges.bytes.results += i;
        batch.peak_bytes.results = std::max(batch.peak_bytes.results, metrics.gauges.bytes.results);
      });
    });
  }

  template <class Each>
  static double measure_each(Each each) {
    return measure([&each] {
      steady_clock::time_point began = steady_clock::now();
      for (std::size_t i = 1; i <= kManyKeys; ++i) {
        each(i);
        // Nothing of it is put together with the next, or left out.
        asm volatile("" ::: "memory");
      }
      return Spent{steady_clock::now() - began, kManyKeys};
    });
  }

  std::string only_;
  std::vector<std::string> keys_;
  Requests requests_;
};

}  // namespace
}  // namespace gantry::bench

int main(int count, char** arguments) {
  gantry::bench::IdleThread thread;
  gantry::bench::Bench(count > 1 ? arguments[1] : "").run();
}
