#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "gantry/base/files.hpp"
#include "gantry/base/pretty_json.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/display_text.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/session.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

constexpr const char* kComponentsGroup = "Components";
// With --fail-fast the names are asked for so many at a time, and no further ones after a failure.
constexpr std::size_t kNamesAtATime = 100;

struct ComponentsFlags {
  RunFlags run;
  std::string framework = "react";
  std::string registries;
  std::string format = "table";
  std::vector<std::string> names;
  std::string path;
  std::string repository;
  std::string category;
  bool is_all = false;
  bool no_nested = false;
};

// What the coroutines of one run share.
struct ComponentsRun {
  jobs::Engine& engine;
  ComponentsFlags flags;
  github::Registry registry;
  batch::JobContext job;
  Terminal& terminal;
  bool fail_fast = false;

  bool wants_json() const { return flags.format == "json"; }
};
using RunPtr = std::shared_ptr<ComponentsRun>;
using Verb = async::awaitable<int> (*)(RunPtr);

github::Registry registry_of(const ComponentsFlags& flags) {
  std::vector<github::Registry> all = github::built_in_registries();
  if (!flags.registries.empty()) {
    std::string text = read_file(flags.registries);
    for (github::Registry& registry : github::parse_registries(text, flags.registries)) {
      all.push_back(std::move(registry));
    }
  }
  std::string names;
  for (github::Registry& registry : all) {
    if (registry.framework == flags.framework) return std::move(registry);
    names += (names.empty() ? "" : ", ") + registry.framework;
  }
  throw Error(ErrorCode::kUsage, fmt::format("--framework: there is no '{}'; choose one of {}",
                                             flags.framework, names));
}

// "owner/name@branch", or that of the registry.
github::Repository repository_of(const ComponentsRun& run) {
  const std::string& text = run.flags.repository;
  if (text.empty()) return run.registry.repository;
  std::size_t slash = text.find('/');
  std::size_t at = text.find('@');
  if (slash == std::string::npos || (at != std::string::npos && at < slash)) {
    throw Error(ErrorCode::kUsage, "--repository: '" + text + "' is not OWNER/NAME[@BRANCH]");
  }
  std::size_t end = std::min(at, text.size());
  return {text.substr(0, slash), text.substr(slash + 1, end - slash - 1),
          at == std::string::npos ? "main" : text.substr(at + 1)};
}

std::string shown(const std::string& text) {
  return isatty(STDOUT_FILENO) != 0 ? printable(text) : text;
}

std::string with_newline(std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

void warn_if_stale(const ComponentsRun& run, const std::string& name,
                   const github::Answer& answer) {
  if (!answer.ok() || !answer.provenance().stale || run.flags.run.offline.value_or(false)) return;
  run.terminal.warning(name, "an old answer from the cache: GitHub could not be asked");
}

json::object item_json(const std::string& name, const github::Answer& answer, bool is_source) {
  json::object item{{"name", name}};
  if (!answer.ok()) {
    item["error"] = {{"code", to_string(answer.error().code())},
                     {"message", valid_utf8(answer.error().message())}};
    return item;
  }
  item["stale"] = answer.provenance().stale;
  if (is_source) {
    item["source"] = valid_utf8(answer.value());
  } else {
    item["value"] = json::parse(answer.value());
  }
  return item;
}

int print_items(const ComponentsRun& run, const std::vector<std::string>& names,
                const github::Answers& answers, bool is_source) {
  json::array items;
  std::string text;
  bool is_good = true;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    warn_if_stale(run, names[i], answers[i]);
    if (!answers[i].ok()) {
      is_good = false;
      run.terminal.error(printable_line(answers[i].error().message()));
    }
    if (run.wants_json()) {
      items.push_back(item_json(names[i], answers[i], is_source));
    } else if (answers[i].ok()) {
      if (names.size() > 1) text += fmt::format("==> {} <==\n", names[i]);
      text += with_newline(shown(answers[i].value()));
    }
  }
  if (run.wants_json()) {
    text = pretty_json(
               json::object{{"framework", run.registry.framework}, {"items", std::move(items)}}) +
           "\n";
  }
  run.terminal.result(text);
  return is_good ? kSuccess : kFailure;
}

// The names that are given, or all that the registry has.
async::awaitable<std::vector<std::string>> wanted_names(RunPtr run) {
  std::vector<std::string> names = run->flags.names;
  if (run->flags.is_all == !names.empty()) {
    throw Error(ErrorCode::kUsage, "give names of components, or --all for every one");
  }
  if (run->flags.is_all) {
    github::Answer list = co_await run->engine.github().component_list(run->registry, run->job);
    warn_if_stale(*run, "the list of components", list);
    json::value all = json::parse(list.value());
    for (const json::value& name : all.at("components").as_array()) {
      names.emplace_back(name.as_string());
    }
  }
  co_return names;
}

