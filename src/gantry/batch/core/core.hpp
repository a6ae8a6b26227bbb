// The batch engine without the types of its values: runs, flights, deadlines. The typed front is
// BatchProcessor. Io thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gantry/batch/core/cache.hpp"
#include "gantry/batch/core/calls.hpp"
#include "gantry/batch/core/flight.hpp"
#include "gantry/batch/core/prefetch.hpp"

namespace gantry::batch::core {

class Core {
 public:
  Core(const Services& services, ProcessorOptions options, ErasedCodec codec);
  // No run is under way, and the scope has ended: see BatchProcessor.
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void add_planner(std::unique_ptr<ErasedPlanner> planner) {
    calls_.add_planner(std::move(planner));
  }

  void set_prefetch(ErasedPredict predict, std::size_t keys, int calls) {
    prefetcher_ = std::make_unique<Prefetcher>(*this, services_, std::move(predict), keys, calls);
  }
  // Whether a key is in memory, or under way.
  bool is_known(std::string_view key) const {
    return table_.contains(key) || cache_.has_in_memory(key);
  }

  // A batch that memory knows all answers to: it is over at once, without a coroutine. False:
  // nothing has happened. Errors: kUsage for wrong options.
  bool answer_at_once(const RequestView& requests, const BatchOptions& options,
                      AnswerPlaces& answers);

  // One landing for each request, in order. The requests live until the task has ended. Errors:
  // kUsage for wrong options, kCancelled.
  async::awaitable<std::vector<Landing>> process(const RequestView& requests, BatchOptions options);

  // For runs of another form: `run->terms` must have been set by begin(). `most_flights`: as many
  // as it may have at a time.
  void begin(Run& run, BatchOptions options, std::uint64_t most_flights);
  // Gives run->landed() what is known at once and makes the run wait for the rest, at places from
  // `first` on; for nothing that it would get after its time. `run` and `requests` live until the
  // task has ended.
  async::awaitable<void> add(Run& run, const RequestView& requests, const Places& places,
                             std::uint32_t first);
  // The run takes what has landed and waits no longer.
  void leave(Run& run);
  // Its numbers go into the metrics.
  void end(Run& run);

  Calls& calls() { return calls_; }
  async::awaitable<void> forget(std::vector<std::string> keys) {
    return cache_.forget(std::move(keys));
  }
  async::awaitable<void> flush() { return cache_.flush(); }
  Metrics& metrics() { return metrics_; }
  const ProcessorOptions& options() const { return options_; }
  MetricsSnapshot snapshot() const;
  std::optional<BatchMetrics> last_batch() const { return metrics_.last(); }

 private:
  class Batch;

  void set_times(BatchMetrics& batch, async::TimePoint started) const;
  async::awaitable<void> wait(Run& run);
  bool is_late(const Run& run) const;
  void take(Run& run, std::uint32_t place, Landing landing);
  void give(Run& run, std::uint32_t place, Landing landing);
  // True: it has joined a flight, which is to be claimed.
  bool want(Run& run, const RequestView& requests, std::uint32_t index, std::uint32_t place,
            std::unique_ptr<Landing> stale);
  void refresh(Run& run, const RequestView& requests, std::uint32_t index);
  void want_again(const RequestView& requests, std::uint32_t index, const Seat& seat);
  async::Duration ttl_of(const RequestView& requests, std::uint32_t index) const;
  FlightPtr begin_flight(Run& run, const RequestView& requests, std::uint32_t index);
  std::string group_of(std::string_view key, const BatchOptions& options);
  void landed(const FlightPtr& flight, Outcome<Value> outcome);
  void known(const FlightPtr& flight, Landing landing);
  void deliver(const FlightPtr& flight, Landing landing, bool may_pass);
  void extra(const std::string& key, Value value);
  void finish(const FlightPtr& flight);

  Services services_;
  const ProcessorOptions options_;
  Metrics metrics_;
  Cache cache_;
  Calls calls_;
  std::unordered_map<std::string_view, FlightPtr> table_;  // keys are the flights' own
  std::unique_ptr<Prefetcher> prefetcher_;
};

}  // namespace gantry::batch::core
