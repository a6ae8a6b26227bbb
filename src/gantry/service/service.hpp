// The export service: everything behind `gantry serve`, put together. One process per data folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/service/api.hpp"
#include "gantry/service/fly_launcher.hpp"
#include "gantry/service/local_launcher.hpp"
#include "gantry/service/network.hpp"
#include "gantry/service/retention.hpp"
#include "gantry/service/webhook_sender.hpp"

namespace gantry::service {

struct ObjectStorage {
  artifacts::S3Access access;
  artifacts::S3Location location;
};

struct ServiceOptions {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 8080;          // 0: any that is free
  std::filesystem::path data;
  std::string public_url;          // as clients see the server; empty: as it listens
  std::filesystem::path key_file;  // empty: no keys, and then only loopback is listened on
  int max_running = 10;
  std::optional<double> launches_per_second;  // 0: no limit; else as the launcher needs it
  std::size_t max_tasks = 10'000;             // of one batch
  int attempts = 3;                           // of one task
  std::chrono::milliseconds time_limit = std::chrono::minutes(10);  // of one attempt
  std::chrono::hours keep{30 * 24};         // batches that have ended; zero: for good
  std::filesystem::path artifacts;          // folder of the results; empty: below `data`
  std::optional<ObjectStorage> storage;     // of the results, instead
  std::optional<FlyLauncher::Options> fly;  // workers are its machines, else processes
  std::vector<std::string> worker_command;
  std::vector<std::pair<std::string, std::string>> worker_environment;
};

class Service {
 public:
  // Opens the data folder, or makes it. kUsage, also for launchers and stores that do not fit;
  // kConflict if another process has it, kIo, and what the key file may have.
  Service(boost::asio::io_context& loop, ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Listens; the port. kIo.
  std::uint16_t start();
  // Works until the task is cancelled.
  async::awaitable<void> run();
  // Takes no more work, and returns when what runs has ended, or when the patience has.
  async::awaitable<void> drain(std::chrono::milliseconds patience);

 private:
  class Folders;

  httpd::Options server_options() const;
  std::unique_ptr<artifacts::ArtifactStore> make_artifacts();
  std::unique_ptr<Launcher> make_launcher();
  double launches_per_second() const;
  Dispatcher::Options dispatcher_options() const;
  ApiParts api_parts();
  ApiOptions api_options() const;
  std::map<std::string, Secret> webhook_secrets() const;
  std::string own_url() const;
  std::string callback_base() const;

  boost::asio::io_context& loop_;
  ServiceOptions options_;
  std::unique_ptr<Folders> folders_;
  async::SystemClock clock_;
  async::WorkerPool pool_;
  async::TaskScope requests_;
  Access access_;
  TaskStore tasks_;
  Network network_;
  std::optional<RemoteOutputs> remote_outputs_;  // of workers elsewhere; set with artifacts_
  std::unique_ptr<artifacts::ArtifactStore> artifacts_;
  std::unique_ptr<Launcher> launcher_;
  Dispatcher dispatcher_;
  RunningDownloads running_downloads_;
  Downloads downloads_;
  Retention retention_;
  net::CurlTransport transport_;  // of webhooks
  WebhookSender webhooks_;
  httpd::Router router_;
  httpd::Server server_;
  Events events_;
  Api api_;
};

}  // namespace gantry::service
