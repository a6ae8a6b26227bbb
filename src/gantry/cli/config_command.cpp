#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/base/pretty_json.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/effective.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/config/config.hpp"
#include "gantry/config/discover.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string input;
  bool json = false;
  DesignRun run;
};

// Nothing where none is named and none lies in the working directory.
std::optional<config::Loaded> load_input(const std::string& input) {
  std::filesystem::path path = input;
  if (input.empty()) {
    try {
      path = config::find_default_config(std::filesystem::current_path());
    } catch (const Error&) {
      return std::nullopt;
    }
    path = path.filename();
  }
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ErrorCode::kUsage, "there is no configuration " + path.string());
  }
  return config::load(path);
}

std::string shown(const json::value& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

void print_table(const std::vector<EffectiveSetting>& settings) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const EffectiveSetting& setting : settings) {
    key_width = std::max(key_width, setting.key.size());
    value_width = std::max(value_width, fmt::formatted_size("{}", shown(setting.value)));
  }
  for (const EffectiveSetting& setting : settings) {
    fmt::print("{:<{}}  {:<{}}  {}\n", setting.key, key_width, shown(setting.value), value_width,
               setting.source);
  }
}

void print_json(const std::vector<EffectiveSetting>& settings) {
  json::object object;
  for (const EffectiveSetting& setting : settings) {
    object[setting.key] = json::object{{"value", setting.value}, {"source", setting.source}};
  }
  fmt::print("{}\n", pretty_json(object));
}

int show(const CLI::App& command, const Options& options, const CommonFlags& common) {
  std::optional<config::Loaded> loaded = load_input(options.input);
  Terminal terminal(verbosity_of(common), log_format_of(common));
  if (loaded) {
    for (const config::Warning& warning : loaded->warnings) {
      terminal.warning("", warning.to_string());
    }
  }
  auto settings = effective_settings(command, options.run.flags, loaded ? &*loaded : nullptr);
  if (options.json) {
    print_json(settings);
  } else {
    print_table(settings);
  }
  return kSuccess;
}

}  // namespace

void add_config_command(CLI::App& app, const CommonFlags& common, Action& action) {
  CLI::App* config = app.add_subcommand("config", "Show the settings that a run would have");
  config->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* command = config->add_subcommand(
      "show", "Print every setting, and which flag, variable or line it comes from");
  command->footer("Example: gantry config show -i web.yaml --rate-limit 5");
  command->add_option("-i,--input", options->input, "Configuration, as for `gantry icons`")
      ->option_text("FILE")
      ->group(kOutputGroup);
  command->add_flag("--json", options->json, "JSON instead of a table")->group(kGeneralGroup);
  add_batch_flags(*command, options->run.flags);
  add_design_flags(*command, options->run);
  command->callback([options, command, &common, &action] {
    action = [options, command, &common] { return show(*command, *options, common); };
  });
}

}  // namespace gantry::cli
