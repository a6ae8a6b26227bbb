#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gantry/cli/commands.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/config/config.hpp"
#include "gantry/config/discover.hpp"

namespace gantry::cli {
namespace {

struct SingleOptions {
  std::string input;
  std::string filter;
  DesignRun run;
};

void add_input(CLI::App& command, SingleOptions& options) {
  command
      .add_option("-i,--input", options.input,
                  "Configuration (default gantry.yaml, exfig.yaml or figma-export.yaml)")
      ->option_text("FILE")
      ->group(kOutputGroup);
}

std::filesystem::path input_of(const SingleOptions& options) {
  if (options.input.empty()) return config::find_default_config(std::filesystem::current_path());
  if (!std::filesystem::is_regular_file(options.input)) {
    throw Error(ErrorCode::kUsage, "there is no configuration " + options.input);
  }
  return options.input;
}

}  // namespace

void add_icons_command(CLI::App& app, const CommonFlags& common, Action& action) {
  auto options = std::make_shared<SingleOptions>();
  CLI::App* command = app.add_subcommand("icons", "Export the icons of one configuration");
  command->footer(
      "Examples:\n"
      "  gantry icons -i web.yaml\n"
      "  gantry icons 'arrow/*,bell' -i web.yaml");
  command->add_option("FILTER", options->filter,
                      "Only these icons: names as in Figma, * for any text, comma-separated");
  add_input(*command, *options);
  add_run_flags(*command, options->run.flags);
  add_design_flags(*command, options->run);
  command->callback([options, &common, &action] {
    action = [options, &common] {
      std::filesystem::path input = input_of(*options);
      options->run.requested = {"icons", input.string(), options->filter};
      std::vector<jobs::DesignJob> jobs = load_jobs({input});
      if (!jobs.front().config) throw jobs.front().config.error();
      if (!options->filter.empty()) options->run.filter = options->filter;
      return run_design(jobs, options->run, common);
    };
  });
}

void add_colors_command(CLI::App& app, const CommonFlags& /*common*/, Action& action) {
  auto options = std::make_shared<SingleOptions>();
  CLI::App* command = app.add_subcommand("colors", "Export the colours (not in this version)");
  add_input(*command, *options);
  command->callback([options, &action] {
    action = [options]() -> int {
      config::load(input_of(*options));
      throw Error(ErrorCode::kUnsupported,
                  "this version exports icons only: use `gantry icons` or `gantry batch`");
    };
  });
}

}  // namespace gantry::cli
