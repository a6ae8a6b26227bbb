#include "gantry/jobs/publication.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "gantry/base/files.hpp"

namespace gantry::jobs {

namespace {

namespace fs = std::filesystem;
using OldBytes = std::map<std::string, std::string>;

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  return extension == ".svg" || extension == ".png" || extension == ".webp" || extension == ".jpg";
}

OldBytes read_pictures(const output::ChangeSet& changes, std::uint64_t most_bytes) {
  OldBytes old;
  for (const auto* paths : {&changes.changed, &changes.removed}) {
    for (const std::string& path : *paths) {
      if (!is_picture(path)) continue;
      try {
        std::string bytes = read_file(path, most_bytes);
        most_bytes -= bytes.size();
        old.emplace(path, std::move(bytes));
      } catch (const Error&) {
        // Too large for what is left, or gone: a report can do without it.
      }
    }
  }
  return old;
}

}  // namespace

async::awaitable<std::unique_ptr<Publication>> Publication::open(
    Engine& engine, std::string id, std::filesystem::path root, std::string lock_file,
    output::Mode mode, bool keep_others, batch::JobContext context) {
  std::unique_ptr<Publication> publication(new Publication(engine, root, mode, context));
  output::CommitOptions options;
  options.job = std::move(id);
  options.roots = {root};
  options.lock_file = std::move(lock_file);
  options.mode = mode;
  options.prune = !keep_others;
  options.locks = engine.root_locks();
  options.stop = engine.stop().get_token();
  auto executor = engine.executor();
  options.on_wait = [executor, context](const std::filesystem::path& waiting_for) {
    std::string text = "another run is writing to " + waiting_for.string() + ": waiting for it";
    boost::asio::post(executor, [context, text] { context.progress->warning(context.name, text); });
  };
  auto work = [options = std::move(options)]() mutable {
    return std::make_unique<output::Commit>(std::move(options));
  };
  publication->commit_ = co_await engine.publishers().run(std::move(work));
  co_return publication;
}

async::awaitable<void> Publication::stage(
    std::vector<std::pair<RelativePath, output::OutputFile>> files) {
  auto work = [this, files = std::move(files)] {
    for (const auto& [path, file] : files) commit_->stage(root_, path, file.content, file.source);
  };
  co_await engine_.workers().run(std::move(work));
}

async::awaitable<OldBytes> Publication::before(std::uint64_t most_bytes) {
  auto work = [this, most_bytes] { return read_pictures(commit_->plan(), most_bytes); };
  co_return co_await engine_.publishers().run(work);
}

async::awaitable<output::ChangeSet> Publication::finish() {
  auto work = [this] {
    return mode_ == output::Mode::kDryRun ? commit_->plan() : commit_->publish();
  };
  output::ChangeSet changes = co_await engine_.publishers().run(work);
  for (const output::ChangeSet::Kept& kept : changes.kept) {
    context_.progress->warning(context_.name, kept.path + " is kept: " + kept.reason);
  }
  co_return changes;
}

}  // namespace gantry::jobs