enum class Kind { kSource, kDemo, kMetadata, kBlock };

async::awaitable<github::Answers> ask_github(RunPtr run, Kind kind,
                                             std::vector<std::string> names) {
  github::Client& github = run->engine.github();
  switch (kind) {
    case Kind::kSource:
      return github.sources(run->registry, std::move(names), run->job);
    case Kind::kDemo:
      return github.demos(run->registry, std::move(names), run->job);
    case Kind::kMetadata:
      return github.metadata(run->registry, std::move(names), run->job);
    case Kind::kBlock:
      break;
  }
  return github.blocks(run->registry, std::move(names), !run->flags.no_nested, run->job);
}

async::awaitable<int> print_kind(RunPtr run, Kind kind, std::vector<std::string> names) {
  github::Answers answers;
  std::size_t step = run->fail_fast ? kNamesAtATime : std::max<std::size_t>(1, names.size());
  bool is_over = false;
  for (std::size_t from = 0; from < names.size() && !is_over; from += step) {
    auto begin = names.begin() + static_cast<std::ptrdiff_t>(from);
    auto end = begin + static_cast<std::ptrdiff_t>(std::min(step, names.size() - from));
    github::Answers some = co_await ask_github(run, kind, std::vector<std::string>(begin, end));
    for (github::Answer& answer : some) {
      if (is_over) break;
      is_over = run->fail_fast && !answer.ok();
      answers.push_back(std::move(answer));
    }
  }
  bool is_source = kind == Kind::kSource || kind == Kind::kDemo;
  co_return print_items(*run, names, answers, is_source);
}

async::awaitable<int> get_sources(RunPtr run) {
  std::vector<std::string> names = co_await wanted_names(run);
  co_return co_await print_kind(run, Kind::kSource, std::move(names));
}

async::awaitable<int> get_demos(RunPtr run) {
  std::vector<std::string> names = co_await wanted_names(run);
  co_return co_await print_kind(run, Kind::kDemo, std::move(names));
}

async::awaitable<int> get_metadata(RunPtr run) {
  std::vector<std::string> names = co_await wanted_names(run);
  co_return co_await print_kind(run, Kind::kMetadata, std::move(names));
}

int print_answer(const ComponentsRun& run, const github::Answer& answer, const std::string& table) {
  warn_if_stale(run, run.registry.framework, answer);
  run.terminal.result(run.wants_json() ? answer.value() + "\n" : shown(table));
  return kSuccess;
}

async::awaitable<int> list_components(RunPtr run) {
  github::Answer answer = co_await run->engine.github().component_list(run->registry, run->job);
  std::string table;
  json::value list = json::parse(answer.value());
  for (const json::value& name : list.at("components").as_array()) {
    table += std::string(name.as_string()) + "\n";
  }
  co_return print_answer(*run, answer, table);
}

std::string block_rows(const std::string& category, const json::array& blocks) {
  std::string rows;
  for (const json::value& block : blocks) {
    rows += fmt::format("{:<16}{:<32}{}\n", category, std::string(block.at("name").as_string()),
                        std::string(block.at("type").as_string()));
  }
  return rows;
}

async::awaitable<int> get_blocks(RunPtr run) {
  if (!run->flags.names.empty()) {
    std::vector<std::string> names = run->flags.names;
    co_return co_await print_kind(run, Kind::kBlock, std::move(names));
  }
  std::optional<std::string> category;
  if (!run->flags.category.empty()) category = run->flags.category;
  github::Answer answer =
      co_await run->engine.github().block_list(run->registry, category, run->job);
  std::string table;
  json::value list = json::parse(answer.value());
  if (category) {
    table = block_rows(*category, list.at("blocks").as_array());
  } else {
    for (const auto& member : list.at("categories").as_object()) {
      table += block_rows(std::string(member.key()), member.value().as_array());
    }
  }
  co_return print_answer(*run, answer, table);
}

void add_rows(const json::object& node, std::string& rows) {
  rows += std::string(node.at("path").as_string());
  if (const json::value* children = node.if_contains("children")) {
    rows += "/\n";
    for (const auto& child : children->as_object()) add_rows(child.value().as_object(), rows);
  } else {
    rows += "\n";
  }
}

async::awaitable<int> show_tree(RunPtr run) {
  github::Answer answer =
      co_await run->engine.github().directory(repository_of(*run), run->flags.path, run->job);
  std::string table;
  json::value root = json::parse(answer.value());
  add_rows(root.as_object(), table);
  co_return print_answer(*run, answer, table);
}

