#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/component_tools.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/listen_address.hpp"
#include "gantry/cli/mcp_tools.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/cli/settings.hpp"
#include "gantry/cli/signals.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/mcp/conformance.hpp"
#include "gantry/mcp/stdio.hpp"
#include "gantry/mcp/streamable_http.hpp"
#include "gantry/net/egress.hpp"

namespace gantry::cli {
namespace {

constexpr const char* kInstructions =
    "Gantry exports design assets from Figma as configurations say. Begin with list_exports; "
    "plan_export shows what would be written; run_export writes. A failed export has written "
    "nothing, and its errors say what to do. list_components and get_components give the sources "
    "of UI components.";

struct McpFlags {
  std::vector<std::string> paths = {"."};
  std::string http;
  std::vector<std::string> hosts;
  bool is_conformance = false;
  McpToolOptions tools;
  ComponentToolOptions components;
};

mcp::HttpOptions http_options_of(const McpFlags& flags) {
  ListenAddress listen = read_listen_address(flags.http, "--http");
  mcp::HttpOptions options;
  options.address = listen.host;
  options.port = listen.port;
  options.hosts = flags.hosts;
  const char* token = std::getenv("GANTRY_MCP_TOKEN");
  options.token = Secret(token == nullptr ? "" : token);
  if (!net::is_loopback_name(options.address) && options.token.empty()) {
    throw Error(ErrorCode::kUsage,
                "GANTRY_MCP_TOKEN must hold a token for a server that others can reach");
  }
  return options;
}

ComponentToolOptions component_options_of(const McpFlags& flags) {
  ComponentToolOptions options = flags.components;
  options.allow_plain_http = flags.tools.run.allow_http;
  options.token = github_token(flags.tools.run);
  return options;
}

// Standard output for messages alone: whatever else is printed goes to standard error.
int take_standard_output() {
  int output = ::dup(STDOUT_FILENO);
  if (output < 0) throw system_error("cannot use standard output", errno);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

class McpRun {
 public:
  explicit McpRun(const McpFlags& flags)
      : flags_(flags),
        clock_(loop_.get_executor()),
        scope_(loop_.get_executor()),
        requests_(loop_.get_executor()),
        tools_(loop_, clock_, flags.tools),
        components_(loop_.get_executor(), clock_, component_options_of(flags)),
        server_(loop_.get_executor(), clock_, requests_, catalogue_,
                {"gantry", "Gantry", jobs::kVersion, kInstructions}),
        signals_(loop_, [this](int number) { end_because_of(number); }) {
    tools_.add_to(catalogue_);
    components_.add_to(catalogue_);
    if (flags.is_conformance) mcp::add_conformance_fixtures(catalogue_, clock_, server_);
  }

  int run() {
    std::unique_ptr<mcp::StreamableHttp> http;
    if (!flags_.http.empty()) {
      mcp::HttpOptions options = http_options_of(flags_);
      http = std::make_unique<mcp::StreamableHttp>(server_, loop_.get_executor(), clock_, options);
      std::uint16_t port = http->start();
      bool is_v6 = options.address.find(':') != std::string::npos;
      fmt::print(stderr, "gantry speaks MCP on http://{}:{}{}\n",
                 is_v6 ? "[" + options.address + "]" : options.address, port, options.path);
    }
    scope_.spawn(serve(http.get()));
    while (!is_done_ || requests_.running() > 0 || components_.running() > 0) loop_.run_one();
    return signal_ == 0 ? code_ : 128 + signal_;
  }

 private:
  async::awaitable<void> serve(mcp::StreamableHttp* http) {
    try {
      if (http != nullptr) {
        co_await http->run();
      } else {
        co_await mcp::serve_stdio(server_, clock_, STDIN_FILENO, take_standard_output());
      }
    } catch (...) {
      Error error = current_error();
      if (error.code() != ErrorCode::kCancelled) {
        fmt::print(stderr, "gantry: {}\n", error.message());
        code_ = kFailure;
      }
    }
    requests_.cancel();
    components_.cancel();
    is_done_ = true;
  }

  void end_because_of(int number) {
    signal_ = number;
    scope_.cancel();
  }

  const McpFlags& flags_;
  boost::asio::io_context loop_{1};
  async::SystemClock clock_;
  async::TaskScope scope_;
  async::TaskScope requests_;
  mcp::Catalogue catalogue_;
  McpTools tools_;
  ComponentTools components_;
  mcp::Server server_;
  SignalWatch signals_;
  int code_ = kSuccess;
  int signal_ = 0;
  bool is_done_ = false;
};

}  // namespace

void add_mcp_command(CLI::App& app, Action& action) {
  auto flags = std::make_shared<McpFlags>();
  CLI::App* command =
      app.add_subcommand("mcp", "Let AI assistants plan and run exports (MCP server)");
  command->footer(
      "Without --http it speaks over standard input and output, as assistants start it.\n"
      "GANTRY_MCP_TOKEN holds the token that clients must send, if they must.\n"
      "\n"
      "Examples:\n"
      "  gantry mcp configs/\n"
      "  gantry mcp configs/ --http 127.0.0.1:8090");
  command
      ->add_option("PATH", flags->paths,
                   "Configurations, or folders of them, that may be exported; default: here")
      ->group(kRequiredGroup);
  command->add_option("--http", flags->http, "Serve Streamable HTTP at /mcp; port 0: any")
      ->option_text("HOST:PORT")
      ->envname("GANTRY_MCP_HTTP")
      ->group(kConnectionGroup);
  command->add_option("--allow-host", flags->hosts, "Another name that requests may have in Host")
      ->option_text("HOST")
      ->group(kConnectionGroup);
  command->add_option("--server", flags->tools.server, "Address of `gantry serve`")
      ->option_text("URL")
      ->envname("GANTRY_SERVER")
      ->default_str("http://127.0.0.1:8080")
      ->group(kConnectionGroup);
  command
      ->add_option("--framework", flags->components.framework,
                   "Whose components are offered: react, react-base, svelte, vue or react-native")
      ->option_text("NAME")
      ->envname("FRAMEWORK")
      ->default_str("react")
      ->group(kOutputGroup);
  command->add_option("--github-url", flags->components.api_url, "Address of GitHub's API")
      ->option_text("URL")
      ->envname("GITHUB_API_URL")
      ->default_str(github::kPublicApi)
      ->group(kConnectionGroup);
  command->add_option("--github-raw-url", flags->components.raw_url, "Address of its raw files")
      ->option_text("URL")
      ->envname("GITHUB_RAW_URL")
      ->default_str(github::kPublicRaw)
      ->group(kConnectionGroup);
  command
      ->add_flag("--conformance", flags->is_conformance,
                 "Add what the protocol's conformance suite asks for")
      ->group(kGeneralGroup);
  add_run_flags(*command, flags->tools.run);
  flags->tools.server = "http://127.0.0.1:8080";
  command->callback([flags, &action] {
    action = [flags] {
      flags->tools.paths.assign(flags->paths.begin(), flags->paths.end());
      return McpRun(*flags).run();
    };
  });
}

}  // namespace gantry::cli
