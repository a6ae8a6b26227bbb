#include "gantry/store/sqlite_store.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include <boost/asio/post.hpp>

#include "gantry/async/semaphore.hpp"
#include "gantry/base/error.hpp"
#include "gantry/store/record_database.hpp"
#include "gantry/store/sqlite_file.hpp"
#include "gantry/store/write_behind.hpp"

namespace gantry::store {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kReaders = 4;
// A record that is used is marked so once in each opening of the store, and again after this many
// writes of anybody, so that reading does not turn into writing.
constexpr std::int64_t kUsesUntilTouch = 1'000;
// After a write that could not have the file, the next ones do not wait long for it, so that
// nobody who puts is held up again and again.
constexpr auto kShortBusyTimeout = std::chrono::milliseconds(50);
// SQLite takes no larger value.
constexpr std::uint64_t kLargestRecord = 500'000'000;

struct Change {
  enum Kind { kPut, kErase, kTouch, kDrop, kReopen } kind;
  std::string key{};
  Record record{};
  async::WallTime now{};            // of the call
  std::vector<std::int64_t> ids{};  // of the records to touch or to drop

  bool is_visible() const { return kind == kPut || kind == kErase; }
  std::size_t weight() const {
    std::size_t value = record.bytes ? record.bytes->size() : 0;
    return 256 + key.size() + value + ids.size() * sizeof(std::int64_t);
  }
};

// Counts one who waits for the writer.
class Waiting {
 public:
  explicit Waiting(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Waiting() { --count_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

class SqliteStore::Impl {
 public:
  Impl(async::any_io_executor executor, const async::Clock& clock, async::WorkerPool& pool,
       const fs::path& path, SqliteStoreOptions options);

  void open() noexcept;
  async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys);
  async::awaitable<void> put_many(std::vector<Put> puts);
  async::awaitable<void> erase_many(std::vector<std::string> keys);
  async::awaitable<void> wait_for_room();
  async::awaitable<void> flush();
  StoreStats stats() const;
  std::string warning() const;

 private:
  using Changes = WriteBehind<Change>;
  using Answers = std::vector<std::optional<StoredRecord>>;

  void open_database();
  void close_database();
  void set_trouble(const std::string& text);
  void note_damage(const SQLite::Exception& error) noexcept;

  Answers read(std::span<const std::string_view> keys, async::WallTime now);
  std::unique_ptr<RecordReader> take_reader();
  void note_use(const Answers& answers);

  void write(const Changes::Batch& batch) noexcept;
  void write_batch(const Changes::Batch& batch);
  void apply(const Change& change);
  void announce() const;

  const async::any_io_executor executor_;
  const async::Clock& clock_;
  async::WorkerPool& pool_;
  const SqliteStoreOptions options_;
  SqliteFile file_;

  // Of the io thread.
  async::Semaphore readers_;
  std::shared_ptr<async::Event> written_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t errors_ = 0;

  // Held (shared) by who reads; whole by the writer while it opens the file anew.
  std::shared_mutex connections_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<RecordReader>> idle_;
  std::unique_ptr<RecordWriter> writer_;  // of the writer's thread
  bool patient_ = true;                   // likewise

  mutable std::mutex warning_mutex_;
  std::string notice_;
  std::string trouble_;

  std::atomic<bool> is_open_ = false;
  std::atomic<int> waiting_ = 0;
  std::atomic<std::int64_t> opened_at_ = 0;
  std::atomic<std::int64_t> last_use_ = 0;
  std::atomic<std::uint64_t> entries_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> evicted_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  Changes changes_;  // goes first, and writes what is left with the rest
};

SqliteStore::Impl::Impl(async::any_io_executor executor, const async::Clock& clock,
                        async::WorkerPool& pool, const fs::path& path, SqliteStoreOptions options)
    : executor_(std::move(executor)),
      clock_(clock),
      pool_(pool),
      options_(options),
      file_({.database = path,
             .in_use = path.string() + ".lock",
             .damage_mark = path.string() + ".damaged",
             .what = "cache"},
            {.prepare = [this] { open_database(); }, .forget = [this] { close_database(); }}),
      readers_(executor_, kReaders),
      written_(std::make_shared<async::Event>(executor_)),
      changes_(options.max_queued_bytes,
               {.write = [this](const Changes::Batch& batch) { write(batch); },
                .written = [this] { announce(); }}) {}

void SqliteStore::Impl::open() noexcept {
  try {
    std::string notice = file_.open();
    is_open_ = true;
    std::lock_guard lock(warning_mutex_);
    notice_ = notice;
  } catch (const std::exception& error) {
    set_trouble(error.what());
  }
}

void SqliteStore::Impl::open_database() {
  prepare_record_database(file_.path());
  auto reader = std::make_unique<RecordReader>(file_.path(), options_.busy_timeout);
  RecordTotals totals = reader->totals();
  entries_ = totals.entries;
  bytes_ = totals.bytes;
  opened_at_ = reader->last_use() + 1;
  last_use_ = opened_at_.load();
  idle_.push_back(std::move(reader));
}

void SqliteStore::Impl::close_database() {
  idle_.clear();
  writer_.reset();
}

void SqliteStore::Impl::set_trouble(const std::string& text) {
  std::lock_guard lock(warning_mutex_);
  trouble_ = text;
}

void SqliteStore::Impl::note_damage(const SQLite::Exception& error) noexcept {
  try {
    set_trouble(error.what());
    file_.mark_damaged();
    // The writer makes it anew.
    if (is_open_.exchange(false)) changes_.add({.kind = Change::kReopen});
  } catch (const std::exception&) {
    // The next put does the same.
  }
}

async::awaitable<std::vector<std::optional<Found>>> SqliteStore::Impl::get_many(
    std::span<const std::string_view> keys) {
  async::WallTime now = clock_.wall_now();
  std::vector<std::optional<Found>> found(keys.size());
  std::vector<bool> is_queued(keys.size());
  changes_.look_up(keys, [&](std::size_t i, const Change& change) {
    is_queued[i] = true;
    if (change.kind == Change::kPut && change.record.kept_until > now) {
      found[i] = Found{change.record, "sqlite"};
    }
  });
  std::vector<std::string_view> wanted;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (is_queued[i]) continue;
    wanted.push_back(keys[i]);
    places.push_back(i);
  }
  if (!wanted.empty()) {
    Answers answers;
    try {
      async::Semaphore::Permit permit = co_await readers_.acquire();
      auto work = [this, &wanted, now] { return read(wanted, now); };
      answers = co_await pool_.run(std::move(work));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) ++errors_;
      throw;
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i] && answers[i]->record) {
        found[places[i]] = Found{*std::move(answers[i]->record), "sqlite"};
      }
    }
    note_use(answers);
  }
  for (const auto& each : found) ++(each ? hits_ : misses_);
  co_return found;
}

