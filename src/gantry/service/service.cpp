#include "gantry/service/service.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/base/files.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/net/egress.hpp"
#include "gantry/net/http.hpp"
#include "gantry/service/dashboard/dashboard.hpp"

namespace gantry::service {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretBytes = 32;
// Of a request beside its list of PIs, and of each of them.
constexpr std::size_t kBodyBytes = 128UL << 10;
constexpr std::size_t kBodyBytesPerTask = 64;
constexpr std::chrono::milliseconds kDrainLook{50};
// What Fly allows for the machines of one app.
constexpr double kFlyLaunchesPerSecond = 1;
// From its creation to the first sign of life of its worker, a machine fetches an image and starts.
constexpr std::chrono::minutes kMachineStart{2};

// Of "https://exports.example.org/": the host and port that requests name.
std::string host_of(const std::string& url) {
  std::size_t begin = url.find("://");
  if (begin == std::string::npos) {
    throw Error(ErrorCode::kUsage, fmt::format("--public-url {} is not an address", url));
  }
  std::string rest = url.substr(begin + 3);
  return rest.substr(0, rest.find('/'));
}

std::vector<AccessKey> keys_of(const ServiceOptions& options) {
  if (!options.key_file.empty()) return read_access_keys(options.key_file);
  if (!net::is_loopback_name(options.address)) {
    throw Error(ErrorCode::kUsage,
                fmt::format("without --api-keys the server listens on loopback only, not on {}",
                            options.address));
  }
  return {};
}

}  // namespace

// The data folder: locked, with its parts in place.
class Service::Folders {
 public:
  explicit Folders(const fs::path& data) : data_(data), lock_(lock(data)) {
    for (const fs::path& folder : {work(), scratch()}) {
      // What a server that is no more has left.
      fs::remove_all(folder);
      fs::create_directories(folder);
    }
    secret_ = read_or_make_secret(data / "secret", make_secret);
  }

  fs::path database() const { return data_ / "tasks.sqlite"; }
  fs::path artifacts() const { return data_ / "artifacts"; }
  fs::path work() const { return fs::absolute(data_) / "work"; }
  fs::path scratch() const { return data_ / "scratch"; }
  const Secret& secret() const { return secret_; }
  // Receivers have a copy of it.
  Secret webhook_secret(const std::string& owner) const {
    fs::path folder = data_ / "webhook-secrets";
    fs::create_directories(folder);
    return read_or_make_secret(folder / (owner.empty() ? "default" : owner), make_webhook_secret);
  }

 private:
  static FileLock lock(const fs::path& data) {
    std::error_code fault;
    fs::create_directories(data, fault);
    if (fault) throw system_error("cannot create " + data.string(), fault.value());
    auto lock = FileLock::try_acquire(data);
    if (!lock) {
      throw Error(ErrorCode::kConflict,
                  fmt::format("{} is in use by another server", data.string()));
    }
    return *std::move(lock);
  }
  static Secret read_or_make_secret(const fs::path& file, Secret (*make)()) {
    if (!fs::exists(file)) {
      auto made = TemporaryFile::create(file.parent_path(), "secret-");
      made->append(make().reveal());
      fs::rename(made->path(), file);
    }
    return Secret(read_file(file, 1024));
  }
  static Secret make_secret() {
    std::string bytes(kSecretBytes, '\0');
    RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kSecretBytes);
    return Secret(std::move(bytes));
  }

  fs::path data_;
  FileLock lock_;
  Secret secret_;
};

Service::Service(boost::asio::io_context& loop, ServiceOptions options)
    : loop_(loop),
      options_(std::move(options)),
      folders_(std::make_unique<Folders>(options_.data)),
      clock_(loop.get_executor()),
      pool_(4),
      requests_(loop.get_executor()),
      access_(keys_of(options_), folders_->secret()),
      tasks_(loop.get_executor(), folders_->database()),
      network_(loop.get_executor(), clock_),
      artifacts_(make_artifacts()),
      launcher_(make_launcher()),
      dispatcher_(loop.get_executor(), clock_, tasks_, *launcher_, dispatcher_options()),
      running_downloads_(loop.get_executor()),
      downloads_(tasks_, *artifacts_, pool_, running_downloads_, folders_->scratch()),
      retention_(clock_, tasks_, *artifacts_, running_downloads_, options_.keep),
      transport_(loop.get_executor(), clock_,
                 net::EgressPolicy::for_server(
                     [this](std::string_view host) { return access_.may_be_private(host); }),
                 fmt::format("gantry/{}", jobs::kVersion)),
      webhooks_(loop.get_executor(), clock_, tasks_, access_, transport_, webhook_secrets()),
      server_(server_options(),
              [this](const httpd::Request& request, httpd::Responder responder) {
                router_.handle(request, std::move(responder));
              }),
      events_(loop.get_executor(), clock_, tasks_, server_),
      api_(api_parts(), api_options()) {
  api_.add_routes(router_);
  add_dashboard(router_);
}

Service::~Service() { server_.stop(); }

