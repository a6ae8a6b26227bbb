#include "gantry/jobs/icons_export.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "gantry/async/for_each.hpp"
#include "gantry/design/asset.hpp"
#include "gantry/design/selection.hpp"
#include "gantry/exporters/web/icons.hpp"
#include "gantry/jobs/drawings.hpp"

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

async::awaitable<void> read_into(Engine& engine, std::string file_key, batch::JobContext context,
                                 figma::Components& components) {
  components = co_await engine.figma().components(file_key, context);
}

Conversions::Files files_of(const web::IconExport& icons, std::size_t index, const Blob& light,
                            const std::optional<Blob>& dark) {
  std::string light_text = light.read(kLargestDrawing);
  std::optional<std::string> dark_text;
  if (dark) dark_text = dark->read(kLargestDrawing);
  return icons.render(index, light_text, dark_text);
}

// Of the files that come of an icon. They say of which node they are.
std::string key_of(std::string_view recipe, const design::Asset& asset, const Blob& light,
                   const std::optional<Blob>& dark) {
  std::string key =
      fmt::format("{}/{}/{}/{}", recipe, asset.name, asset.light.text(), light.digest().hex());
  if (dark) {
    key += fmt::format("/{}/{}/{}", asset.dark_name, asset.dark->text(), dark->digest().hex());
  }
  return key;
}

class WebIconsExport final : public KindExport {
 public:
  WebIconsExport(Engine& engine, const config::Config& config, std::size_t entry,
                 JobOptions options, batch::JobContext context)
      : engine_(engine),
        config_(config),
        entry_(config.web->icons.entries[entry]),
        options_(std::move(options)),
        context_(std::move(context)),
        drawings_(engine, figma::RenderOptions(), kLargestDrawing, context_) {}

  std::string kind() const override { return "icons"; }
  std::vector<std::string> file_keys() const override;
  std::filesystem::path root() const override { return output_root(config_.web->output); }
  async::awaitable<void> list(Versions versions, KindResult& result) override;
  std::vector<RelativePath> paths() const override { return icons_->paths(); }
  async::awaitable<void> prepare() override;
  void ask_ahead(async::TaskScope& scope, batch::Priority priority) override {
    drawings_.ask_ahead(scope, priority);
  }
  std::size_t stored() const override { return drawings_.stored(); }
  async::awaitable<void> produce(Publication& publication, KindResult& result) override;

 private:
  bool has_dark_file() const {
    return !config_.common.icons.use_single_file && config_.figma.dark_file_id.has_value();
  }
  async::awaitable<void> read_components(std::vector<std::string> keys);
  design::AssetList choose() const;
  async::awaitable<void> convert(std::size_t index, Publication& publication, KindResult& result);
  void add_pictures(KindResult& result) const;

  Engine& engine_;
  const config::Config& config_;
  const config::WebIcons& entry_;
  JobOptions options_;
  batch::JobContext context_;
  Drawings drawings_;
  std::map<std::string, figma::Components> components_;  // by file, until they are chosen from
  // After list(). Conversions share it, which may outlive this.
  std::shared_ptr<const web::IconExport> icons_;
  std::size_t done_ = 0;
};

std::vector<std::string> WebIconsExport::file_keys() const {
  if (!config_.figma.light_file_id) {
    throw Error(ErrorCode::kInvalidConfig, "icons need 'figma.lightFileId'").at(entry_.position);
  }
  std::vector<std::string> keys{*config_.figma.light_file_id};
  if (has_dark_file() && *config_.figma.dark_file_id != keys.front()) {
    keys.push_back(*config_.figma.dark_file_id);
  }
  return keys;
}

async::awaitable<void> WebIconsExport::read_components(std::vector<std::string> keys) {
  for (const std::string& key : keys) components_[key];
  std::function<async::awaitable<void>(std::size_t)> body = [&](std::size_t index) {
    return read_into(engine_, keys[index], context_, components_[keys[index]]);
  };
  co_await async::for_each(keys.size(), keys.size(), std::move(body));
}

