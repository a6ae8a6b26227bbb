// Many keyed requests to a slow and limited upstream, each answered once: deduplicated, from cache,
// in few calls, within limits.
//
//   batch::BatchProcessor<std::string> sources(services, options);
//   std::vector<batch::Request<std::string>> requests = ...;   // a key and how to fetch it
//   auto items = co_await sources.process(requests);
//   for (const auto& item : items) {
//     if (item) use(*item); else report(item.error());
//   }
//
// A batch goes these steps: equal keys become one; the cache is asked once, for all; keys that are
// under way already are joined; the rest is grouped, and a group goes as one call where a planner
// finds that cheaper; calls wait for admission and run, so many at a time; answers are kept. One
// key is in flight at most once in a processor, whoever wants it, and each who wants it waits by
// himself: to leave, or to run out of time, concerns nobody else. Failures are per item.
//
// Io thread. BlockingProcessor serves callers on other threads and without coroutines.
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "gantry/batch/core/core.hpp"
#include "gantry/batch/core/stream.hpp"
#include "gantry/batch/core/typed.hpp"
#include "gantry/batch/metrics.hpp"
#include "gantry/batch/options.hpp"
#include "gantry/batch/planner.hpp"
#include "gantry/batch/request.hpp"

namespace gantry::batch {

// An answer of a stream and the number of its request, from 0.
template <class T>
struct Numbered {
  std::uint64_t number;
  Item<T> item;
};

enum class Order { kAsCompleted, kAsRequested };

struct StreamOptions {
  // Its timeout does not count: a stream lasts as long as its caller takes answers.
  BatchOptions batch;
  Order order = Order::kAsCompleted;
  // Of requests under way and answers not yet taken. It is kept as well as sizes can be foreseen;
  // an answer larger than all of it still comes.
  std::uint64_t byte_budget = std::uint64_t{64} << 20;
};

// Answers as they come. Destroying it leaves what is under way.
template <class T>
class ItemStream {
 public:
  explicit ItemStream(std::shared_ptr<core::Stream> stream) : stream_(std::move(stream)) {}
  ItemStream(ItemStream&&) noexcept = default;
  ItemStream& operator=(ItemStream&&) = delete;
  ~ItemStream() {
    if (stream_ != nullptr) stream_->stop();
  }

  // Nothing at the end. Errors: kCancelled, and what the source of requests has thrown.
  async::awaitable<std::optional<Numbered<T>>> next() {
    auto answer = co_await stream_->next();
    std::optional<Numbered<T>> numbered;
    if (answer) numbered.emplace(answer->first, Item<T>(std::move(answer->second)));
    co_return numbered;
  }

 private:
  std::shared_ptr<core::Stream> stream_;
};

// The next request, or nothing at the end.
template <class T>
using RequestSource = std::function<std::optional<Request<T>>()>;

// Fetching ahead what is likely to be asked for next. It needs a memory or a store to put it.
template <class T>
struct Prefetch {
  // Requests that are likely to follow a batch with these keys, the likeliest first. Io thread.
  std::function<std::vector<Request<T>>(std::span<const std::string_view> asked)> predict;
  std::size_t keys = 16;  // under way at a time; what is predicted beyond is dropped
  int calls = 1;          // upstream calls under way at a time, all of low priority
};

template <class T>
class BatchProcessor {
 public:
  // `codec` turns values into what a store keeps; text needs none. Without one, values are kept in
  // memory only. The services outlive the processor; it is destroyed when no batch is under way and
  // the tasks of `services.scope` have ended (TaskScope::cancel, join).
  BatchProcessor(const Services& services, ProcessorOptions options, Codec<T> codec = {})
      : services_(services),
        sizes_(codec.size),
        core_(services, std::move(options), core::erase(std::move(codec))) {}

  // Planners are asked in the order in which they were added.
  void add_planner(std::unique_ptr<GroupPlanner<T>> planner) {
    core_.add_planner(
        std::make_unique<core::TypedPlanner<T>>(std::move(planner), core::Maker<T>(sizes_)));
  }

