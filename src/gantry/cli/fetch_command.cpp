#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/base/regex.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/cli/summary.hpp"
#include "gantry/jobs/fetch.hpp"

namespace gantry::cli {
namespace {

struct Flags {
  RunFlags run;
  std::string file_key, frame, page, output, filter, name_style, validate, replace;
  std::string format = "png";
  std::optional<double> scale;
};

constexpr double kDefaultScale = 3;
constexpr const char* kSelectionGroup = "Selection";
constexpr const char* kFilesGroup = "Files";

figma::ImageFormat format_of(const std::string& word) {
  for (auto format : {figma::ImageFormat::kSvg, figma::ImageFormat::kPng, figma::ImageFormat::kJpg,
                      figma::ImageFormat::kPdf}) {
    if (figma::to_string(format) == word) return format;
  }
  throw Error(ErrorCode::kUsage, "--format: '" + word + "' is not svg, png, jpg or pdf");
}

jobs::FetchOptions options_of(const Flags& flags, const Settings& settings) {
  jobs::FetchOptions options;
  options.file_key = flags.file_key;
  options.frame_name = flags.frame;
  if (!flags.page.empty()) options.page_name = flags.page;
  options.output = flags.output;
  options.render.format = format_of(flags.format);
  options.render.scale = flags.scale.value_or(kDefaultScale);
  if (!flags.filter.empty()) options.filter = flags.filter;
  options.names.style.reset();
  if (!flags.name_style.empty()) {
    options.names.style = parse_name_style(flags.name_style);
    if (!options.names.style) {
      throw Error(ErrorCode::kUsage,
                  "--name-style: '" + flags.name_style +
                      "' is not camelCase, snake_case, PascalCase, kebab-case or "
                      "SCREAMING_SNAKE_CASE");
    }
  }
  if (!flags.validate.empty()) options.names.validate = flags.validate;
  if (!flags.replace.empty()) options.names.replace = flags.replace;
  options.mode = settings.mode;
  options.fail_fast = settings.fail_fast;
  return options;
}

async::awaitable<int> fetch(jobs::Engine& engine, jobs::FetchOptions options, Settings settings,
                            Terminal& terminal) {
  batch::JobContext context;
  context.name = options.frame_name;
  context.progress = &terminal;
  if (settings.timeout) context.timeout = *settings.timeout;
  std::string output = options.output.string();
  jobs::JobResult result = co_await jobs::run_fetch(engine, std::move(options), context);
  const jobs::KindResult& files = result.kinds.front();
  for (const std::string& line : failure_lines(result)) terminal.error(line);
  if (settings.mode == output::Mode::kDryRun) {
    terminal.result(plan_text({result}));
  } else if (!result.error) {
    terminal.result(fmt::format("Fetched {} files to {}\n", files.exported, output));
  }
  if (!result.succeeded()) co_return kFailure;
  co_return settings.check && !result.up_to_date() ? kOutOfDate : kSuccess;
}

void add_source_flags(CLI::App& command, Flags& flags) {
  command
      .add_option("-f,--file-id", flags.file_key,
                  "Key of the Figma file, as in figma.com/design/KEY/...")
      ->required()
      ->option_text("KEY")
      ->group(kRequiredGroup);
  command.add_option("-r,--frame", flags.frame, "Frame that holds the components")
      ->required()
      ->option_text("NAME")
      ->group(kRequiredGroup);
  command.add_option("-o,--output", flags.output, "Folder for the files; made if missing")
      ->required()
      ->option_text("DIR")
      ->group(kRequiredGroup);
  command.add_option("--page", flags.page, "Only frames of this page")
      ->option_text("NAME")
      ->group(kSelectionGroup);
  command
      .add_option("--filter", flags.filter,
                  "Only these components: names as in Figma, * for any text, comma-separated")
      ->option_text("NAMES")
      ->group(kSelectionGroup);
}

void add_file_flags(CLI::App& command, Flags& flags) {
  command.add_option("--format", flags.format, "svg, png, jpg or pdf")
      ->option_text("FORMAT")
      ->default_str("png")
      ->group(kFilesGroup);
  command.add_option("--scale", flags.scale, "Scale of png and jpg, 0.01 to 4")
      ->check(CLI::Range(0.01, 4.0))
      ->option_text("X")
      ->default_str("3")
      ->group(kFilesGroup);
  command
      .add_option("--name-style", flags.name_style,
                  "camelCase, snake_case, PascalCase, kebab-case or SCREAMING_SNAKE_CASE")
      ->option_text("STYLE")
      ->default_str("as in Figma")
      ->group(kFilesGroup);
  command.add_option("--name-validate-regexp", flags.validate, "Regular expression of good names")
      ->option_text("REGEXP")
      ->group(kFilesGroup);
  command
      .add_option("--name-replace-regexp", flags.replace,
                  "What the match becomes; $1 is its first group")
      ->option_text("TEXT")
      ->group(kFilesGroup);
}

}  // namespace

void add_fetch_command(CLI::App& app, const CommonFlags& common, Action& action) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("fetch", "Download the components of a frame as they are");
  command->footer(
      "Examples:\n"
      "  gantry fetch -f KEY -r Icons -o icons --format svg\n"
      "  gantry fetch -f KEY -r Icons -o icons --scale 2 --filter 'arrow/*,bell'");
  add_source_flags(*command, *flags);
  add_file_flags(*command, *flags);
  add_run_flags(*command, flags->run);
  command->callback([flags, &common, &action] {
    action = [flags, &common] {
      Settings settings = settle(flags->run, {}, false);
      jobs::FetchOptions options = options_of(*flags, settings);
      if (options.names.validate) Regex(*options.names.validate);
      Terminal terminal(verbosity_of(common), log_format_of(common));
      return run_session(settings.engine, terminal,
                         [&options, &settings, &terminal](jobs::Engine& engine) {
                           return fetch(engine, options, settings, terminal);
                         });
    };
  });
}

}  // namespace gantry::cli
