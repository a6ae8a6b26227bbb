#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "gantry/async/for_each.hpp"
#include "gantry/cli/commands.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/display_text.hpp"
#include "gantry/cli/help.hpp"
#include "gantry/cli/session.hpp"
#include "gantry/jobs/archive_export.hpp"

namespace gantry::cli {
namespace {

namespace mods = exporters::mods;
namespace pinax = exporters::pinax;

constexpr const char* kEntitiesGroup = "Entities";
// Of one entity each, most exports wait for four answers in a row.
constexpr std::size_t kExportsAtATime = 8;
constexpr std::size_t kFindingsShown = 20;

struct ArchiveFlags {
  RunFlags run;
  std::vector<std::string> entities;
  std::string output;
  std::string format = "mods";
  bool is_recursive = false;
  bool no_ocr = false;
  bool no_components = false;
  std::optional<std::size_t> max_depth;
  std::optional<std::size_t> max_text_length;
  std::optional<std::string> cheimarros;
  std::optional<std::string> entity_source;
  std::vector<std::string> component_types;
};

// What a flag says where it is of the other format.
template <class T>
void refuse_flag(const T& flag, const char* name, jobs::ArchiveFormat format) {
  if (!flag) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("{} is no flag of {} exports", name, to_string(format)));
}

void add_mods_options(const ArchiveFlags& flags, jobs::ArchiveOptions& options) {
  refuse_flag(flags.max_text_length, "--max-text-length", options.format);
  refuse_flag(flags.entity_source, "--entity-source", options.format);
  refuse_flag(flags.no_components, "--no-components", options.format);
  refuse_flag(!flags.component_types.empty(), "--component-types", options.format);
  if (flags.cheimarros == "minimal") options.graph = mods::Graph::kMinimal;
  if (flags.cheimarros == "skip") options.graph = mods::Graph::kSkip;
}

void add_pinax_options(const ArchiveFlags& flags, jobs::ArchiveOptions& options) {
  refuse_flag(flags.cheimarros, "--cheimarros", options.format);
  if (flags.max_text_length) options.max_text_length = *flags.max_text_length;
  if (flags.entity_source)
    options.entity_source = *pinax::parse_entity_source(*flags.entity_source);
  options.include_components = !flags.no_components;
  if (flags.component_types.empty()) return;
  options.component_types.clear();
  for (const std::string& word : flags.component_types) {
    options.component_types.insert(*archive::parse_role(word));
  }
}

jobs::ArchiveOptions archive_options_of(const ArchiveFlags& flags) {
  auto options = jobs::ArchiveOptions::defaults(*jobs::parse_archive_format(flags.format));
  options.is_recursive = flags.is_recursive;
  if (flags.max_depth) {
    if (!flags.is_recursive) throw Error(ErrorCode::kUsage, "--max-depth needs --recursive");
    options.max_depth = *flags.max_depth;
  }
  options.include_ocr = !flags.no_ocr;
  if (options.format == jobs::ArchiveFormat::kMods) {
    add_mods_options(flags, options);
  } else {
    add_pinax_options(flags, options);
  }
  return options;
}

std::vector<jobs::ArchiveJob> archive_jobs_of(const ArchiveFlags& flags, const Settings& settings) {
  jobs::ArchiveOptions options = archive_options_of(flags);
  std::vector<jobs::ArchiveJob> jobs;
  std::set<archive::Pi> seen;
  for (const std::string& text : flags.entities) {
    auto pi = archive::Pi::parse(text);
    if (!pi) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("'{}' is not a PI: 26 characters of 0-9 and A-Z", text));
    }
    if (!seen.insert(*pi).second) throw Error(ErrorCode::kUsage, text + " is given twice");
    jobs.push_back({*pi, flags.output, options, settings.fail_fast});
  }
  return jobs;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKilo = 1000;
  if (bytes < kKilo) return fmt::format("{} bytes", bytes);
  if (bytes < kKilo * kKilo) return fmt::format("{} KB", bytes / kKilo);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (kKilo * kKilo));
}

