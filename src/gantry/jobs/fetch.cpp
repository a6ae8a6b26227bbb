#include "gantry/jobs/fetch.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gantry/async/for_each.hpp"
#include "gantry/design/selection.hpp"
#include "gantry/jobs/drawings.hpp"
#include "gantry/jobs/publication.hpp"
#include "gantry/jobs/source_files.hpp"
#include "gantry/jobs/staging_queue.hpp"

namespace gantry::jobs {
namespace {

constexpr std::uint64_t kLargestFile = 1ULL << 30;
// One writes while the other's files are counted; a folder takes one new file at a time anyway.
constexpr int kWriters = 2;

// What is left of an asset once all are named: a third of its size.
struct Drawing {
  std::string name;
  std::string original_name;
  std::string node_id;
};

// One fetch under way: what its tasks share.
class Fetch {
 public:
  Fetch(Engine& engine, FetchOptions options, batch::JobContext context, KindResult& result)
      : engine_(engine),
        options_(std::move(options)),
        context_(std::move(context)),
        drawings_(engine, options_.render, kLargestFile, context_),
        result_(result) {}

  async::awaitable<void> run() {
    context_.progress->job_advanced(context_.name, "listing", 0, 0);
    SourceFile file = co_await read_source_file(engine_, options_.file_key, context_);
    drawings_.set_version(file.key, file.version);
    choose(file);
    // No lock file: nothing is removed.
    publication_ = co_await Publication::open(engine_, "fetch", options_.output, "", options_.mode,
                                              true, context_);
    StagingQueue::Settled settled = [this](const std::optional<Error>& failure) {
      settle("", failure);
    };
    queue_ = std::make_unique<StagingQueue>(engine_, *publication_, std::move(settled));
    auto executor = engine_.executor();
    async::TaskScope scope(executor);
    scope.spawn(download_all(scope));
    for (int writer = 0; writer < kWriters; ++writer) scope.spawn(queue_->write());
    co_await scope.join();
    context_.progress->job_advanced(context_.name, "writing", 0, 1);
    result_.changes = co_await publication_->finish();
  }

 private:
  void choose(const SourceFile& file) {
    design::Selection selection;
    selection.frame_name = options_.frame_name;
    selection.page_name = options_.page_name;
    selection.filter = options_.filter;
    design::Source source{file.key, design::select_components(*file.components, selection)};
    if (source.components.empty()) {
      throw design::nothing_selected(*file.components, selection).in("file " + file.key);
    }
    design::AssetList list = design::make_assets(source, std::nullopt, options_.names);
    for (const design::Finding& finding : list.findings) {
      if (finding.kind == design::Finding::Kind::kWarning) {
        context_.progress->warning(context_.name, finding.message);
      } else {
        result_.failures.push_back(
            {"", options_.file_key, Error(ErrorCode::kUnsafe, finding.message)});
      }
    }
    file_key_ = file.key;
    wanted_.reserve(list.assets.size());
    for (design::Asset& asset : list.assets) {
      wanted_.push_back({.name = std::move(asset.name),
                         .original_name = std::move(asset.original_name),
                         .node_id = std::move(asset.light.node_id)});
    }
  }

  async::awaitable<void> download_all(async::TaskScope& scope) {
    std::vector<design::NodeSource> nodes;
    nodes.reserve(wanted_.size());
    for (const Drawing& drawing : wanted_) nodes.push_back({file_key_, drawing.node_id});
    context_.progress->job_advanced(context_.name, "downloading", 0, wanted_.size());
    co_await drawings_.prepare(std::move(nodes));
    scope.spawn(drawings_.ask_in_turn());
    std::size_t width = static_cast<std::size_t>(engine_.download_slots()) + 16;
    std::function<async::awaitable<void>(std::size_t)> body = [this](std::size_t index) {
      return download(index);
    };
    co_await async::for_each(wanted_.size(), width, std::move(body));
    queue_->close();
  }

  async::awaitable<void> download(std::size_t index) {
    const Drawing& drawing = wanted_[index];
    design::NodeSource node{file_key_, drawing.node_id};
    StagingQueue::File file;
    std::optional<Error> failure;
    try {
      file.content =
          co_await drawings_.get(node, fmt::format("component '{}'", drawing.original_name));
    } catch (const Error& error) {
      failure = error;
    }
    if (failure) {
      settle(drawing.original_name, failure);
      co_return;
    }
    file.path = fmt::format("{}.{}", drawing.name, to_string(options_.render.format));
    file.source = node.text();
    co_await queue_->put(std::move(file));
  }

  // Counts what has become of a file. A failure that concerns all is thrown.
  void settle(const std::string& component, const std::optional<Error>& failure) {
    if (failure) {
      bool concerns_all = failure->scope() == Scope::kRun ||
                          failure->code() == ErrorCode::kCancelled ||
                          failure->code() == ErrorCode::kNoSpace || options_.fail_fast;
      if (concerns_all) throw *failure;
      result_.failures.push_back({component, file_key_, *failure});
    } else {
      ++result_.exported;
    }
    ++done_;
    context_.progress->job_advanced(context_.name, "downloading", done_, wanted_.size());
  }

  Engine& engine_;
  FetchOptions options_;
  batch::JobContext context_;
  Drawings drawings_;
  KindResult& result_;
  std::string file_key_;
  std::vector<Drawing> wanted_;
  std::unique_ptr<Publication> publication_;
  std::unique_ptr<StagingQueue> queue_;
  std::size_t done_ = 0;
};

}  // namespace

async::awaitable<JobResult> run_fetch(Engine& engine, FetchOptions options,
                                      batch::JobContext context) {
  JobResult result;
  result.name = context.name;
  result.path = options.output.string();
  async::TimePoint started = engine.clock().now();
  context.progress->job_started(context.name);
  KindResult kind;
  kind.kind = "files";
  try {
    Fetch fetch(engine, std::move(options), context, kind);
    co_await fetch.run();
  } catch (...) {
    result.error = current_error();
  }
  result.kinds.push_back(std::move(kind));
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(engine.clock().now() - started);
  context.progress->job_finished(context.name, result.succeeded(), result.outcome());
  co_return result;
}

}  // namespace gantry::jobs