  // Counters::prefetched and prefetch_hits tell whether the predictions are worth their calls.
  void set_prefetch(Prefetch<T> prefetch) {
    core_.set_prefetch(core::erase<T>(std::move(prefetch.predict), core::Maker<T>(sizes_)),
                       prefetch.keys, prefetch.calls);
  }

  // One item for each request, in their order. `requests` live until the task has ended. Errors:
  // kUsage names a wrong option; kCancelled if the caller is cancelled.
  async::awaitable<std::vector<Item<T>>> process(std::span<const Request<T>> requests) {
    return process(requests, core_.options().batch);
  }
  async::awaitable<std::vector<Item<T>>> process(std::span<const Request<T>> requests,
                                                 BatchOptions options) {
    core::TypedRequests<T> view(requests, core::Maker<T>(sizes_));
    core::TypedAnswers<T> answers;
    if (core_.answer_at_once(view, options, answers)) co_return answers.take();
    std::vector<core::Landing> landings = co_await core_.process(view, std::move(options));
    std::vector<Item<T>> items;
    items.reserve(landings.size());
    for (core::Landing& landing : landings) items.emplace_back(std::move(landing));
    co_return items;
  }

  async::awaitable<Item<T>> get(Request<T> request) {
    return get(std::move(request), core_.options().batch);
  }
  async::awaitable<Item<T>> get(Request<T> request, BatchOptions options) {
    core::TypedRequests<T> view(std::span<const Request<T>>(&request, 1), core::Maker<T>(sizes_));
    core::TypedAnswers<T> answers;
    if (core_.answer_at_once(view, options, answers)) {
      std::vector<Item<T>> items = answers.take();
      co_return std::move(items.front());
    }
    std::vector<core::Landing> landings = co_await core_.process(view, std::move(options));
    co_return Item<T>(std::move(landings.front()));
  }

  // Plain values in the order of the requests. Throws the error of the first request that has one.
  async::awaitable<std::vector<T>> get_cached_data_batch(std::span<const Request<T>> requests) {
    return get_cached_data_batch(requests, core_.options().batch);
  }
  async::awaitable<std::vector<T>> get_cached_data_batch(std::span<const Request<T>> requests,
                                                         BatchOptions options) {
    std::vector<Item<T>> items = co_await process(requests, std::move(options));
    std::vector<T> values;
    values.reserve(items.size());
    for (const Item<T>& item : items) values.push_back(item.value());
    co_return values;
  }

  // Answers as they come, or in the order of the requests, in bounded memory. `source` is called on
  // the io thread whenever there is room.
  ItemStream<T> stream(RequestSource<T> source, StreamOptions options) {
    options.batch.timeout = std::chrono::milliseconds(0);
    options.batch.beyond_limits = true;
    return ItemStream<T>(core::Stream::open(
        core_, services_, core::erase<T>(std::move(source), core::Maker<T>(sizes_)),
        std::move(options.batch), options.byte_budget, options.order == Order::kAsRequested));
  }

  // While one lives, a planner's calls go only when they are full: for a caller that knows more
  // keys to come.
  class Hold {
   public:
    explicit Hold(core::Core& core) : core_(&core) { core_->calls().hold(); }
    Hold(Hold&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (core_ != nullptr) core_->calls().unhold();
    }

   private:
    core::Core* core_;
  };
  Hold hold() { return Hold(core_); }

  // What is known of these keys counts no more: whoever asks next asks upstream. Flights that are
  // under way go on.
  async::awaitable<void> forget(std::vector<std::string> keys) {
    return core_.forget(std::move(keys));
  }

  // Returns when everything that was kept is in the store, or lost.
  async::awaitable<void> flush() { return core_.flush(); }

  const ProcessorOptions& options() const { return core_.options(); }
  MetricsSnapshot metrics() const { return core_.snapshot(); }
  std::optional<BatchMetrics> last_batch() const { return core_.last_batch(); }

 private:
  Services services_;
  std::function<std::size_t(const T&)> sizes_;
  core::Core core_;
};

}  // namespace gantry::batch
