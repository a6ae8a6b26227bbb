#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/listen_address.hpp"
#include "gantry/cli/serve_environment.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/service/service.hpp"

namespace gantry::cli {
namespace {

using namespace std::chrono_literals;

// What workers get of the server's own environment.
constexpr std::array kHandedOn = {"FIGMA_PERSONAL_TOKEN",
                                  "FIGMA_API_URL",
                                  "ARKE_API_URL",
                                  "ARKE_GATEWAY_URL",
                                  "ARKE_GRAPH_URL",
                                  "HTTP_PROXY",
                                  "HTTPS_PROXY",
                                  "NO_PROXY",
                                  "http_proxy",
                                  "https_proxy",
                                  "no_proxy",
                                  "SSL_CERT_FILE",
                                  "CURL_CA_BUNDLE",
                                  "PATH",
                                  "HOME",
                                  "TMPDIR",
                                  "LANG"};

struct ServeFlags {
  std::string listen = "127.0.0.1:8080";
  std::string data = "gantry-data";
  service::ServiceOptions service;
  std::string launcher = "local";
  std::string launch_rate;
  std::string artifacts;
  double task_timeout = 600;
  double drain_timeout = 25;
  double keep_days = 30;
};

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// "2" or "2/s"; nothing if it is not given.
std::optional<double> read_launch_rate(std::string text) {
  if (text.empty()) return std::nullopt;
  const std::string given = text;
  if (text.ends_with("/s")) text.resize(text.size() - 2);
  double rate = 0;
  if (!CLI::detail::lexical_cast(text, rate) || !(rate >= 0) || rate > 1000) {
    throw Error(ErrorCode::kUsage,
                fmt::format("--launch-rate wants workers per second such as 1/s, up to 1000, not "
                            "'{}'",
                            given));
  }
  return rate;
}

class Server {
 public:
  explicit Server(const ServeFlags& flags)
      : flags_(flags),
        service_(loop_, flags.service),
        scope_(loop_.get_executor()),
        signals_(loop_, SIGINT, SIGTERM) {}

  int run() {
    std::uint16_t port = service_.start();
    fmt::print(stderr, "gantry listens on http://{}:{}/ and keeps its state in {}\n",
               flags_.service.address, port, flags_.data);
    scope_.spawn(serve());
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (!error) end_because_of(signal);
    });
    loop_.run();
    return code_;
  }

 private:
  async::awaitable<void> serve() {
    try {
      co_await service_.run();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) {
        fmt::print(stderr, "gantry: {}\n", error.message());
        code_ = kFailure;
      }
    }
    signals_.cancel();
  }

  async::awaitable<void> drain_and_end() {
    fmt::print(stderr, "ending: what runs has up to {:g} s, what waits is kept\n",
               flags_.drain_timeout);
    co_await service_.drain(milliseconds_of(flags_.drain_timeout));
    scope_.cancel();
  }

  // The first asks for an orderly end, the second ends what runs.
  void end_because_of(int signal) {
    if (code_ == kSuccess) {
      code_ = 128 + signal;
      boost::asio::co_spawn(loop_, drain_and_end(), [](const std::exception_ptr&) {});
      signals_.async_wait([this](const boost::system::error_code& error, int again) {
        if (!error) end_because_of(again);
      });
    } else {
      scope_.cancel();
    }
  }

  const ServeFlags& flags_;
  boost::asio::io_context loop_;
  service::Service service_;
  async::TaskScope scope_;
  boost::asio::signal_set signals_;
  int code_ = kSuccess;
};

