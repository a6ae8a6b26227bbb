#include "gantry/jobs/engine.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "gantry/jobs/version.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/net/recording.hpp"
#include "gantry/store/sqlite_store.hpp"

namespace gantry::jobs {
namespace {

// Calls of the API that may be on their way together. Figma counts calls, not connections; more
// than this gains nothing under any of its budgets.
constexpr int kApiSlots = 8;
// A replay costs nobody anything.
constexpr int kUnlimited = 1'000'000;
// More than any connection carries. Each call is remembered for its second.
constexpr int kArkeCallsASecond = 20'000;
// GitHub's secondary limit; of the primary one its answers tell.
constexpr int kGitHubCallsAMinute = 900;
constexpr int kRawFilesASecond = 20'000;  // no limit is known

std::size_t worker_count() { return std::clamp(std::thread::hardware_concurrency(), 2u, 16u); }

std::unique_ptr<net::Transport> make_network(const EngineOptions& options,
                                             const async::any_io_executor& executor,
                                             const async::Clock& clock,
                                             async::WorkerPool& workers) {
  if (!options.replay.empty()) {
    return std::make_unique<net::ReplayTransport>(workers, clock, options.replay);
  }
  return std::make_unique<net::CurlTransport>(executor, clock,
                                              net::EgressPolicy(options.allow_plain_http),
                                              std::string("gantry/") + kVersion);
}

}  // namespace

Engine::Engine(boost::asio::io_context& loop, const EngineOptions& options, ProgressSink& progress)
    : loop_(loop),
      options_(options),
      api_host_(net::host_of(options.api_url)),
      progress_(progress),
      clock_(loop.get_executor()),
      workers_(worker_count()),
      publishers_(worker_count()),
      scope_(loop.get_executor()),
      root_locks_(std::make_shared<output::RootLocks>()) {
  if (!options.store.empty()) store_ = store::BlobStore::open(options.store, {});
  if (!options.cache.empty()) {
    cache_ = store::SqliteStore::open(executor(), clock_, workers_, options.cache);
    if (std::string warning = cache_->warning(); !warning.empty()) progress.warning("", warning);
  }
  network_ = make_network(options, executor(), clock_, workers_);
  net::Transport* transport = network_.get();
  if (!options.record.empty()) {
    recording_ = std::make_unique<net::RecordingTransport>(*network_, workers_, options.record);
    transport = recording_.get();
  }
  net::EgressPolicy egress(options.allow_plain_http);
  for (const std::string* url : {&options.api_url, &options.arke.api, &options.arke.gateway,
                                 &options.arke.graph, &options.github.api, &options.github.raw}) {
    egress.check_url(*url);
  }
  admission_ = std::make_unique<net::Admission>(executor(), clock_, options.max_wait);
  figma::ClientOptions figma = figma_options();

  if (!options.ledger.empty() && options.replay.empty()) {
    const Secret& token = options.token.empty() ? options.github.token : options.token;
    ledger_ = std::make_unique<net::LimitLedger>(options.ledger, token.fingerprint());
    admission_->remember(*ledger_);
  }

  batch::Downloads::Options downloads;
  downloads.retry.max_retries = options.max_retries;
  admission_->queue().set_pool(downloads.pool, options.download_slots,
                               net::LaneOrder::kEarliestJobFirst);
  if (options.adapts_downloads) {
    DownloadPace::Options pace{.start = options.download_slots};
    pace_ = std::make_unique<DownloadPace>(admission_->queue(), downloads.pool, clock_, scope_,
                                           cache_.get(), pace);
    downloads.observer = pace_.get();
  }

  auto note = [&progress](const std::string& text) { progress.note(text); };
  http_ = std::make_unique<net::Client>(*transport, *admission_, egress, clock_, note,
                                        std::random_device()());
  figma_ = std::make_unique<figma::Client>(services(), *http_, std::move(figma));
  downloads_ = std::make_unique<batch::Downloads>(services(), workers_, *http_, store_.get(),
                                                  std::move(downloads));
  conversions_ = std::make_unique<Conversions>(services(), workers_);
}

batch::Services Engine::services() { return {executor(), clock_, scope_, *admission_}; }

std::optional<int> Engine::rate_limit() const {
  return options_.replay.empty() ? options_.rate_limit : kUnlimited;
}

arke::Client& Engine::arke() {
  if (arke_ == nullptr) {
    arke_ = std::make_unique<arke::Client>(services(), *http_, arke_options());
  }
  return *arke_;
}

github::Client& Engine::github() {
  if (github_ == nullptr) {
    github_ = std::make_unique<github::Client>(services(), *http_, github_options());
  }
  return *github_;
}

github::ClientOptions Engine::github_options() {
  github::ClientOptions github;
  github.api_url = options_.github.api;
  github.raw_url = options_.github.raw;
  github.token = options_.github.token;
  github.lifetimes = options_.github.lifetimes;
  github.retry.max_retries = options_.max_retries;
  github.store = cache_.get();
  github.offline = options_.offline;
  net::AdmissionQueue& queue = admission_->queue();
  queue.set_budget(github.api_budget, rate_limit().value_or(kGitHubCallsAMinute),
                   std::chrono::minutes(1));
  queue.set_budget(github.raw_budget, kRawFilesASecond, std::chrono::seconds(1));
  queue.set_pool(github.api_pool, kApiSlots, net::LaneOrder::kInTurn);
  return github;
}

figma::ClientOptions Engine::figma_options() {
  figma::ClientOptions figma;
  figma.api.base_url = options_.api_url;
  figma.api.token = options_.token;
  figma.api.budgets = figma::set_budgets(admission_->queue(), options_.plan, rate_limit());
  figma.api.retry.max_retries = options_.max_retries;
  figma.store = cache_.get();
  figma.offline = options_.offline;
  admission_->queue().set_pool(figma.api.pool, kApiSlots, net::LaneOrder::kInTurn);
  return figma;
}

arke::ClientOptions Engine::arke_options() {
  arke::ClientOptions arke;
  arke.api_url = options_.arke.api;
  arke.gateway_url = options_.arke.gateway;
  arke.graph_url = options_.arke.graph;
  arke.retry.max_retries = options_.max_retries;
  arke.observer = pace_.get();
  arke.store = cache_.get();
  arke.offline = options_.offline;
  // The archive states no limit; with a budget its 429 is a pause and not a failure.
  if (auto limit = rate_limit()) {
    admission_->queue().set_budget(arke.budget, *limit, std::chrono::minutes(1));
  } else {
    admission_->queue().set_budget(arke.budget, kArkeCallsASecond, std::chrono::seconds(1));
  }
  return arke;
}

async::awaitable<void> Engine::flush() {
  if (pace_ != nullptr) co_await pace_->keep();
  co_await figma_->flush();
  if (arke_ != nullptr) co_await arke_->flush();
  if (github_ != nullptr) co_await github_->flush();
}

int Engine::download_slots() const {
  return pace_ == nullptr ? options_.download_slots : DownloadPace::Options().most;
}

Engine::~Engine() {
  stop_.request_stop();
  scope_.cancel();
  loop_.restart();
  while (scope_.running() > 0 && loop_.run_one() > 0) {
  }
}

}  // namespace gantry::jobs
