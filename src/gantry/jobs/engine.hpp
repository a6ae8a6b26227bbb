// The parts that every job of a run shares, put together: one io thread, one worker pool, one
// connection to the network, one set of limits, one store of what has been downloaded.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/asio/io_context.hpp>

#include "gantry/arke/client.hpp"
#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/async/worker_pool.hpp"
#include "gantry/base/progress.hpp"
#include "gantry/batch/downloads.hpp"
#include "gantry/figma/client.hpp"
#include "gantry/github/client.hpp"
#include "gantry/jobs/conversions.hpp"
#include "gantry/jobs/download_pace.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/net/client.hpp"
#include "gantry/output/commit.hpp"
#include "gantry/store/blob_store.hpp"
#include "gantry/store/store.hpp"

namespace gantry::jobs {

// Where the archive is.
struct ArkeAddresses {
  std::string api = arke::kPublicApi;
  std::string gateway = arke::kPublicGateway;
  std::string graph = arke::kPublicGraph;
};

// Where component registries are, and how old what is kept of them may be.
struct GitHubOptions {
  std::string api = github::kPublicApi;
  std::string raw = github::kPublicRaw;
  Secret token;
  github::Lifetimes lifetimes;
};

struct EngineOptions {
  std::string api_url = figma::kPublicApi;
  Secret token;
  figma::Plan plan = figma::Plan::kProfessional;
  std::optional<int> rate_limit;  // calls a minute, for all tiers together
  int max_retries = 4;
  int download_slots = 20;        // of the whole run; the first of them if it adapts
  bool adapts_downloads = false;  // to what the server takes best
  std::chrono::milliseconds max_wait = std::chrono::minutes(15);
  bool allow_plain_http = false;
  std::filesystem::path record;  // empty: no recording
  std::filesystem::path replay;  // empty: the network
  std::filesystem::path store;   // folder of the blob store; empty: none
  std::filesystem::path ledger;  // file of what is known of rate limits; empty: none
  std::filesystem::path cache;   // file in which answers of the API are kept; empty: none
  bool offline = false;          // what the cache and the blob store hold is all there is
  ArkeAddresses arke;
  GitHubOptions github;
};

class Engine {
 public:
  // `progress` outlives the engine. Throws kUsage, kIo.
  Engine(boost::asio::io_context& loop, const EngineOptions& options, ProgressSink& progress);
  // All jobs have ended. Flights that nobody waits for are cancelled and waited for.
  ~Engine();

  async::Clock& clock() { return clock_; }
  async::WorkerPool& workers() { return workers_; }
  // For commits, which wait for locks and disks: conversions must not wait with them.
  async::WorkerPool& publishers() { return publishers_; }
  async::TaskScope& scope() { return scope_; }
  async::any_io_executor executor() { return loop_.get_executor(); }
  figma::Client& figma() { return *figma_; }
  // Made at first use: its budget is nothing to who exports designs.
  arke::Client& arke();
  // Likewise.
  github::Client& github();
  batch::Downloads& downloads() { return *downloads_; }
  Conversions& conversions() { return *conversions_; }
  // What is kept from run to run; null without a cache.
  store::Store* cache() { return cache_.get(); }
  // How long the rate limit still holds the next call; zero if it holds none.
  async::Duration rate_limit_wait() const { return admission_->wait_left(); }
  // Whether a server has asked for it; else the budget of calls is spent.
  bool is_paused() const { return admission_->pause_left(api_host_) > async::Duration(0); }
  net::LimitStatus limits() { return admission_->status(); }
  const net::TrafficCounts& traffic() const { return http_->counts(); }
  net::TrafficCounts traffic(net::Lane lane) const { return http_->counts(lane); }
  ProgressSink& progress() { return progress_; }
  // Returns when the answers that were kept are in the cache. At the end of a run.
  async::awaitable<void> flush();
  const std::shared_ptr<output::RootLocks>& root_locks() const { return root_locks_; }
  // At most.
  int download_slots() const;
  // Requested when the run is to end: for work on the pool that waits for others.
  std::stop_source& stop() { return stop_; }
  // The same, because of a signal such as "SIGINT".
  void interrupt(std::string signal) {
    interrupted_by_ = std::move(signal);
    stop_.request_stop();
  }
  const std::string& interrupted_by() const { return interrupted_by_; }

 private:
  batch::Services services();
  std::optional<int> rate_limit() const;
  figma::ClientOptions figma_options();
  arke::ClientOptions arke_options();
  github::ClientOptions github_options();

  boost::asio::io_context& loop_;
  EngineOptions options_;
  std::string api_host_;
  ProgressSink& progress_;
  async::SystemClock clock_;
  async::WorkerPool workers_;
  async::WorkerPool publishers_;
  async::TaskScope scope_;
  std::shared_ptr<output::RootLocks> root_locks_;
  std::stop_source stop_;
  std::string interrupted_by_;
  std::unique_ptr<store::BlobStore> store_;
  std::unique_ptr<store::Store> cache_;
  std::unique_ptr<net::Transport> network_;
  std::unique_ptr<net::Transport> recording_;
  std::unique_ptr<net::LimitLedger> ledger_;
  std::unique_ptr<net::Admission> admission_;
  std::unique_ptr<DownloadPace> pace_;  // null: the slots are fixed
  std::unique_ptr<net::Client> http_;
  std::unique_ptr<figma::Client> figma_;
  std::unique_ptr<arke::Client> arke_;
  std::unique_ptr<github::Client> github_;
  std::unique_ptr<batch::Downloads> downloads_;
  std::unique_ptr<Conversions> conversions_;
};

}  // namespace gantry::jobs