httpd::Options Service::server_options() const {
  httpd::Options server;
  server.addresses = {options_.address};
  server.port = options_.port;
  server.max_body_bytes = kBodyBytes + options_.max_tasks * kBodyBytesPerTask;
  return server;
}

std::unique_ptr<artifacts::ArtifactStore> Service::make_artifacts() {
  if (!options_.storage) {
    if (options_.fly) {
      throw Error(ErrorCode::kUsage,
                  "--launcher fly wants --artifacts s3://BUCKET: its machines cannot write into a "
                  "folder of this one");
    }
    fs::path folder = options_.artifacts.empty() ? folders_->artifacts() : options_.artifacts;
    return std::make_unique<artifacts::LocalArtifactStore>(folder, pool_);
  }
  artifacts::S3ArtifactStore::Services services{loop_.get_executor(), clock_, pool_,
                                                network_.admission, network_.client};
  auto store = std::make_unique<artifacts::S3ArtifactStore>(services, options_.storage->access,
                                                            options_.storage->location);
  if (options_.fly) remote_outputs_.emplace(*store);
  return store;
}

std::unique_ptr<Launcher> Service::make_launcher() {
  if (options_.fly) {
    bool is_simulated = net::is_loopback_name(net::host_of(options_.fly->api));
    if (options_.public_url.empty() && !is_simulated) {
      throw Error(ErrorCode::kUsage,
                  "--launcher fly wants --public-url: the address at which its machines report");
    }
    FlyLauncher::Options fly = *options_.fly;
    fly.owner = hmac_sha256(folders_->secret().reveal(), "fly").hex().substr(0, 16);
    return std::make_unique<FlyLauncher>(loop_.get_executor(), clock_, network_.transport, tasks_,
                                         std::move(fly));
  }
  LocalLauncher::Options workers;
  workers.command = options_.worker_command;
  workers.folder = folders_->work();
  workers.environment = options_.worker_environment;
  return std::make_unique<LocalLauncher>(loop_.get_executor(), std::move(workers));
}

double Service::launches_per_second() const {
  return options_.launches_per_second.value_or(options_.fly ? kFlyLaunchesPerSecond : 0);
}

Dispatcher::Options Service::dispatcher_options() const {
  Dispatcher::Options window;
  window.max_running = options_.max_running;
  window.launches_per_second = launches_per_second();
  if (options_.fly) window.lease = kMachineStart;
  window.time_limit = options_.time_limit;
  window.token_key = folders_->secret();
  return window;
}

ApiParts Service::api_parts() {
  return {loop_.get_executor(),
          clock_,
          requests_,
          tasks_,
          dispatcher_,
          *artifacts_,
          pool_,
          access_,
          downloads_,
          events_,
          remote_outputs_ ? &*remote_outputs_ : nullptr};
}

ApiOptions Service::api_options() const {
  ApiOptions api;
  api.max_tasks = options_.max_tasks;
  api.attempts = options_.attempts;
  api.launches_per_second = launches_per_second();
  api.hosts = {"localhost", "127.0.0.1", "[::1]", options_.address};
  if (!options_.public_url.empty()) api.hosts.push_back(host_of(options_.public_url));
  api.is_https = options_.public_url.starts_with("https://");
  api.token_key = folders_->secret();
  api.lease = Dispatcher::Options().lease;
  api.work_folder = folders_->work();
  return api;
}

std::map<std::string, Secret> Service::webhook_secrets() const {
  std::map<std::string, Secret> secrets;
  for (const std::string& owner : access_.webhook_owners()) {
    secrets[owner] = folders_->webhook_secret(owner);
  }
  return secrets;
}

std::string Service::own_url() const {
  bool is_ipv6 = options_.address.find(':') != std::string::npos;
  std::string host = is_ipv6 ? "[" + options_.address + "]" : options_.address;
  return fmt::format("http://{}:{}", host, server_.port());
}

// Where workers report: those of this machine without a detour.
std::string Service::callback_base() const {
  std::string url = options_.fly ? options_.public_url : "";
  if (url.empty()) url = own_url();
  while (url.ends_with('/')) url.pop_back();
  return url + "/callback/";
}

std::uint16_t Service::start() {
  server_.start();
  dispatcher_.set_callback_base(callback_base());
  return server_.port();
}

async::awaitable<void> Service::run() {
  async::TaskScope scope(loop_.get_executor());
  scope.spawn(dispatcher_.run());
  scope.spawn(events_.run());
  scope.spawn(retention_.run());
  scope.spawn(webhooks_.run());
  std::exception_ptr failure;
  try {
    co_await scope.join();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await boost::asio::this_coro::reset_cancellation_state();
  requests_.cancel();
  co_await requests_.join();
  if (failure) std::rethrow_exception(failure);
}

async::awaitable<void> Service::drain(std::chrono::milliseconds patience) {
  api_.drain();
  dispatcher_.pause();
  // They report to the next server.
  if (launcher_->workers_outlive_server()) co_return;
  async::TimePoint deadline = clock_.now() + patience;
  while (dispatcher_.running() > 0 && clock_.now() < deadline) {
    co_await clock_.sleep(kDrainLook);
  }
}

}  // namespace gantry::service
