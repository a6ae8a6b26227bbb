#include "gantry/jobs/batch_executor.hpp"

#include <memory>
#include <utility>

#include "gantry/async/for_each.hpp"

namespace gantry::jobs {
namespace {

using namespace std::chrono_literals;

// Plans are cheap, but a thousand configurations must not open a thousand files at once.
constexpr std::size_t kPlansAtATime = 64;
constexpr auto kSampling = 100ms;

Error stopped() { return {ErrorCode::kCancelled, "not exported: the run was stopped"}; }

// The stretches in which a limit held calls back, by looking ten times a second.
class WaitRecorder {
 public:
  WaitRecorder(Engine& engine, async::TimePoint began) : engine_(engine), began_(began) {}

  async::awaitable<void> watch() {
    while (true) {
      co_await engine_.clock().sleep(kSampling);
      look();
    }
  }
  const std::vector<Wait>& waits() const { return waits_; }

 private:
  void look() {
    auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(engine_.clock().now() - began_);
    bool waits = engine_.rate_limit_wait() > async::Duration(0);
    bool paused = waits && engine_.is_paused();
    if (waits && is_waiting_ && waits_.back().paused == paused) {
      waits_.back().span.end = now;
    } else if (waits) {
      waits_.push_back({{now - std::chrono::milliseconds(kSampling), now}, paused});
    }
    is_waiting_ = waits;
  }

  Engine& engine_;
  async::TimePoint began_;
  std::vector<Wait> waits_;
  bool is_waiting_ = false;
};

class BatchRun {
 public:
  BatchRun(Engine& engine, const std::vector<DesignJob>& jobs, BatchOptions options)
      : engine_(engine),
        options_(std::move(options)),
        asking_(engine.executor()),
        helpers_(engine.executor()),
        waits_(engine, engine.clock().now()) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      exports_.push_back(std::make_unique<DesignExport>(
          engine, jobs[i], options_.job, context_of(jobs[i], i), engine.clock().now()));
    }
  }

  async::awaitable<BatchResult> run() {
    helpers_.spawn(waits_.watch());
    if (options_.on_begin) options_.on_begin([this] { return so_far(); });
    bool refused = false;
    try {
      co_await plan();
      refused = !co_await may_go_on();
      if (!refused) co_await execute();
    } catch (const Error&) {
      // What stopped the run is in the results.
    }
    co_await wind_up();
    for (const auto& job : exports_) job->give_up(stopped());
    BatchResult result = so_far();
    result.refused = refused;
    co_return result;
  }

  BatchResult so_far() const {
    BatchResult result;
    for (const auto& job : exports_) result.jobs.push_back(job->result_if_stopped(stopped()));
    result.waits = waits_.waits();
    return result;
  }

 private:
  batch::JobContext context_of(const DesignJob& job, std::size_t index) const {
    batch::JobContext context;
    context.name = job.name;
    context.lane = static_cast<net::Lane>(index);
    context.progress = &engine_.progress();
    if (job.config) context.timeout = timeout_of(job.config->config, options_.timeout);
    return context;
  }

  async::awaitable<void> plan() {
    std::function<async::awaitable<void>(std::size_t)> body = [this](std::size_t index) {
      return plan_one(index);
    };
    co_await async::for_each(exports_.size(), kPlansAtATime, std::move(body));
  }

  async::awaitable<void> plan_one(std::size_t index) {
    co_await exports_[index]->plan();
    if (exports_[index]->is_over()) note_end(index);
  }

  async::awaitable<bool> may_go_on() {
    std::vector<JobOutputs> outputs;
    outputs.reserve(exports_.size());
    for (const auto& job : exports_) outputs.push_back({job->context().name, job->outputs()});
    auto work = [outputs = std::move(outputs)] { return find_output_conflicts(outputs); };
    std::vector<OutputConflict> conflicts = co_await engine_.workers().run(std::move(work));
    if (conflicts.empty() || !options_.on_conflict) co_return true;
    co_return co_await options_.on_conflict(std::move(conflicts));
  }

  // Asks for the addresses of all jobs at once, so that calls are full whatever job they are for.
  // Those that wait for their turn give way.
  async::awaitable<void> ask_ahead() {
    std::function<async::awaitable<void>(std::size_t)> body = [this](std::size_t index) {
      return exports_[index]->prepare();
    };
    co_await async::for_each(exports_.size(), kPlansAtATime, std::move(body));
    auto held = engine_.figma().addresses().hold();
    int running = 0;
    for (const auto& job : exports_) {
      if (job->is_over()) continue;
      bool is_first = running++ < options_.parallel;
      job->ask_ahead(asking_, is_first ? batch::Priority::kNormal : batch::Priority::kLow);
    }
    // The tasks that ask begin in their own turn of the loop, before this one goes on.
    co_await engine_.clock().sleep(async::Duration(0));
  }

  async::awaitable<void> execute() {
    co_await ask_ahead();
    std::function<async::awaitable<void>(std::size_t)> body = [this](std::size_t index) {
      return execute_one(index);
    };
    co_await async::for_each(exports_.size(), static_cast<std::size_t>(options_.parallel),
                             std::move(body));
  }

  async::awaitable<void> execute_one(std::size_t index) {
    if (exports_[index]->is_over()) co_return;
    co_await exports_[index]->execute(asking_);
    note_end(index);
  }

  // Any other error than kCancelled makes for_each cancel the jobs that run and start no more.
  void note_end(std::size_t index) {
    JobResult result = exports_[index]->result();
    if (result.error && result.error->code() == ErrorCode::kCancelled) {
      throw Error(ErrorCode::kCancelled, "cancelled");
    }
    if (options_.on_job_ended) options_.on_job_ended(index, result);
    bool spoils_all = result.error && result.error->scope() == Scope::kRun;
    if (spoils_all || (options_.job.fail_fast && !result.succeeded())) {
      throw Error(ErrorCode::kConflict, "stop the others");
    }
  }

  async::awaitable<void> wind_up() {
    helpers_.cancel();
    asking_.cancel();
    co_await boost::asio::this_coro::reset_cancellation_state();
    for (async::TaskScope* scope : {&helpers_, &asking_}) {
      try {
        co_await scope->join();
      } catch (const Error&) {
        // Whoever needed the answer has got the error, too.
      }
    }
  }

  Engine& engine_;
  BatchOptions options_;
  async::TaskScope asking_;
  async::TaskScope helpers_;
  WaitRecorder waits_;
  std::vector<std::unique_ptr<DesignExport>> exports_;
};

}  // namespace

std::chrono::milliseconds timeout_of(const config::Config& config,
                                     std::optional<std::chrono::milliseconds> flag) {
  if (flag) return *flag;
  std::optional<config::Seconds> own = config.gantry.timeout;
  if (!own) own = config.figma.timeout;
  if (!own) return std::chrono::seconds(30);
  return std::chrono::duration_cast<std::chrono::milliseconds>(*own);
}

async::awaitable<BatchResult> run_batch(Engine& engine, const std::vector<DesignJob>& jobs,
                                        BatchOptions options) {
  BatchRun run(engine, jobs, std::move(options));
  co_return co_await run.run();
}

}  // namespace gantry::jobs
