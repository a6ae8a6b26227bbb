#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/cli/commands.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/config/config.hpp"

namespace gantry::cli {

void add_schema_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("schema", "Print the JSON Schema of configurations");
  command->footer("Example: gantry schema > gantry.schema.json");
  command->callback([&action] {
    action = [] {
      fmt::print("{}\n", config::json_schema());
      return kSuccess;
    };
  });
}

}  // namespace gantry::cli
