#include "gantry/jobs/entry_export.hpp"

#include <algorithm>
#include <utility>

#include "gantry/async/for_each.hpp"
#include "gantry/output/written_files.hpp"

namespace gantry::jobs {
namespace {

// Of the files as they stand; nothing if one is not as it is listed.
std::optional<Digest> stamp_now(const std::string& lock_file, const std::string& id) {
  std::filesystem::path path(lock_file);
  return output::stamp_of(output::LockFile::read(path), id, path.parent_path());
}

bool are_as_left(const std::string& lock_file, const std::string& id, const Digest& stamp) {
  std::filesystem::path path(lock_file);
  output::LockFile lock = output::LockFile::read(path);
  return output::stamp_of(lock, id, path.parent_path()) == stamp ||
         output::are_intact(lock, id, path.parent_path());
}

}  // namespace

EntryExport::EntryExport(Engine& engine, std::unique_ptr<KindExport> kind, std::string id,
                         Digest made_by, JobOptions options, batch::JobContext context)
    : engine_(engine),
      kind_(std::move(kind)),
      id_(std::move(id)),
      made_by_(made_by),
      options_(std::move(options)),
      context_(std::move(context)) {
  result_.kind = kind_->kind();
}

// A version that cannot be had is no reason to fail: then nothing of the file is kept for the next
// run.
async::awaitable<void> EntryExport::read_version(std::string file_key) {
  std::string& version = versions_[file_key];
  try {
    figma::FileMeta meta = co_await engine_.figma().meta(file_key, context_);
    version = meta.version;
  } catch (const Error& error) {
    bool is_about_all = error.scope() == Scope::kRun || error.code() == ErrorCode::kCancelled ||
                        error.code() == ErrorCode::kNotFound;
    if (is_about_all) throw;
    context_.progress->warning(context_.name, "the version of file " + file_key +
                                                  " is unknown, so nothing of it is kept for the "
                                                  "next run: " +
                                                  error.message());
  }
}

async::awaitable<void> EntryExport::plan() {
  std::vector<std::string> keys = kind_->file_keys();
  std::function<async::awaitable<void>(std::size_t)> body = [&](std::size_t index) {
    return read_version(keys[index]);
  };
  co_await async::for_each(keys.size(), keys.size(), std::move(body));
  bool is_up_to_date = co_await this->is_up_to_date();
  if (is_up_to_date) co_return;
  co_await kind_->list(versions_, result_);
}

async::awaitable<bool> EntryExport::is_up_to_date() {
  bool may_be_known = engine_.cache() != nullptr && !options_.filter && !options_.force;
  if (!may_be_known) co_return false;
  std::optional<ExportState> state = co_await find_export_state(*engine_.cache(), id_);
  if (!state || state->made_by != made_by_ || state->versions != versions_) co_return false;
  auto work = [lock_file = options_.lock_file, id = id_, stamp = state->stamp] {
    return are_as_left(lock_file, id, stamp);
  };
  result_.skipped = co_await engine_.workers().run(std::move(work));
  if (result_.skipped) result_.exported = state->exported;
  co_return result_.skipped;
}

async::awaitable<void> EntryExport::produce() {
  publication_ = co_await Publication::open(engine_, id_, kind_->root(), options_.lock_file,
                                            options_.mode, options_.filter.has_value(), context_);
  co_await kind_->produce(*publication_, result_);
}

async::awaitable<void> EntryExport::publish() {
  auto publication = std::move(publication_);
  if (!result_.failures.empty()) co_return;
  if (options_.keep_before > 0) result_.before = co_await publication->before(options_.keep_before);
  result_.changes = co_await publication->finish();
  co_await remember();
}

async::awaitable<void> EntryExport::remember() {
  bool is_whole = options_.mode == output::Mode::kPublish && !options_.filter;
  bool knows_versions = std::none_of(versions_.begin(), versions_.end(),
                                     [](const auto& file) { return file.second.empty(); });
  if (engine_.cache() == nullptr || !is_whole || !knows_versions) co_return;
  auto work = [lock_file = options_.lock_file, id = id_] { return stamp_now(lock_file, id); };
  std::optional<Digest> stamp = co_await engine_.workers().run(std::move(work));
  if (!stamp) co_return;
  ExportState state{made_by_, versions_, result_.exported, *stamp};
  co_await keep_export_state(*engine_.cache(), id_, std::move(state));
}

}  // namespace gantry::jobs
