#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gantry/cli/commands.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/cli/terminal.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/service/worker.hpp"

namespace gantry::cli {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// A worker of this machine ends with its server, also with one that is killed.
void end_with_the_server() {
  std::optional<std::string> server = variable("GANTRY_SERVER_PID");
  if (!server) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (std::to_string(::getppid()) != *server) std::_Exit(kFailure);
}

async::awaitable<int> work(jobs::Engine& engine, service::WorkerTask task) {
  net::CurlTransport transport(engine.executor(), engine.clock(), net::EgressPolicy(),
                               fmt::format("gantry/{}", jobs::kVersion));
  bool is_good = co_await service::run_worker(engine, transport, std::move(task));
  co_return is_good ? kSuccess : kFailure;
}

}  // namespace

void add_worker_command(CLI::App& app, Action& action) {
  // Not for people: `gantry serve` starts it.
  CLI::App* command = app.add_subcommand("worker", "One task of a server, from the environment");
  command->callback([&action] {
    action = [] {
      end_with_the_server();
      service::WorkerTask task = service::read_worker_task(variable);
      jobs::EngineOptions options;
      if (auto url = variable("FIGMA_API_URL")) options.api_url = *url;
      options.token = Secret(variable("FIGMA_PERSONAL_TOKEN").value_or(""));
      if (auto url = variable("ARKE_API_URL")) options.arke.api = *url;
      if (auto url = variable("ARKE_GATEWAY_URL")) options.arke.gateway = *url;
      if (auto url = variable("ARKE_GRAPH_URL")) options.arke.graph = *url;
      Terminal terminal(Verbosity::kQuiet, LogFormat::kText);
      return run_session(options, terminal,
                         [&task](jobs::Engine& engine) { return work(engine, task); });
    };
  });
}

}  // namespace gantry::cli
