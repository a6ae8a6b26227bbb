#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gantry/cli/commands.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/config/discover.hpp"

namespace gantry::cli {

void add_batch_command(CLI::App& app, const CommonFlags& common, Action& action) {
  struct Options {
    std::vector<std::string> paths;
    DesignRun run;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("batch", "Export many configurations in one run");
  command->footer(
      "Examples:\n"
      "  gantry batch configs/\n"
      "  gantry batch ios.yaml web.yaml --dry-run");
  command
      ->add_option("PATH", options->paths,
                   "Configurations, or folders of them: all *.yaml and *.yml, without hidden ones "
                   "and sub-folders")
      ->required();
  add_batch_flags(*command, options->run.flags);
  add_design_flags(*command, options->run);
  command->callback([options, &common, &action] {
    action = [options, &common] {
      std::vector<std::filesystem::path> paths(options->paths.begin(), options->paths.end());
      options->run.is_batch = true;
      options->run.requested = options->paths;
      return run_design(load_jobs(config::discover(paths)), options->run, common);
    };
  });
}

}  // namespace gantry::cli