SqliteStore::Impl::Answers SqliteStore::Impl::read(std::span<const std::string_view> keys,
                                                   async::WallTime now) {
  std::shared_lock lock(connections_);
  try {
    if (!is_open_) throw Error(ErrorCode::kIo, warning());
    std::unique_ptr<RecordReader> reader = take_reader();
    Answers answers = reader->find_many(keys, now);
    std::lock_guard idle_lock(idle_mutex_);
    idle_.push_back(std::move(reader));
    return answers;
  } catch (const SQLite::Exception& error) {
    if (is_damage(error)) note_damage(error);
    throw Error(ErrorCode::kIo,
                "cannot read the cache " + file_.path().string() + ": " + error.what());
  }
}

std::unique_ptr<RecordReader> SqliteStore::Impl::take_reader() {
  {
    std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<RecordReader> reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return std::make_unique<RecordReader>(file_.path(), options_.busy_timeout);
}

void SqliteStore::Impl::note_use(const Answers& answers) {
  Change touch{.kind = Change::kTouch};
  Change drop{.kind = Change::kDrop};
  for (const auto& answer : answers) {
    if (!answer) continue;
    if (!answer->record) {
      drop.ids.push_back(answer->id);
    } else if (answer->used < opened_at_ || answer->used + kUsesUntilTouch < last_use_) {
      touch.ids.push_back(answer->id);
    }
  }
  if (!touch.ids.empty()) changes_.add(std::move(touch));
  if (!drop.ids.empty()) changes_.add(std::move(drop));
}

async::awaitable<void> SqliteStore::Impl::put_many(std::vector<Put> puts) {
  async::WallTime now = clock_.wall_now();
  std::vector<Change> changes;
  changes.reserve(puts.size());
  for (Put& put : puts) {
    std::uint64_t size = put.key.size() + put.record.bytes->size();
    if (size > std::min(options_.max_bytes / 4, kLargestRecord)) {
      // One record must not drive out everything else; what it would have replaced goes all the
      // same.
      ++dropped_;
      changes.push_back({.kind = Change::kErase, .key = std::move(put.key)});
      continue;
    }
    changes.push_back({.kind = Change::kPut,
                       .key = std::move(put.key),
                       .record = std::move(put.record),
                       .now = now});
  }
  changes_.add_all(std::move(changes));
  co_await wait_for_room();
}

async::awaitable<void> SqliteStore::Impl::erase_many(std::vector<std::string> keys) {
  std::vector<Change> changes;
  changes.reserve(keys.size());
  for (std::string& key : keys) {
    changes.push_back({.kind = Change::kErase, .key = std::move(key)});
  }
  changes_.add_all(std::move(changes));
  co_await wait_for_room();
}

// Who waits is counted before the queue is asked, and the writer asks for the count after it has
// written: nobody is missed.
async::awaitable<void> SqliteStore::Impl::wait_for_room() {
  if (!changes_.is_full()) co_return;
  Waiting waiting(waiting_);
  while (changes_.is_full()) co_await written_->wait();
}

async::awaitable<void> SqliteStore::Impl::flush() {
  std::uint64_t position = changes_.hurry();
  Waiting waiting(waiting_);
  while (!changes_.is_written(position)) co_await written_->wait();
}

void SqliteStore::Impl::announce() const {
  if (waiting_ == 0) return;
  boost::asio::post(executor_, [waiters = std::weak_ptr(written_)] {
    if (auto event = waiters.lock()) event->notify();
  });
}

void SqliteStore::Impl::write(const Changes::Batch& batch) noexcept {
  try {
    if (!is_open_) {
      std::unique_lock lock(connections_);
      close_database();
      open();
    }
    if (is_open_) {
      write_batch(batch);
      patient_ = true;
      set_trouble("");
      return;
    }
  } catch (const SQLite::Exception& error) {
    patient_ = false;
    if (is_damage(error)) note_damage(error);
    set_trouble(error.what());
  } catch (const std::exception& error) {
    set_trouble(error.what());
  }
  if (writer_) writer_->roll_back();
  for (const Change& change : batch) {
    if (change.kind == Change::kPut) ++dropped_;
  }
}

void SqliteStore::Impl::write_batch(const Changes::Batch& batch) {
  if (!writer_) writer_ = std::make_unique<RecordWriter>(file_.path());
  last_use_ = writer_->begin(patient_ ? options_.busy_timeout : kShortBusyTimeout);
  async::WallTime now{};
  for (const Change& change : batch) {
    now = std::max(now, change.now);
    apply(change);
  }
  writer_->drop_expired(now);
  std::uint64_t evicted = 0;
  if (writer_->totals().bytes > options_.max_bytes) {
    // Somewhat below the limit, so that not every later write has to evict.
    evicted = writer_->evict_to(options_.max_bytes / 10 * 9);
  }
  RecordTotals totals = writer_->totals();
  writer_->commit();
  entries_ = totals.entries;
  bytes_ = totals.bytes;
  evicted_ += evicted;
}

void SqliteStore::Impl::apply(const Change& change) {
  switch (change.kind) {
    case Change::kPut:
      writer_->put(change.key, change.record, change.now);
      break;
    case Change::kErase:
      writer_->erase(change.key);
      break;
    case Change::kTouch:
      for (std::int64_t id : change.ids) writer_->touch(id);
      break;
    case Change::kDrop:
      for (std::int64_t id : change.ids) writer_->drop(id);
      break;
    case Change::kReopen:
      break;
  }
}

StoreStats SqliteStore::Impl::stats() const {
  StoreStats stats;
  stats.name = "sqlite";
  stats.hits = hits_;
  stats.misses = misses_;
  stats.errors = errors_;
  stats.evicted = evicted_;
  stats.dropped = dropped_;
  stats.entries = entries_;
  stats.bytes = bytes_;
  stats.queued_bytes = changes_.queued_bytes();
  return stats;
}

std::string SqliteStore::Impl::warning() const {
  std::lock_guard lock(warning_mutex_);
  if (trouble_.empty()) return notice_;
  std::string trouble = "the cache " + file_.path().string() + " cannot be used: " + trouble_;
  return notice_.empty() ? trouble : notice_ + "; " + trouble;
}

std::unique_ptr<SqliteStore> SqliteStore::open(async::any_io_executor executor,
                                               const async::Clock& clock, async::WorkerPool& pool,
                                               const fs::path& path, SqliteStoreOptions options) {
  auto impl = std::make_unique<Impl>(std::move(executor), clock, pool, fs::absolute(path), options);
  impl->open();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

async::awaitable<std::vector<std::optional<Found>>> SqliteStore::get_many(
    std::span<const std::string_view> keys) {
  return impl_->get_many(keys);
}
async::awaitable<void> SqliteStore::put_many(std::vector<Put> puts) {
  return impl_->put_many(std::move(puts));
}
async::awaitable<void> SqliteStore::erase_many(std::vector<std::string> keys) {
  return impl_->erase_many(std::move(keys));
}
async::awaitable<void> SqliteStore::flush() { return impl_->flush(); }
std::vector<StoreStats> SqliteStore::stats() const { return {impl_->stats()}; }
std::string SqliteStore::warning() const { return impl_->warning(); }

}  // namespace gantry::store
