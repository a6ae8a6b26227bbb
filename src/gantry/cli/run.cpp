#include "gantry/cli/run.hpp"

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/jobs/version.hpp"

namespace gantry::cli {
namespace {

void describe(CLI::App& app, CommonFlags& common, Action& action) {
  app.description("Export designs from Figma to code and files: many at once, within its limits.");
  app.footer(
      "FIGMA_PERSONAL_TOKEN holds the token. `gantry COMMAND --help` explains a command.\n"
      "Exit codes: 0 done, 1 something failed, 2 wrong use, 3 output conflict, 4 out of date "
      "(--check).");
  app.set_version_flag("--version", std::string("gantry ") + jobs::kVersion);
  app.add_flag("-q,--quiet", common.quiet, "Only errors and results");
  app.add_flag("-v,--verbose", common.verbose, "Tell of retries, pauses and phases")
      ->excludes("--quiet");
  app.fallthrough();
  app.require_subcommand(1);
  add_batch_command(app, common, action);
  add_icons_command(app, common, action);
  add_fetch_command(app, common, action);
  add_colors_command(app, common, action);
  add_schema_command(app, action);
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv, Action& action) {
  // The name alone has always meant `colors`.
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) arguments.emplace_back("colors");
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Success& asked_for) {
    return app.exit(asked_for);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "gantry: {}\nTry `gantry --help`.\n", error.what());
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
    fmt::print(stderr, "gantry: {}\n", error.message());
    bool is_wrong_use = error.code() == ErrorCode::kUsage ||
                        error.code() == ErrorCode::kInvalidConfig ||
                        error.code() == ErrorCode::kTooLarge || error.code() == ErrorCode::kUnsafe;
    return is_wrong_use ? kWrongUse : kFailure;
  }
}

}  // namespace gantry::cli
