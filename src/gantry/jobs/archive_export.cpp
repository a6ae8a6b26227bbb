#include "gantry/jobs/archive_export.hpp"

#include <deque>
#include <memory>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "gantry/async/event.hpp"
#include "gantry/jobs/archive_records.hpp"
#include "gantry/jobs/archive_sink.hpp"
#include "gantry/jobs/place_queue.hpp"
#include "gantry/jobs/publication.hpp"

namespace gantry::jobs {
namespace fs = std::filesystem;
namespace {

using archive::Absence;
using Kind = ArchiveFinding::Kind;

// A folder for what is only wanted during the export, where the output will be.
class ScratchFolder {
 public:
  ScratchFolder(output::RootLocks& locks, const fs::path& root)
      : lock_(locks.acquire(root)), path_(lock_->make_staging_folder()) {}
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  std::shared_ptr<output::RootLock> lock_;
  fs::path path_;
};

// An entity whose place is settled, on its way.
struct Slot {
  explicit Slot(const async::any_io_executor& executor) : done(executor) {}
  std::optional<ArchiveRecord> record;
  async::Event done;
};

std::uint64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::string timestamp(async::WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::time_point_cast<std::chrono::seconds>(time)));
}

class ArchiveExport {
 public:
  ArchiveExport(Engine& engine, ArchiveJob job, batch::JobContext context, ArchiveResult& result)
      : engine_(engine), job_(std::move(job)), context_(std::move(context)), result_(result) {}

  async::awaitable<void> run() {
    context_.progress->job_advanced(context_.name, "downloading", 0, 1);
    publication_ = co_await Publication::open(engine_, "archive", job_.folder, "",
                                              output::Mode::kPublish, true, context_);
    auto prepare_work = [this] { prepare(); };
    co_await engine_.publishers().run(prepare_work);
    auto executor = engine_.executor();
    async::TaskScope scope(executor);
    scope.spawn(drive(scope));
    co_await scope.join();
    context_.progress->job_advanced(context_.name, "writing", 0, 1);
    auto publish_work = [this] { stage(); };
    co_await engine_.publishers().run(publish_work);
    output::ChangeSet changes = co_await publication_->finish();
    result_.is_unchanged = changes.up_to_date();
    result_.counts.replaced = format_->replaced();
  }

 private:
  void prepare() {
    scratch_ = std::make_unique<ScratchFolder>(*engine_.root_locks(), job_.folder);
    format_ = make_format(job_.options);
    merged_format_ = make_format(job_.options);
    sink_ = make_sink(job_.options, scratch_->path(), timestamp(engine_.clock().wall_now()));
    queue_ = std::make_unique<PlaceQueue>(scratch_->path());
    records_ = std::make_unique<ArchiveRecords>(engine_, job_.options, *format_, scratch_->path(),
                                                context_);
  }

  void stage() {
    Blob document = sink_->finish();
    sink_.reset();
    result_.bytes = document.size();
    result_.digest = document.digest();
    RelativePath name(job_.options.file_name(job_.root.text()));
    result_.path = job_.folder / name.text();
    publication_->commit().stage(publication_->root(), name, document);
  }

  async::awaitable<void> drive(async::TaskScope& scope) {
    std::vector<archive::Place> places(1);
    places.front().path.push_back(job_.root);
    seen_.insert(job_.root);
    std::uint64_t done = 0;
    while (true) {
      for (archive::Place& place : places) {
        window_.push_back(std::make_shared<Slot>(engine_.executor()));
        scope.spawn(fill(window_.back(), std::move(place)));
      }
      if (window_.empty()) co_return;
      std::shared_ptr<Slot> first = window_.front();
      co_await first->done.wait();
      std::vector<ArchiveRecord> ready = take_ready();
      for (const ArchiveRecord& record : ready) judge(record);
      std::size_t room = job_.options.entities_ahead - window_.size();
      auto work = [this, &ready, room] { return emit(ready, room); };
      places = co_await engine_.workers().run(work);
      done += ready.size();
      context_.progress->job_advanced(context_.name, "downloading", done, 1 + queue_->pushed());
    }
  }

  async::awaitable<void> fill(std::shared_ptr<Slot> slot, archive::Place place) {
    ArchiveRecord record = co_await records_->fetch(std::move(place));
    slot->record = std::move(record);
    slot->done.set();
  }

  // Those at the front of the window that have come.
  std::vector<ArchiveRecord> take_ready() {
    std::vector<ArchiveRecord> ready;
    while (!window_.empty() && window_.front()->done.is_set()) {
      ready.push_back(std::move(*window_.front()->record));
      window_.pop_front();
    }
    return ready;
  }

