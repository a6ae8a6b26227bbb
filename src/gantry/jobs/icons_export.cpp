#include "gantry/jobs/icons_export.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "gantry/async/for_each.hpp"
#include "gantry/design/asset.hpp"
#include "gantry/design/selection.hpp"
#include "gantry/exporters/web/icons.hpp"
#include "gantry/jobs/drawings.hpp"
#include "gantry/jobs/publication.hpp"
#include "gantry/jobs/source_files.hpp"

namespace gantry::jobs {
namespace {

namespace web = exporters::web;

// Drawings of the largest size that svg::Document reads.
constexpr std::uint64_t kLargestDrawing = 8 << 20;

design::Selection selection_of(const config::Config& config, const config::WebIcons& entry,
                               const JobOptions& options) {
  const config::CommonIcons& common = config.common.icons;
  design::Selection selection;
  selection.frame_name = entry.figma_frame_name.value_or(common.figma_frame_name);
  selection.page_name = entry.figma_page_name ? entry.figma_page_name : common.figma_page_name;
  selection.platform = design::Platform::kWeb;
  selection.filter = options.filter;
  if (common.use_single_file) selection.dark_suffix = common.dark_mode_suffix;
  return selection;
}

design::NameRules rules_of(const config::Config& config, const config::WebIcons& entry) {
  const config::CommonIcons& common = config.common.icons;
  bool is_list = config.web->icons.form == config::Form::kList;
  design::NameRules rules;
  rules.style = entry.name_style;
  rules.validate = is_list ? entry.name_validate_regexp : common.name_validate_regexp;
  rules.replace = is_list ? entry.name_replace_regexp : common.name_replace_regexp;
  return rules;
}

// What the files publish, chosen, paired and named.
struct Plan {
  design::AssetList list;
  std::vector<SourceFile> files;
};

async::awaitable<Plan> make_plan(Engine& engine, const config::Config& config,
                                 const config::WebIcons& entry, JobOptions options,
                                 batch::JobContext context) {
  if (!config.figma.light_file_id) {
    throw Error(ErrorCode::kInvalidConfig, "icons need 'figma.lightFileId'").at(entry.position);
  }
  design::Selection selection = selection_of(config, entry, options);
  Plan plan;
  SourceFile light = co_await read_source_file(engine, *config.figma.light_file_id, context);
  plan.files.push_back(light);
  design::Source light_source{light.key, design::select_components(*light.components, selection)};
  if (light_source.components.empty()) {
    throw design::nothing_selected(*light.components, selection).in("file " + light.key);
  }
  std::optional<design::Source> dark_source;
  if (config.common.icons.use_single_file) {
    auto [only_light, only_dark] =
        design::split_light_dark(std::move(light_source), config.common.icons.dark_mode_suffix);
    light_source = std::move(only_light);
    dark_source = std::move(only_dark);
  } else if (config.figma.dark_file_id) {
    SourceFile dark = co_await read_source_file(engine, *config.figma.dark_file_id, context);
    plan.files.push_back(dark);
    dark_source.emplace();
    dark_source->file_key = dark.key;
    dark_source->components = design::select_components(*dark.components, selection);
  }
  plan.list = design::make_assets(light_source, dark_source, rules_of(config, entry));
  co_return plan;
}

// One export under way: what its tasks share.
class IconsExport {
 public:
  IconsExport(Engine& engine, Plan plan, const web::IconOptions& icon_options, JobOptions options,
              batch::JobContext context)
      : engine_(engine),
        files_(std::move(plan.files)),
        icons_(std::move(plan.list.assets), icon_options),
        options_(std::move(options)),
        context_(std::move(context)),
        drawings_(engine, figma::RenderOptions(), kLargestDrawing, context_) {}

  async::awaitable<void> run(Publication& publication, KindResult& result) {
    auto executor = engine_.executor();
    async::TaskScope scope(executor);
    scope.spawn(convert_all(scope, publication, result));
    co_await scope.join();
    if (!result.failures.empty()) co_return;
    co_await publication.stage(icons_.render_index());
    context_.progress->job_advanced(context_.name, "writing", 0, 1);
    result.changes = co_await publication.finish();
    result.exported = icons_.assets().size();
  }

