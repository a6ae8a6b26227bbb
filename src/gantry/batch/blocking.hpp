// The batch engine for callers without coroutines, from any thread.
//
//   batch::Runtime runtime;
//   batch::BlockingProcessor<std::string> sources(runtime, {});
//   auto items = sources.process({{"component:react:button", read_button}, ...});
//
// A Runtime owns an io thread, on which the engine lives, and worker threads, on which fetches that
// block run. Every call here blocks its caller until it is done; on the io thread itself, where it
// would wait for ever, it throws kUsage.
#pragma once

#include <exception>
#include <future>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gantry/async/worker_pool.hpp"
#include "gantry/batch/batch_processor.hpp"

namespace gantry::batch {

struct RuntimeOptions {
  // Blocking fetches at a time, of all processors together.
  std::size_t workers = 20;
  // How long a rate limit may hold a call.
  async::Duration max_wait = std::chrono::minutes(15);
};

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options = {});
  // All processors have gone.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  async::any_io_executor executor() { return loop_.get_executor(); }
  async::Clock& clock() { return *clock_; }
  net::Admission& admission() { return *admission_; }
  async::WorkerPool& workers() { return *workers_; }

  // Runs the task on the io thread and returns what it returns, or throws what it throws. A stop
  // cancels it.
  template <class R>
  R wait(async::awaitable<R> task, const std::stop_token& stop = {}) {
    auto answer = std::make_shared<Answer<R>>();
    run(answer_with<R>(std::move(task), answer), stop);
    return answer->promise.get_future().get();
  }

 private:
  // Shared with the task, which may still be at it when the caller has been woken.
  template <class R>
  struct Answer {
    std::promise<R> promise;
  };

  template <class R>
  static async::awaitable<void> answer_with(async::awaitable<R> task,
                                            std::shared_ptr<Answer<R>> answer) {
    try {
      if constexpr (std::is_void_v<R>) {
        co_await std::move(task);
        answer->promise.set_value();
      } else {
        answer->promise.set_value(co_await std::move(task));
      }
    } catch (...) {
      answer->promise.set_exception(std::current_exception());
    }
  }

  // Returns when the task has ended.
  void run(async::awaitable<void> task, const std::stop_token& stop);
  void stop_when_idle();

  boost::asio::io_context loop_{1};
  std::unique_ptr<async::Clock> clock_;
  std::unique_ptr<net::Admission> admission_;
  std::unique_ptr<async::WorkerPool> workers_;
  async::TaskScope callers_;
  std::thread thread_;
};

// As Request, with a fetch that blocks. It runs on a worker thread.
template <class T>
struct BlockingRequest {
  std::string key;
  std::function<T()> fetch;
  std::optional<async::Duration> ttl;
  Priority priority = Priority::kNormal;
  std::string host;
};

template <class T>
class BlockingProcessor {
 public:
  // `runtime` and options.store outlive it.
  BlockingProcessor(Runtime& runtime, ProcessorOptions options, Codec<T> codec = {})
      : runtime_(runtime) {
    runtime_.wait(open(std::move(options), std::move(codec)));
  }
  // Waits for the fetches that run, and until what was kept is in the store.
  ~BlockingProcessor() { runtime_.wait(close()); }
  BlockingProcessor(const BlockingProcessor&) = delete;
  BlockingProcessor& operator=(const BlockingProcessor&) = delete;

  std::vector<Item<T>> process(std::vector<BlockingRequest<T>> requests) {
    return process(std::move(requests), processor_->options().batch);
  }
  std::vector<Item<T>> process(std::vector<BlockingRequest<T>> requests, BatchOptions options,
                               const std::stop_token& stop = {}) {
    std::vector<Request<T>> converted;
    converted.reserve(requests.size());
    for (BlockingRequest<T>& request : requests) converted.push_back(convert(std::move(request)));
    return runtime_.wait(processor_->process(converted, std::move(options)), stop);
  }

  Item<T> get(BlockingRequest<T> request) {
    return runtime_.wait(processor_->get(convert(std::move(request))));
  }

  std::vector<T> get_cached_data_batch(std::vector<BlockingRequest<T>> requests,
                                       BatchOptions options) {
    std::vector<T> values;
    values.reserve(requests.size());
    for (const Item<T>& item : process(std::move(requests), std::move(options))) {
      values.push_back(item.value());
    }
    return values;
  }

  // Hands every answer to `take`, on the calling thread, until there is none or `take` says false.
  // `source` is called on the io thread.
  void stream(std::function<std::optional<BlockingRequest<T>>()> source, StreamOptions options,
              const std::function<bool(Numbered<T>)>& take) {
    RequestSource<T> converted = [this, source = std::move(source)] {
      std::optional<Request<T>> request;
      if (auto next = source()) request = convert(std::move(*next));
      return request;
    };
    auto stream = runtime_.wait(open_stream(std::move(converted), std::move(options)));
    bool more = true;
    try {
      while (more) {
        auto answer = runtime_.wait(stream->next());
        more = answer && take(std::move(*answer));
      }
    } catch (...) {
      runtime_.wait(close_stream(std::move(stream)));
      throw;
    }
    runtime_.wait(close_stream(std::move(stream)));
  }

  // The processor itself, for planners; to be used on the io thread, or before the first batch.
  BatchProcessor<T>& on_io_thread() { return *processor_; }

  void flush() { runtime_.wait(processor_->flush()); }
  MetricsSnapshot metrics() { return runtime_.wait(read_metrics()); }

 private:
  using StreamPtr = std::unique_ptr<ItemStream<T>>;

  Request<T> convert(BlockingRequest<T> blocking) {
    Request<T> request;
    request.key = std::move(blocking.key);
    request.ttl = blocking.ttl;
    request.priority = blocking.priority;
    request.host = std::move(blocking.host);
    if (blocking.fetch) {
      request.fetch = [workers = &runtime_.workers(), fetch = std::move(blocking.fetch)](
                          const CallContext&) { return workers->run(fetch); };
    }
    return request;
  }

  async::awaitable<void> open(ProcessorOptions options, Codec<T> codec) {
    scope_ = std::make_unique<async::TaskScope>(runtime_.executor());
    Services services{runtime_.executor(), runtime_.clock(), *scope_, runtime_.admission()};
    processor_ =
        std::make_unique<BatchProcessor<T>>(services, std::move(options), std::move(codec));
    co_return;
  }
  async::awaitable<void> close() {
    co_await processor_->flush();
    scope_->cancel();
    try {
      co_await scope_->join();
    } catch (const Error&) {
      // A task that failed has told those who waited for it.
    }
    processor_.reset();
    scope_.reset();
  }
  async::awaitable<StreamPtr> open_stream(RequestSource<T> source, StreamOptions options) {
    co_return std::make_unique<ItemStream<T>>(
        processor_->stream(std::move(source), std::move(options)));
  }
  async::awaitable<void> close_stream(StreamPtr stream) {
    stream.reset();
    co_return;
  }
  async::awaitable<MetricsSnapshot> read_metrics() { co_return processor_->metrics(); }

  Runtime& runtime_;
  std::unique_ptr<async::TaskScope> scope_;
  std::unique_ptr<BatchProcessor<T>> processor_;
};

}  // namespace gantry::batch
