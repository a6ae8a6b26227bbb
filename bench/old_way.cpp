// Many keys from an upstream that takes its time, by the old ways and by the batch engine: prints
// lines "KEYS WAY MILLISECONDS CALLS". Arguments: KEYS LATENCY_MS.
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "gantry/async/for_each.hpp"

#include "bench/batch_loop.hpp"

namespace gantry::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kConcurrency = 20;

class Upstream {
 public:
  Upstream(async::any_io_executor executor, milliseconds latency)
      : executor_(std::move(executor)), latency_(latency) {}

  async::awaitable<void> wait() {
    ++calls_;
    boost::asio::steady_timer timer(executor_, latency_);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  async::awaitable<std::string> get(std::string key) {
    co_await wait();
    co_return "value of " + key;
  }
  int calls() const { return calls_; }

 private:
  async::any_io_executor executor_;
  milliseconds latency_;
  int calls_ = 0;
};

// Brings as many keys as the engine puts into a call in the time of one.
class Planner final : public batch::GroupPlanner<std::string> {
 public:
  explicit Planner(Upstream& upstream) : upstream_(upstream) {}
  std::optional<batch::Cost> cost(std::string_view,
                                  std::span<const std::string_view>) const override {
    return batch::Cost();
  }
  async::awaitable<batch::Answers<std::string>> fetch(std::string, std::vector<std::string> keys,
                                                      batch::CallContext) override {
    co_await upstream_.wait();
    batch::Answers<std::string> answers;
    for (const std::string& key : keys) answers.emplace(key, "value of " + key);
    co_return answers;
  }

 private:
  Upstream& upstream_;
};

async::awaitable<void> get_into(Upstream& upstream, const std::string& key, std::string& value) {
  value = co_await upstream.get(key);
}

// The old ways: at most `width` calls at a time.
async::awaitable<void> old_way(Upstream& upstream, std::span<const std::string> keys,
                               std::size_t width) {
  std::vector<std::string> values(keys.size());
  co_await async::for_each(keys.size(), width,
                           [&](std::size_t i) { return get_into(upstream, keys[i], values[i]); });
  for (const std::string& value : values) {
    if (value.empty()) std::abort();
  }
}

async::awaitable<void> by_engine(BatchLoop& loop, Upstream& upstream,
                                 std::span<const std::string> keys, bool is_planned) {
  Processor processor(loop.services(), {});
  if (is_planned) processor.add_planner(std::make_unique<Planner>(upstream));
  std::vector<Request> requests;
  for (const std::string& key : keys) {
    Request request;
    request.key = key;
    request.fetch = [&upstream, key](const batch::CallContext&) { return upstream.get(key); };
    requests.push_back(std::move(request));
  }
  batch::BatchOptions options;
  options.concurrency = kConcurrency;
  options.timeout = std::chrono::minutes(1);
  auto items = co_await processor.process(requests, options);
  for (const auto& item : items) {
    if (!item) std::abort();
  }
}

void measure(std::size_t count, milliseconds latency, std::string_view way) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(fmt::format("component:react:item-{}", i));
  BatchLoop loop;
  Upstream upstream(loop.services().executor, latency);
  steady_clock::time_point began = steady_clock::now();
  if (way == "one-by-one") loop.run(old_way(upstream, keys, 1));
  if (way == "unbounded") loop.run(old_way(upstream, keys, count));
  if (way == "bounded") loop.run(old_way(upstream, keys, kConcurrency));
  if (way == "engine") loop.run(by_engine(loop, upstream, keys, false));
  if (way == "planner") loop.run(by_engine(loop, upstream, keys, true));
  std::chrono::duration<double, std::milli> spent = steady_clock::now() - began;
  fmt::print("{} {} {:.2f} {}\n", count, way, spent.count(), upstream.calls());
  std::fflush(stdout);
}

}  // namespace
}  // namespace gantry::bench

int main(int count, char** arguments) {
  if (count != 3) {
    fmt::print(stderr, "usage: {} KEYS LATENCY_MS\n", arguments[0]);
    return 2;
  }
  gantry::bench::IdleThread thread;
  std::size_t keys = std::stoul(arguments[1]);
  std::chrono::milliseconds latency(std::stol(arguments[2]));
  for (const char* way : {"one-by-one", "unbounded", "bounded", "engine", "planner"}) {
    gantry::bench::measure(keys, latency, way);
  }
}
