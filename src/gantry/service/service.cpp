#include "gantry/service/service.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include "gantry/artifacts/local_artifact_store.hpp"
#include "gantry/base/files.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/service/dashboard/dashboard.hpp"

namespace gantry::service {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretBytes = 32;
// Of a request beside its list of PIs, and of each of them.
constexpr std::size_t kBodyBytes = 128UL << 10;
constexpr std::size_t kBodyBytesPerTask = 64;
constexpr std::chrono::milliseconds kDrainLook{50};

// Of "https://exports.example.org/": the host and port that requests name.
std::string host_of(const std::string& url) {
  std::size_t begin = url.find("://");
  if (begin == std::string::npos) {
    throw Error(ErrorCode::kUsage, fmt::format("--public-url {} is not an address", url));
  }
  std::string rest = url.substr(begin + 3);
  return rest.substr(0, rest.find('/'));
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

std::vector<AccessKey> keys_of(const ServiceOptions& options) {
  if (!options.key_file.empty()) return read_access_keys(options.key_file);
  if (!is_loopback(options.address)) {
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
      artifacts_(std::make_unique<artifacts::LocalArtifactStore>(folders_->artifacts(), pool_)),
      launcher_(loop.get_executor(), launcher_options()),
      dispatcher_(loop.get_executor(), clock_, tasks_, launcher_, dispatcher_options()),
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

LocalLauncher::Options Service::launcher_options() const {
  LocalLauncher::Options workers;
  workers.command = options_.worker_command;
  workers.folder = folders_->work();
  workers.environment = options_.worker_environment;
  return workers;
}

Dispatcher::Options Service::dispatcher_options() const {
  Dispatcher::Options window;
  window.max_running = options_.max_running;
  window.launches_per_second = options_.launches_per_second;
  window.time_limit = options_.time_limit;
  window.token_key = folders_->secret();
  return window;
}

ApiParts Service::api_parts() {
  return {loop_.get_executor(), clock_, requests_, tasks_,     dispatcher_,
          *artifacts_,          pool_,  access_,   downloads_, events_};
}

ApiOptions Service::api_options() const {
  ApiOptions api;
  api.max_tasks = options_.max_tasks;
  api.attempts = options_.attempts;
  api.launches_per_second = options_.launches_per_second;
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

std::uint16_t Service::start() {
  server_.start();
  dispatcher_.set_callback_base(own_url() + "/callback/");
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
  async::TimePoint deadline = clock_.now() + patience;
  while (dispatcher_.running() > 0 && clock_.now() < deadline) {
    co_await clock_.sleep(kDrainLook);
  }
}

}  // namespace gantry::service