  // Whether the export can go on.
  void judge(const ArchiveRecord& record) const {
    if (!record.absence) return;
    bool is_failed = record.absence->kind == Absence::Kind::kFailed;
    bool is_root = record.place.depth() == 0;
    if (is_root || (is_failed && job_.fail_fast)) throw *record.error;
  }

  // Puts records into the document and their children into the queue; the next places, at most
  // `room`. Runs on the pool, alone.
  std::vector<archive::Place> emit(std::vector<ArchiveRecord>& ready, std::size_t room) {
    for (ArchiveRecord& record : ready) {
      note_repetition(record);
      ChildLinks links = queue_children(record);
      sink_->add(record, links);
      count(record);
    }
    std::vector<archive::Place> places;
    while (places.size() < room) {
      auto place = queue_->pop();
      if (!place) break;
      places.push_back(std::move(*place));
    }
    return places;
  }

  // An entity that a merge has led to may stand in the document already.
  void note_repetition(ArchiveRecord& record) {
    if (record.merged_from.empty() || !record.is_open()) return;
    archive::Pi pi = record.place.pi();
    if (seen_.insert(pi).second) return;
    record.place.path.back() = record.merged_from.front();
    Absence absence{Absence::Kind::kMerged,
                    fmt::format("it was merged into {}, which has a record of its own", pi.text()),
                    std::nullopt};
    record.text.clear();
    record.text.append(merged_format_->absence(absence, record.place));
    record.absence = std::move(absence);
    record.children.clear();
  }

  ChildLinks queue_children(const ArchiveRecord& record) {
    ChildLinks links;
    links.first = 1 + queue_->pushed();
    bool goes_on = job_.options.is_recursive && record.place.depth() < job_.options.max_depth;
    if (!goes_on) return links;
    for (const archive::Pi& child : record.children) {
      if (seen_.insert(child).second) {
        queue_->push(record.place, child);
        ++links.count;
      } else {
        links.elsewhere.push_back(child);
      }
    }
    return links;
  }

  void count(const ArchiveRecord& record) {
    ArchiveCounts& counts = result_.counts;
    counts.contents_verified += record.contents_verified;
    counts.contents_taken += record.contents_taken;
    if (!record.absence) {
      ++counts.exported;
      if (record.faults.empty()) return;
      ++counts.incomplete;
      std::string list = fmt::format("{}", fmt::join(record.faults, "; "));
      find(Kind::kIncomplete, record, fmt::format("entity {}: {}", record.place.pi().text(), list));
      return;
    }
    switch (record.absence->kind) {
      case Absence::Kind::kMerged:
        ++counts.merged;
        break;
      case Absence::Kind::kFailed:
        ++counts.failed;
        find(Kind::kFailed, record, record.error->message());
        break;
      default:
        ++counts.missing;
        find(Kind::kMissing, record, record.error->message());
    }
  }

  void find(Kind kind, const ArchiveRecord& record, std::string message) {
    if (result_.findings.size() == ArchiveResult::kMostFindings) return;
    result_.findings.push_back({kind, record.place.pi(), std::move(message)});
  }

  Engine& engine_;
  ArchiveJob job_;
  batch::JobContext context_;
  ArchiveResult& result_;
  std::unique_ptr<Publication> publication_;
  std::unique_ptr<ScratchFolder> scratch_;
  std::unique_ptr<archive::DocumentFormat> format_;         // of the io thread
  std::unique_ptr<archive::DocumentFormat> merged_format_;  // of emit()
  std::unique_ptr<ArchiveSink> sink_;
  std::unique_ptr<PlaceQueue> queue_;
  std::unique_ptr<ArchiveRecords> records_;
  std::deque<std::shared_ptr<Slot>> window_;
  // Flat, so that an entity costs 20 bytes to 41, and 62 while it grows.
  boost::unordered_flat_set<archive::Pi, archive::PiHash> seen_;
};

}  // namespace

async::awaitable<ArchiveResult> export_archive(Engine& engine, ArchiveJob job,
                                               batch::JobContext context) {
  ArchiveResult result;
  result.name = job.root.text();
  async::TimePoint started = engine.clock().now();
  context.progress->job_started(context.name);
  try {
    ArchiveExport archive_export(engine, std::move(job), context, result);
    co_await archive_export.run();
  } catch (...) {
    result.error = current_error();
  }
  result.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(engine.clock().now() - started);
  result.peak_memory = peak_memory();
  std::string outcome = result.error
                            ? result.error->message().substr(0, result.error->message().find('\n'))
                            : fmt::format("{} {}", result.counts.exported,
                                          result.counts.exported == 1 ? "entity" : "entities");
  context.progress->job_finished(context.name, result.succeeded(), outcome);
  co_return result;
}

}  // namespace gantry::jobs