 private:
  async::awaitable<void> convert_all(async::TaskScope& scope, Publication& publication,
                                     KindResult& result) {
    for (const SourceFile& file : files_) drawings_.set_version(file.key, file.version);
    std::vector<design::NodeSource> nodes;
    for (const design::Asset& asset : icons_.assets()) {
      nodes.push_back(asset.light);
      if (asset.dark) nodes.push_back(*asset.dark);
    }
    context_.progress->job_advanced(context_.name, "downloading", 0, icons_.assets().size());
    co_await drawings_.prepare(std::move(nodes), scope);
    // A few more than there are slots, so that slots never wait for a conversion.
    std::size_t width = static_cast<std::size_t>(engine_.download_slots()) + 16;
    std::function<async::awaitable<void>(std::size_t)> body = [&](std::size_t index) {
      return convert(index, publication, result);
    };
    co_await async::for_each(icons_.assets().size(), width, std::move(body));
  }

  async::awaitable<void> convert(std::size_t index, Publication& publication, KindResult& result) {
    const design::Asset& asset = icons_.assets()[index];
    std::string name = fmt::format("component '{}'", asset.original_name);
    try {
      Blob light = co_await drawings_.get(asset.light, name);
      std::optional<Blob> dark;
      if (asset.dark) dark = co_await drawings_.get(*asset.dark, name + " (dark)");
      auto work = [this, index, light, dark, &publication] {
        std::string light_text = light.read(kLargestDrawing);
        std::optional<std::string> dark_text;
        if (dark) dark_text = dark->read(kLargestDrawing);
        for (auto& [path, file] : icons_.render(index, light_text, dark_text)) {
          publication.commit().stage(publication.root(), path, file.content, file.source);
        }
      };
      co_await engine_.workers().run(std::move(work));
    } catch (const Error& error) {
      bool concerns_all = error.scope() == Scope::kRun || error.code() == ErrorCode::kCancelled ||
                          error.code() == ErrorCode::kNoSpace || options_.fail_fast;
      if (concerns_all) throw;
      result.failures.push_back({asset.original_name, asset.light.file_key, error});
    }
    ++done_;
    context_.progress->job_advanced(context_.name, "downloading", done_, icons_.assets().size());
  }

  Engine& engine_;
  std::vector<SourceFile> files_;
  web::IconExport icons_;
  JobOptions options_;
  batch::JobContext context_;
  Drawings drawings_;
  std::size_t done_ = 0;
};

}  // namespace

async::awaitable<KindResult> export_web_icons(Engine& engine, const config::Config& config,
                                              std::size_t entry, std::string id, JobOptions options,
                                              batch::JobContext context) {
  const config::WebIcons& icons = config.web->icons.entries[entry];
  KindResult result;
  result.kind = "icons";
  context.progress->job_advanced(context.name, "listing", 0, 0);
  Plan plan = co_await make_plan(engine, config, icons, options, context);
  for (const design::Finding& finding : plan.list.findings) {
    if (finding.kind == design::Finding::Kind::kWarning) {
      context.progress->warning(context.name, finding.message);
    } else {
      result.failures.push_back({"", "", Error(ErrorCode::kUnsafe, finding.message)});
    }
  }
  if (!result.failures.empty()) co_return result;

  web::IconOptions icon_options;
  icon_options.output_directory = icons.output_directory.value_or("");
  icon_options.svg_directory = icons.svg_directory;
  icon_options.generate_react_components = icons.generate_react_components;
  icon_options.icon_size = icons.icon_size;
  bool is_part = options.filter.has_value();
  auto publication =
      co_await Publication::open(engine, std::move(id), output_root(config.web->output),
                                 options.lock_file, options.mode, is_part, context);
  IconsExport work(engine, std::move(plan), icon_options, options, context);
  co_await work.run(*publication, result);
  co_return result;
}

}  // namespace gantry::jobs
