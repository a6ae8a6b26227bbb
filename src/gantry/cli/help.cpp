#include "gantry/cli/help.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace gantry::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 28;

// "  NAME                      text, wrapped below itself"
std::string entry(const std::string& name, const std::string& text) {
  std::string result = "  " + name;
  std::size_t used = result.size();
  if (used + 2 > kColumn) {
    result += '\n';
    used = 0;
  }
  result.append(kColumn - used, ' ');
  used = kColumn;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find(' ', begin), text.size());
    std::size_t length = end - begin;
    bool is_first = used == kColumn;
    if (!is_first && used + 1 + length > kWidth) {
      result += '\n' + std::string(kColumn, ' ');
      used = kColumn;
      is_first = true;
    }
    if (!is_first) result += ' ';
    result.append(text, begin, length);
    used += length + (is_first ? 0 : 1);
    begin = end + 1;
  }
  return result + '\n';
}

// "-q, --quiet" or "    --parallel N": long names stand below each other.
std::string flag_name(const CLI::Option& option) {
  std::string name;
  for (const std::string& letter : option.get_snames()) name += "-" + letter + ", ";
  if (name.empty()) name = "    ";
  name += "--" + option.get_lnames().front();
  if (!option.get_option_text().empty()) name += " " + option.get_option_text();
  return name;
}

// "(default 3; $GANTRY_PARALLEL)"
std::string defaults_of(const CLI::Option& option) {
  std::string text = option.get_default_str();
  if (!text.empty()) text = "default " + text;
  if (!option.get_envname().empty()) text += (text.empty() ? "$" : "; $") + option.get_envname();
  return text.empty() ? text : " (" + text + ")";
}

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("Positionals", "Arguments");
    label("OPTIONS", "FLAGS");
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const override {
    std::string text = app->get_description() + "\n\n" + make_usage(app, std::move(name)) +
                       make_positionals(app) + make_subcommands(app, CLI::AppFormatMode::Normal) +
                       flags(app);
    return app->get_footer().empty() ? text : text + "\n" + make_footer(app);
  }

  // Names the flags that must be given.
  std::string make_usage(const CLI::App* app, std::string name) const override {
    auto must_be_given = [](const CLI::Option* option) {
      return option->nonpositional() && option->get_required();
    };
    for (const CLI::Option* option : app->get_options(must_be_given)) {
      name += " --" + option->get_lnames().front() + " " + option->get_option_text();
    }
    return Formatter::make_usage(app, std::move(name));
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string name = is_positional ? make_option_usage(option) : flag_name(*option);
    return entry(name, option->get_description() + defaults_of(*option));
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description());
  }

 private:
  // The group of --help, which every command has first, goes last.
  std::string flags(const CLI::App* app) const {
    std::vector<std::string> groups = app->get_groups();
    if (!groups.empty()) std::rotate(groups.begin(), groups.begin() + 1, groups.end());
    std::string text;
    for (const std::string& group : groups) {
      auto is_in_group = [&group](const CLI::Option* option) {
        return option->nonpositional() && option->get_group() == group;
      };
      std::vector<const CLI::Option*> options = app->get_options(is_in_group);
      if (!options.empty()) text += make_group(group, false, std::move(options));
    }
    return text;
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

}  // namespace gantry::cli