async::awaitable<int> refresh(RunPtr run) {
  std::string answer = co_await run->engine.github().refresh(run->registry, run->job);
  json::value done = json::parse(answer);
  std::string table = fmt::format(
      "{}: {}\n", run->registry.framework,
      done.at("changed").as_bool() ? "has changed, what was kept is forgotten" : "has not changed");
  run->terminal.result(run->wants_json() ? answer + "\n" : table);
  co_return kSuccess;
}

int run_verb(Verb verb, const ComponentsFlags& flags, const CommonFlags& common) {
  Settings settings = settle_components(flags.run);
  github::Registry registry = registry_of(flags);
  Terminal terminal(verbosity_of(common), log_format_of(common));
  return run_session(settings.engine, terminal, [&](jobs::Engine& engine) {
    auto run = std::make_shared<ComponentsRun>(
        ComponentsRun{engine, flags, registry, batch::JobContext(), terminal, settings.fail_fast});
    run->job.name = "components";
    run->job.progress = &terminal;
    if (settings.timeout) run->job.timeout = *settings.timeout;
    return verb(run);
  });
}

CLI::App* add_verb(CLI::App& components, const char* name, const char* description, Verb verb,
                   const std::shared_ptr<ComponentsFlags>& flags, const CommonFlags& common,
                   Action& action) {
  CLI::App* command = components.add_subcommand(name, description);
  command
      ->add_option("-f,--framework", flags->framework,
                   "Registry: react, react-base, svelte, vue, react-native, or one of "
                   "--registries")
      ->envname("GANTRY_FRAMEWORK")
      ->option_text("NAME")
      ->default_str("react")
      ->group(kComponentsGroup);
  command
      ->add_option("--registries", flags->registries,
                   "JSON file of further registries, as docs/components.md says")
      ->envname("GANTRY_REGISTRIES")
      ->check(CLI::ExistingFile)
      ->option_text("FILE")
      ->group(kComponentsGroup);
  command->add_option("--format", flags->format, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->option_text("FORMAT")
      ->default_str("table")
      ->group(kComponentsGroup);
  add_components_flags(*command, flags->run);
  command->callback([verb, flags, &common, &action] {
    action = [verb, flags, &common] { return run_verb(verb, *flags, common); };
  });
  return command;
}

void add_names(CLI::App& command, ComponentsFlags& flags) {
  command.add_option("NAME", flags.names, "Components, as many as you like")
      ->option_text("NAME...")
      ->group(kComponentsGroup);
  command.add_flag("--all", flags.is_all, "Every component of the registry")
      ->group(kComponentsGroup);
}

}  // namespace

void add_components_command(CLI::App& app, const CommonFlags& common, Action& action) {
  CLI::App* components =
      app.add_subcommand("components", "Read UI components of registries on GitHub");
  components->require_subcommand(1);
  components->footer(
      "Examples:\n"
      "  gantry components list --framework svelte\n"
      "  gantry components get button card dialog --format json\n"
      "  gantry components metadata --all");
  auto flags = std::make_shared<ComponentsFlags>();
  auto add = [&](const char* name, const char* description, Verb verb) {
    return add_verb(*components, name, description, verb, flags, common, action);
  };
  add("list", "The names of all components", list_components);
  add_names(*add("get", "Sources of components", get_sources), *flags);
  add_names(*add("demo", "Sources of their demos", get_demos), *flags);
  add_names(*add("metadata", "What they depend on, as JSON", get_metadata), *flags);
  CLI::App* blocks = add("blocks", "Blocks: without a name the list of all", get_blocks);
  blocks->add_option("NAME", flags->names, "Blocks to read, as JSON")
      ->option_text("NAME...")
      ->group(kComponentsGroup);
  blocks->add_option("--category", flags->category, "List only those of a category")
      ->option_text("NAME")
      ->group(kComponentsGroup);
  blocks->add_flag("--no-components", flags->no_nested, "Leave out the components in the blocks")
      ->group(kComponentsGroup);
  CLI::App* tree = add("tree", "Files and folders of the repository", show_tree);
  tree->add_option("PATH", flags->path, "Folder to begin with")->group(kComponentsGroup);
  tree->add_option("--repository", flags->repository, "Another one: OWNER/NAME[@BRANCH]")
      ->option_text("REPO")
      ->group(kComponentsGroup);
  add("refresh", "Ask whether the registry has changed; if so, forget what is kept", refresh);
}

}  // namespace gantry::cli
