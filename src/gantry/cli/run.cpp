#include "gantry/cli/run.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/display_text.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/json_log.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/jobs/version.hpp"

namespace gantry::cli {
namespace {

void add_common_flags(CLI::App& app, CommonFlags& common) {
  CLI::Option* quiet = app.add_flag("-q,--quiet", common.quiet, "Only errors and results");
  quiet->group(kGeneralGroup);
  app.add_flag("-v,--verbose", common.verbose, "Tell of retries, pauses and phases")
      ->excludes(quiet)
      ->group(kGeneralGroup);
  app.add_option("--log-format", common.log_format,
                 "Progress and messages as text, or as json: one object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->option_text("FORMAT")
      ->default_str("text")
      ->group(kGeneralGroup);
  app.get_help_ptr()->group(kGeneralGroup);
}

void describe(CLI::App& app, CommonFlags& common, Action& action) {
  app.formatter(help_formatter());
  app.description("Export designs from Figma, and archives, to code and files.");
  app.footer(
      "`gantry COMMAND --help` explains a command, `man gantry` all of it.\n"
      "\n"
      "FIGMA_PERSONAL_TOKEN holds the token: make one in Figma, Settings, Security.\n"
      "\n"
      "Exit codes: 0 all good, 1 a job or an item failed, 2 wrong use, 3 two exports\n"
      "want one folder, 4 out of date (--check), 130 and 143 ended by a signal.");
  app.set_help_flag("-h,--help", "This text");
  app.set_version_flag("--version", std::string("gantry ") + jobs::kVersion, "Print the version")
      ->group(kGeneralGroup);
  app.fallthrough();
  app.require_subcommand(1);
  add_batch_command(app, common, action);
  add_icons_command(app, common, action);
  add_fetch_command(app, common, action);
  add_archive_command(app, common, action);
  add_components_command(app, common, action);
  add_colors_command(app, common, action);
  add_config_command(app, common, action);
  add_schema_command(app, action);
  add_cache_command(app, action);
  add_remote_command(app, common, action);
  add_serve_command(app, action);
  add_mcp_command(app, action);
  add_worker_command(app, action);
  add_common_flags(app, common);
  // Here only, so that the flag wins on whichever side of the command it stands.
  app.get_option("--log-format")->envname("GANTRY_LOG_FORMAT");
  for (CLI::App* command : app.get_subcommands({})) {
    command->group(command->get_name() == "worker" ? "" : "Commands");
    add_common_flags(*command, common);
  }
}

// What is wrong with the arguments, and where to read more.
std::string complaint(const CLI::App& app, const std::vector<std::string>& arguments,
                      const CLI::ParseError& error) {
  std::vector<CLI::App*> chosen = app.get_subcommands();
  if (!chosen.empty()) {
    return fmt::format("gantry: {}\nTry `gantry {} --help`.\n", error.what(),
                       chosen.front()->get_name());
  }
  std::string problem = error.what();
  auto word = std::find_if(arguments.begin(), arguments.end(),
                           [](const std::string& text) { return !text.starts_with('-'); });
  if (word != arguments.end()) problem = fmt::format("there is no command '{}'", *word);
  return fmt::format("gantry: {}\nTry `gantry --help`.\n", problem);
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv, Action& action) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    // The name exfig alone has always meant `colors`.
    if (argc == 0 || std::filesystem::path(argv[0]).filename() != "exfig") {
      fmt::print(stderr, "{}", app.help());
      return kWrongUse;
    }
    arguments.emplace_back("colors");
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Success& asked_for) {
    return app.exit(asked_for);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}", complaint(app, arguments, error));
    return kWrongUse;
  }
  return action();
}

}  // namespace

int run(int argc, const char* const* argv) {
  // A reader of our output that goes away is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app;
  app.name("gantry");
  CommonFlags common;
  Action action;
  try {
    describe(app, common, action);
    return parse_and_run(app, argc, argv, action);
  } catch (...) {
    Error error = current_error();
    if (common.log_format == "json") {
      boost::json::object message{{"message", valid_utf8(error.message())}};
      fmt::print(stderr, "{}", json_event("error", "error", message));
    } else {
      fmt::print(stderr, "gantry: {}\n", error.message());
    }
    bool is_wrong_use = error.code() == ErrorCode::kUsage ||
                        error.code() == ErrorCode::kInvalidConfig ||
                        error.code() == ErrorCode::kTooLarge || error.code() == ErrorCode::kUnsafe;
    return is_wrong_use ? kWrongUse : kFailure;
  }
}

}  // namespace gantry::cli