std::string line_of(const jobs::ArchiveResult& result) {
  if (result.error) {
    const std::string& reason = result.error->message();
    return fmt::format("✗ {}: {}\n", result.name,
                       printable_line(reason.substr(0, reason.find('\n'))));
  }
  const jobs::ArchiveCounts& counts = result.counts;
  std::string text = fmt::format("{} {} - {} {}", result.succeeded() ? "✓" : "✗", result.name,
                                 counts.exported, counts.exported == 1 ? "entity" : "entities");
  auto add = [&text](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(counts.incomplete, "incomplete");
  add(counts.missing, "missing");
  add(counts.failed, "failed");
  add(counts.merged, "merged");
  return text + fmt::format(": {} ({}{})\n", printable_line(result.path.string()),
                            size_text(result.bytes), result.is_unchanged ? ", unchanged" : "");
}

void tell(const jobs::ArchiveResult& result, Terminal& terminal) {
  using Kind = jobs::ArchiveFinding::Kind;
  std::size_t shown = std::min(result.findings.size(), kFindingsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const jobs::ArchiveFinding& finding = result.findings[i];
    if (finding.kind == Kind::kFailed) {
      terminal.error(printable_line(finding.message));
    } else {
      terminal.warning(result.name, printable_line(finding.message));
    }
  }
  const jobs::ArchiveCounts& counts = result.counts;
  std::uint64_t all = counts.incomplete + counts.missing + counts.failed;
  if (all > shown) {
    terminal.warning(result.name, fmt::format("and {} more, which {} names", all - shown,
                                              printable_line(result.path.string())));
  }
  if (counts.replaced > 0) {
    terminal.warning(
        result.name,
        fmt::format("{} characters that the format cannot hold became U+FFFD", counts.replaced));
  }
  if (counts.contents_taken > 0) {
    terminal.note(
        fmt::format("{}: {} files could not be checked, for their CIDs do not tell the "
                    "hash of their bytes; {} were",
                    result.name, counts.contents_taken, counts.contents_verified));
  }
}

// What the coroutines of one run share.
struct ArchiveRun {
  jobs::Engine& engine;
  std::vector<jobs::ArchiveJob> jobs;
  Settings settings;
  Terminal& terminal;
  std::vector<jobs::ArchiveResult> results;
};

async::awaitable<void> export_one(std::shared_ptr<ArchiveRun> work, std::size_t index) {
  batch::JobContext context;
  context.name = work->jobs[index].root.text();
  context.lane = static_cast<net::Lane>(index);
  context.progress = &work->terminal;
  if (work->settings.timeout) context.timeout = *work->settings.timeout;
  jobs::ArchiveResult result =
      co_await jobs::export_archive(work->engine, work->jobs[index], context);
  work->results[index] = std::move(result);
  const std::optional<Error>& error = work->results[index].error;
  bool ends_it_all = error && (work->settings.fail_fast || error->scope() == Scope::kRun);
  if (ends_it_all) throw *error;
}

async::awaitable<int> export_entities(jobs::Engine& engine, std::vector<jobs::ArchiveJob> jobs,
                                      Settings settings, Terminal& terminal) {
  std::size_t count = jobs.size();
  auto work = std::make_shared<ArchiveRun>(engine, std::move(jobs), std::move(settings), terminal);
  work->results.resize(count);
  std::function<async::awaitable<void>(std::size_t)> body = [work](std::size_t index) {
    return export_one(work, index);
  };
  bool is_ended = false;
  try {
    co_await async::for_each(count, kExportsAtATime, std::move(body));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    is_ended = true;
  }
  std::string text;
  bool is_good = !is_ended;
  for (const jobs::ArchiveResult& result : work->results) {
    bool is_left_out =
        result.name.empty() || (result.error && result.error->code() == ErrorCode::kCancelled);
    if (is_left_out) continue;
    tell(result, terminal);
    text += line_of(result);
    if (result.error) terminal.error(printable_line(result.error->message()));
    is_good = is_good && result.succeeded();
  }
  terminal.result(text);
  co_return is_good ? kSuccess : kFailure;
}

void add_entity_flags(CLI::App& command, ArchiveFlags& flags) {
  command
      .add_flag("-R,--recursive", flags.is_recursive,
                "Export the whole tree below each entity, into one file")
      ->group(kEntitiesGroup);
  command.add_option("--max-depth", flags.max_depth, "Levels below the root, 0 to 50")
      ->check(CLI::Range(std::size_t{0}, jobs::ArchiveOptions::kDeepest))
      ->option_text("N")
      ->default_str("5, pinax 10")
      ->group(kEntitiesGroup);
  command.add_flag("--no-ocr", flags.no_ocr, "Leave out the text of pages")->group(kEntitiesGroup);
  command
      .add_option("--cheimarros", flags.cheimarros,
                  "mods: people, places and so on of an entity as subjects and notes (full), as "
                  "subjects (minimal), or not (skip)")
      ->check(CLI::IsMember({"full", "minimal", "skip"}))
      ->option_text("HOW")
      ->default_str("full")
      ->group(kEntitiesGroup);
  command
      .add_option(
          "--entity-source", flags.entity_source,
          "pinax: where people, places and so on come from: none, graphdb, cheimarros, both")
      ->check(CLI::IsMember({"none", "graphdb", "cheimarros", "both"}))
      ->option_text("WHERE")
      ->default_str("graphdb")
      ->group(kEntitiesGroup);
  command
      .add_flag("--no-components", flags.no_components, "pinax: leave out the files of entities")
      ->group(kEntitiesGroup);
  command
      .add_option("--component-types", flags.component_types,
                  "pinax: only these files: ref, pinax, description, cheimarros, other; "
                  "comma-separated")
      ->delimiter(',')
      ->check(CLI::IsMember({"ref", "pinax", "description", "cheimarros", "other"}))
      ->option_text("TYPES")
      ->group(kEntitiesGroup);
  command
      .add_option("--max-text-length", flags.max_text_length,
                  "pinax: longest description and text of a page, in characters")
      ->check(CLI::Range(std::size_t{100}, std::size_t{10'000'000}))
      ->option_text("N")
      ->default_str("100000")
      ->group(kEntitiesGroup);
}

void add_entity_format_flags(CLI::App& command, ArchiveFlags& flags) {
  command.add_option("PI", flags.entities, "Entities: 26 characters each")
      ->required()
      ->option_text("PI...")
      ->group(kRequiredGroup);
  command.add_option("-o,--output", flags.output, "Folder for the files; made if missing")
      ->required()
      ->option_text("DIR")
      ->group(kRequiredGroup);
  command.add_option("--format", flags.format, "mods (3.8, XML) or pinax (JSON)")
      ->check(CLI::IsMember({"mods", "pinax"}))
      ->option_text("FORMAT")
      ->default_str("mods")
      ->group(kEntitiesGroup);
  add_entity_flags(command, flags);
  add_archive_flags(command, flags.run);
}

}  // namespace

void add_archive_command(CLI::App& app, const CommonFlags& common, Action& action) {
  auto flags = std::make_shared<ArchiveFlags>();
  CLI::App* command =
      app.add_subcommand("archive", "Export entities of the Arke archive as MODS or Pinax");
  command->footer(
      "Examples:\n"
      "  gantry archive 01K9Z3K4GMDWTT0VQXYSPC9W6S -o records\n"
      "  gantry archive 01K9Z3K4GMDWTT0VQXYSPC9W6S -o records -R --max-depth 3");
  add_entity_format_flags(*command, *flags);
  command->callback([flags, &common, &action] {
    action = [flags, &common] {
      Settings settings = settle_archive(flags->run);
      std::vector<jobs::ArchiveJob> jobs = archive_jobs_of(*flags, settings);
      Terminal terminal(verbosity_of(common), log_format_of(common));
      return run_session(settings.engine, terminal,
                         [&jobs, &settings, &terminal](jobs::Engine& engine) {
                           return export_entities(engine, jobs, settings, terminal);
                         });
    };
  });
}

}  // namespace gantry::cli
