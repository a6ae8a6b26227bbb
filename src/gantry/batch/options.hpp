// How a batch is run, and what a processor is made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/batch/job_context.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/net/retry_policy.hpp"
#include "gantry/store/store.hpp"

namespace gantry::batch {

enum class Grouping {
  kNone,    // each key by itself
  kPrefix,  // by the first two parts of the key: "component:react:button" is in "component:react"
  kCustom,  // by `grouper`
};

struct BatchOptions {
  // Upstream calls of this batch that are under way at a time, 1 to 20.
  int concurrency = 5;
  // Whether planners may serve a group with one call. Without them: the same values, more calls.
  bool optimizations = true;
  Grouping grouping = Grouping::kPrefix;
  // For kCustom. A key for which it throws, or gives nothing, is fetched by itself.
  std::function<std::string(std::string_view key)> grouper;
  // Keys of one upstream call, 1 to 100. Groups are made first and split then.
  int batch_size = 50;
  // From the beginning of the batch, waiting included; what has not come then is kTimeout. 1 to 60
  // s.
  std::chrono::milliseconds timeout{30'000};
  // Bounds each upstream call from the moment that it is admitted and sent. Zero: no bound.
  std::chrono::milliseconds item_timeout{0};
  // false: each request is its own, even of equal keys, and joins no flight.
  bool deduplication = true;
  // After its time a value is still answered for so long while it is fetched anew.
  async::Duration stale_while_revalidate{0};
  // After its time a value is still answered for so long if upstream fails.
  async::Duration stale_if_error{0};
  // Lifts the limits above, for callers that know their upstream: any positive number, zero for "no
  // bound" of `concurrency` and `timeout`.
  bool beyond_limits = false;
  JobContext job;

  // Beyond the limits: no bounds at all.
  static BatchOptions unbounded(JobContext job = {});
};

// kUsage naming the option and what it may be.
void check(const BatchOptions& options);

// "component:react" of "component:react:button"; a key with fewer parts as a whole.
std::string_view prefix_of(std::string_view key);

// What a processor runs on; all of it outlives the processor. Io thread.
struct Services {
  async::any_io_executor executor;
  async::Clock& clock;
  async::TaskScope& scope;  // owner of the flights
  net::Admission& admission;
};

struct ProcessorOptions {
  std::string name = "batch";  // in metrics
  // What answers are kept in, or null. It outlives the processor.
  store::Store* store = nullptr;
  // Decoded values that are kept in memory in front of the store; zero: none.
  std::uint64_t memory_bytes = 0;
  // How long values are fresh, where a request does not say.
  async::Duration ttl = std::chrono::hours(24);
  // How long "there is no such thing" (kNotFound) is remembered. Zero: not at all.
  async::Duration negative_ttl = std::chrono::minutes(1);
  // Answers come from memory and the store alone, however old; what is in neither is kNotFound.
  bool offline = false;
  // The store is read only when offline: for what changes without a sign. It is written to always.
  bool store_only_offline = false;
  // How long past its time a value stays in the store, to be had offline.
  async::Duration keep_for_offline{0};
  // Of failures that may be tried again. A client that retries by itself sets max_retries to 0.
  net::RetryPolicy retry;
  // What an upstream call needs besides a place in its batch: budget, host, pool of the admission
  // queue. The fetch gets the grant, see CallContext.
  std::optional<net::TicketRequest> ticket;
  // Upstream calls under way for one group, or one Request::host, whatever the number of batches.
  // Zero: no cap.
  int calls_per_group = 0;
  int calls_per_host = 0;
  // Of batches that do not bring their own.
  BatchOptions batch;
  std::uint64_t seed = 1;  // of the jitter of retries
};

}  // namespace gantry::batch
