// The commands of the program: each adds its sub-command to the parser and runs to an exit code.
// What is wrong with the use of a command is thrown as Error kUsage or kInvalidConfig.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace gantry::cli {

// Set by the command that the arguments choose; called once they have all been read.
using Action = std::function<int()>;

// The switches of every command.
struct CommonFlags {
  bool quiet = false;
  bool verbose = false;
  std::string log_format = "text";
};

void add_archive_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_batch_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_colors_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_icons_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_fetch_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_schema_command(CLI::App& app, Action& action);
void add_components_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_config_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_cache_command(CLI::App& app, Action& action);
void add_remote_command(CLI::App& app, const CommonFlags& common, Action& action);
void add_serve_command(CLI::App& app, Action& action);
void add_mcp_command(CLI::App& app, Action& action);
void add_worker_command(CLI::App& app, Action& action);

}  // namespace gantry::cli