void add_serve_flags(CLI::App& command, ServeFlags& flags) {
  service::ServiceOptions& service = flags.service;
  command.add_option("--listen", flags.listen, "Address and port to listen on; port 0: any")
      ->option_text("HOST:PORT")
      ->envname("GANTRY_LISTEN")
      ->default_str("127.0.0.1:8080")
      ->group(kConnectionGroup);
  command
      .add_option("--public-url", service.public_url, "Address under which clients see the server")
      ->option_text("URL")
      ->envname("GANTRY_PUBLIC_URL")
      ->group(kConnectionGroup);
  command
      .add_option("--api-keys", service.key_file,
                  "File of keys: NAME SCOPES SHA256 a line; needed to listen beyond loopback")
      ->option_text("FILE")
      ->envname("GANTRY_API_KEYS")
      ->group(kConnectionGroup);
  command.add_option("--data", flags.data, "Folder of all state: tasks, results, secret")
      ->option_text("DIR")
      ->envname("GANTRY_DATA")
      ->default_str("gantry-data")
      ->group(kOutputGroup);
  command
      .add_option("--artifacts", flags.artifacts,
                  "Where results are kept: DIR or s3://BUCKET[/PREFIX] [artifacts below --data]")
      ->option_text("PLACE")
      ->envname("GANTRY_ARTIFACTS")
      ->group(kOutputGroup);
  command
      .add_option("--launcher", flags.launcher,
                  "What workers are: local (processes) or fly (machines, with --artifacts s3://)")
      ->check(CLI::IsMember({"local", "fly"}))
      ->option_text("local|fly")
      ->envname("GANTRY_LAUNCHER")
      ->default_str("local")
      ->group(kConnectionGroup);
  command.add_option("--max-running", service.max_running, "Workers at a time")
      ->check(CLI::Range(1, 1000))
      ->option_text("N")
      ->envname("GANTRY_MAX_RUNNING")
      ->default_str("10")
      ->group(kLimitsGroup);
  command
      .add_option("--launch-rate", flags.launch_rate,
                  "Workers started per second; 0: no limit [fly: 1/s, local: no limit]")
      ->option_text("N/s")
      ->envname("GANTRY_LAUNCH_RATE")
      ->group(kLimitsGroup);
  command.add_option("--max-tasks", service.max_tasks, "PIs of one batch")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->option_text("N")
      ->envname("GANTRY_MAX_TASKS")
      ->default_str("10000")
      ->group(kLimitsGroup);
  command.add_option("--attempts", service.attempts, "Attempts at one task")
      ->check(CLI::Range(1, 100))
      ->option_text("N")
      ->envname("GANTRY_ATTEMPTS")
      ->default_str("3")
      ->group(kLimitsGroup);
  command.add_option("--task-timeout", flags.task_timeout, "Seconds that one attempt may take")
      ->check(CLI::Range(1.0, 86'400.0))
      ->option_text("S")
      ->envname("GANTRY_TASK_TIMEOUT")
      ->default_str("600")
      ->group(kLimitsGroup);
  command
      .add_option("--drain-timeout", flags.drain_timeout,
                  "Seconds that running work has after SIGTERM")
      ->check(CLI::Range(0.0, 86'400.0))
      ->option_text("S")
      ->envname("GANTRY_DRAIN_TIMEOUT")
      ->default_str("25")
      ->group(kLimitsGroup);
  command
      .add_option("--keep", flags.keep_days,
                  "Days after which a batch that has ended is forgotten; 0: never")
      ->check(CLI::Range(0.0, 36'500.0))
      ->option_text("DAYS")
      ->envname("GANTRY_KEEP")
      ->default_str("30")
      ->group(kCacheGroup);
}

}  // namespace

void add_serve_command(CLI::App& app, Action& action) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      app.add_subcommand("serve", "Serve exports over HTTP: batches, status, one ZIP");
  command->footer(
      "An object storage is told by AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL,\n"
      "AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN;\n"
      "Fly by FLY_API_TOKEN, FLY_APP_NAME, FLY_WORKER_IMAGE, FLY_REGION, WORKER_CPUS,\n"
      "WORKER_MEMORY_MB and FLY_API_HOSTNAME.\n\n"
      "Examples:\n"
      "  gantry serve --data /var/lib/gantry\n"
      "  gantry serve --launcher fly --artifacts s3://exports \\\n"
      "    --public-url https://exports.example\n"
      "  curl -X POST localhost:8080/export/mods/batch -d '{\"pis\": [\"01K9Z3K4GM...\"]}'");
  add_serve_flags(*command, *flags);
  command->callback([flags, &action] {
    action = [flags] {
      ListenAddress listen = read_listen_address(flags->listen, "--listen");
      flags->service.address = listen.host;
      flags->service.port = listen.port;
      flags->service.data = flags->data;
      flags->service.launches_per_second = read_launch_rate(flags->launch_rate);
      flags->service.artifacts = flags->artifacts;
      flags->service.storage = object_storage(flags->artifacts);
      flags->service.keep = std::chrono::hours(static_cast<int>(flags->keep_days * 24));
      flags->service.time_limit = milliseconds_of(flags->task_timeout);
      flags->service.worker_command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                       "worker"};
      for (const char* name : kHandedOn) {
        if (const char* value = std::getenv(name)) {
          flags->service.worker_environment.emplace_back(name, value);
        }
      }
      if (flags->launcher == "fly") flags->service.fly = fly_options();
      return Server(*flags).run();
    };
  });
}

}  // namespace gantry::cli
