// What gantry batch is compared with: the same configurations, one after another, and each in
// stages that wait for the one before: lists, addresses, downloads, conversions, commit.
//
// usage: gantry-bench-staged API_URL SLOTS CALLS_A_MINUTE CONFIGS, in the folder for the output,
// with the token in FIGMA_PERSONAL_TOKEN. It knows icons of light files without darkness only.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/core.h>

#include "gantry/async/for_each.hpp"
#include "gantry/config/config.hpp"
#include "gantry/config/discover.hpp"
#include "gantry/design/selection.hpp"
#include "gantry/exporters/web/icons.hpp"
#include "gantry/jobs/drawings.hpp"
#include "gantry/jobs/publication.hpp"

namespace gantry::jobs {
namespace {

namespace web = exporters::web;

constexpr std::uint64_t kLargestDrawing = 8 << 20;

class Staged {
 public:
  Staged(Engine& engine, const config::Config& config, std::string id, batch::JobContext context)
      : engine_(engine),
        config_(config),
        id_(std::move(id)),
        context_(std::move(context)),
        drawings_(engine, figma::RenderOptions(), kLargestDrawing, context_) {}

  async::awaitable<void> run() {
    co_await list();
    co_await ask();
    std::size_t count = icons_->assets().size();
    blobs_.resize(count);
    std::function<async::awaitable<void>(std::size_t)> download = [this](std::size_t index) {
      return this->download(index);
    };
    co_await async::for_each(count, static_cast<std::size_t>(engine_.download_slots()),
                             std::move(download));
    publication_ =
        co_await Publication::open(engine_, id_, output_root(config_.web->output), "gantry.lock",
                                   output::Mode::kPublish, false, context_);
    std::function<async::awaitable<void>(std::size_t)> convert = [this](std::size_t index) {
      return this->convert(index);
    };
    co_await async::for_each(count, 16, std::move(convert));
    co_await publication_->stage(icons_->render_index());
    co_await publication_->finish();
  }

 private:
  const std::string& key() const { return *config_.figma.light_file_id; }

  async::awaitable<void> list() {
    figma::FileMeta meta = co_await engine_.figma().meta(key(), context_);
    drawings_.set_version(key(), meta.version);
    figma::Components components = co_await engine_.figma().components(key(), context_);
    design::Selection selection;
    selection.frame_name = config_.common.icons.figma_frame_name;
    selection.platform = design::Platform::kWeb;
    design::Source light{key(), design::select_components(*components, selection)};
    const config::WebIcons& entry = config_.web->icons.entries.front();
    design::NameRules rules;
    rules.style = entry.name_style;
    web::IconOptions options;
    options.svg_directory = entry.svg_directory;
    options.generate_react_components = entry.generate_react_components;
    options.icon_size = entry.icon_size;
    icons_ = std::make_unique<web::IconExport>(
        design::make_assets(light, std::nullopt, rules).assets, options);
  }

  async::awaitable<void> ask() {
    std::vector<design::NodeSource> nodes;
    for (const design::Asset& asset : icons_->assets()) nodes.push_back(asset.light);
    co_await drawings_.prepare(std::move(nodes));
    async::TaskScope asking(engine_.executor());
    drawings_.ask_ahead(asking, batch::Priority::kNormal);
    co_await asking.join();
  }

  async::awaitable<void> download(std::size_t index) {
    const design::Asset& asset = icons_->assets()[index];
    blobs_[index] = co_await drawings_.get(asset.light, asset.name);
  }

  async::awaitable<void> convert(std::size_t index) {
    auto work = [this, index] {
      std::string text = blobs_[index].read(kLargestDrawing);
      for (auto& [path, file] : icons_->render(index, text, std::nullopt)) {
        publication_->commit().stage(publication_->root(), path, file.content, file.source);
      }
    };
    co_await engine_.workers().run(std::move(work));
  }

  Engine& engine_;
  const config::Config& config_;
  std::string id_;
  batch::JobContext context_;
  Drawings drawings_;
  std::unique_ptr<web::IconExport> icons_;
  std::vector<Blob> blobs_;
  std::unique_ptr<Publication> publication_;
};

async::awaitable<void> run_all(Engine& engine, const std::vector<config::Loaded>& configs) {
  for (std::size_t i = 0; i < configs.size(); ++i) {
    batch::JobContext context;
    context.name = fmt::format("job {}", i);
    context.lane = static_cast<net::Lane>(i);
    context.progress = &engine.progress();
    Staged job(engine, configs[i].config, context.name, context);
    co_await job.run();
  }
  co_await engine.flush();
}

async::awaitable<void> main_of(Engine& engine, const std::vector<config::Loaded>& configs,
                               int& exit_code) {
  try {
    co_await run_all(engine, configs);
    exit_code = 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
  }
}

int run(char** arguments) {
  EngineOptions options;
  options.api_url = arguments[1];
  options.download_slots = std::stoi(arguments[2]);
  options.rate_limit = std::stoi(arguments[3]);
  options.token = Secret(std::getenv("FIGMA_PERSONAL_TOKEN"));
  options.store = std::filesystem::path(std::getenv("HOME")) / "blobs";
  options.cache = "cache.db";
  std::vector<config::Loaded> configs;
  for (const std::filesystem::path& path : config::discover({arguments[4]})) {
    configs.push_back(config::load(path));
  }
  boost::asio::io_context loop(1);
  ProgressSink progress;
  Engine engine(loop, options, progress);
  async::TaskScope scope(loop.get_executor());
  int exit_code = 1;
  scope.spawn(main_of(engine, configs, exit_code));
  while (scope.running() > 0) loop.run_one();
  return exit_code;
}

}  // namespace
}  // namespace gantry::jobs

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: {} API_URL SLOTS CALLS_A_MINUTE CONFIGS\n", argv[0]);
    return 2;
  }
  try {
    return gantry::jobs::run(argv);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return 1;
  }
}