design::AssetList WebIconsExport::choose() const {
  const config::CommonIcons& common = config_.common.icons;
  design::Selection selection = selection_of(config_, entry_, options_);
  const std::string& light_key = *config_.figma.light_file_id;
  const std::vector<figma::Component>& all = *components_.at(light_key);
  design::Source light{light_key, design::select_components(all, selection)};
  if (light.components.empty()) {
    throw design::nothing_selected(all, selection).in("file " + light_key);
  }
  std::optional<design::Source> dark;
  if (common.use_single_file) {
    auto [only_light, only_dark] =
        design::split_light_dark(std::move(light), common.dark_mode_suffix);
    light = std::move(only_light);
    dark = std::move(only_dark);
  } else if (has_dark_file()) {
    const std::string& dark_key = *config_.figma.dark_file_id;
    dark.emplace();
    dark->file_key = dark_key;
    dark->components = design::select_components(*components_.at(dark_key), selection);
  }
  return design::make_assets(light, dark, rules_of(config_, entry_));
}

async::awaitable<void> WebIconsExport::list(Versions versions, KindResult& result) {
  for (const auto& [file_key, version] : versions) drawings_.set_version(file_key, version);
  co_await read_components(file_keys());
  design::AssetList list = choose();
  components_.clear();
  for (const design::Finding& finding : list.findings) {
    if (finding.kind == design::Finding::Kind::kWarning) {
      context_.progress->warning(context_.name, finding.message);
    } else {
      result.failures.push_back(
          {finding.component, finding.file_key, Error(ErrorCode::kUnsafe, finding.message)});
    }
  }
  web::IconOptions icon_options;
  icon_options.output_directory = entry_.output_directory.value_or("");
  icon_options.svg_directory = entry_.svg_directory;
  icon_options.generate_react_components = entry_.generate_react_components;
  icon_options.icon_size = entry_.icon_size;
  icons_ = std::make_shared<web::IconExport>(std::move(list.assets), icon_options);
  engine_.conversions().announce(icons_->recipe());
}

async::awaitable<void> WebIconsExport::prepare() {
  std::vector<design::NodeSource> nodes;
  for (const design::Asset& asset : icons_->assets()) {
    nodes.push_back(asset.light);
    if (asset.dark) nodes.push_back(*asset.dark);
  }
  if (options_.granular) co_await drawings_.identify(nodes);
  co_await drawings_.prepare(std::move(nodes));
}

async::awaitable<void> WebIconsExport::produce(Publication& publication, KindResult& result) {
  context_.progress->job_advanced(context_.name, "downloading", 0, icons_->assets().size());
  // A few more than there are slots, so that slots never wait for a conversion.
  std::size_t width = static_cast<std::size_t>(engine_.download_slots()) + 64;
  std::function<async::awaitable<void>(std::size_t)> body = [&](std::size_t index) {
    return convert(index, publication, result);
  };
  co_await async::for_each(icons_->assets().size(), width, std::move(body));
  if (!result.failures.empty()) co_return;
  co_await publication.stage(icons_->render_index());
  result.exported = icons_->assets().size();
  add_pictures(result);
}

async::awaitable<void> WebIconsExport::convert(std::size_t index, Publication& publication,
                                               KindResult& result) {
  const design::Asset& asset = icons_->assets()[index];
  std::string name = fmt::format("component '{}'", asset.original_name);
  try {
    Blob light = co_await drawings_.get(asset.light, name);
    std::optional<Blob> dark;
    if (asset.dark) dark = co_await drawings_.get(*asset.dark, name + " (dark)");
    std::function<Conversions::Files()> render = [icons = icons_, index, light, dark] {
      return files_of(*icons, index, light, dark);
    };
    std::string recipe = icons_->recipe();
    if (engine_.conversions().are_shared(recipe)) {
      std::string key = key_of(recipe, asset, light, dark);
      Conversions::Files files = co_await engine_.conversions().get(key, std::move(render));
      render = [files = std::move(files)] { return files; };
    }
    auto work = [render = std::move(render), &publication] {
      for (auto& [path, file] : render()) {
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
  context_.progress->job_advanced(context_.name, "downloading", done_, icons_->assets().size());
}

void WebIconsExport::add_pictures(KindResult& result) const {
  for (std::size_t i = 0; i < icons_->assets().size(); ++i) {
    const design::Asset& asset = icons_->assets()[i];
    std::string dark =
        asset.dark ? (root() / icons_->svg_path(asset.dark_name).text()).string() : std::string();
    result.pictures.push_back(
        {asset.name, (root() / icons_->svg_path(asset.name).text()).string(), std::move(dark)});
  }
}

}  // namespace

std::unique_ptr<KindExport> web_icons_export(Engine& engine, const config::Config& config,
                                             std::size_t entry, JobOptions options,
                                             batch::JobContext context) {
  return std::make_unique<WebIconsExport>(engine, config, entry, std::move(options),
                                          std::move(context));
}

}  // namespace gantry::jobs
