#include "gantry/store/blob_store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include <SQLiteCpp/Exception.h>

#include "gantry/base/error.hpp"
#include "gantry/store/blob_database.hpp"
#include "gantry/store/blob_files.hpp"
#include "gantry/store/sqlite_file.hpp"
#include "gantry/store/write_behind.hpp"

namespace gantry::store {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLargestInDatabase = 262'144;
// A body that is used is marked so once in each opening of the store, and again after this many
// writes of anybody, so that reading does not turn into writing.
constexpr std::int64_t kUsesUntilBlobIsTouched = 1'000;

// Records that contains_many() looks up in one transaction.
constexpr std::size_t kRecordsAtOnce = 256;

struct Operation {
  enum Kind { kPut, kTouch, kDrop } kind;
  std::string key;
  Blob blob;
  std::int64_t id = 0;  // of the body to drop

  bool is_visible() const { return kind == kPut; }
  std::size_t weight() const {
    return 256 + key.size() + (blob.in_memory() ? static_cast<std::size_t>(blob.size()) : 0);
  }
};

}  // namespace

class BlobStore::Impl {
 public:
  Impl(fs::path folder, BlobStoreOptions options);

  void open() noexcept;
  std::vector<std::optional<Blob>> get_many(const std::vector<std::string>& keys);
  std::vector<bool> contains_many(const std::vector<std::string>& keys);
  void put(const std::string& key, Blob blob);
  bool offer(const std::string& key, const Blob& blob);
  void flush() { changes_.flush(); }
  Stats stats() const;
  std::string warning() const;
  void count_dropped() { dropped_ += 1; }

 private:
  using Changes = WriteBehind<Operation>;

  void open_database();
  void forget_database();
  void warn(const std::string& text);
  void degrade(const std::string& reason) noexcept;
  void note_damage(const SQLite::Exception& error) noexcept;

  std::vector<std::optional<StoredBlob>> find(const std::vector<std::string>& keys);
  std::optional<Blob> verified(StoredBlob& stored);
  bool is_refused(const Blob& blob);
  void write(const Changes::Batch& batch) noexcept;
  void write_batch(const Changes::Batch& batch);

  const fs::path folder_;
  const BlobStoreOptions options_;
  SqliteFile file_;
  std::unique_ptr<BlobFiles> files_;

  std::mutex reader_mutex_;
  std::unique_ptr<BlobReader> reader_;
  std::unique_ptr<BlobWriter> writer_;  // of the writer thread
  std::int64_t opened_at_ = 0;

  mutable std::mutex warning_mutex_;
  std::string warning_;

  std::atomic<bool> degraded_ = false;
  std::atomic<std::int64_t> last_use_ = 0;
  std::atomic<std::uint64_t> hits_ = 0;
  std::atomic<std::uint64_t> misses_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> evicted_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  Changes changes_;  // goes first, and writes what is left with the rest
};

BlobStore::Impl::Impl(fs::path folder, BlobStoreOptions options)
    : folder_(std::move(folder)),
      options_(options),
      file_({.database = folder_ / "blobs.sqlite",
             .in_use = folder_ / "in-use",
             .damage_mark = folder_ / "damaged",
             .what = "store of downloads"},
            {.prepare = [this] { open_database(); }, .forget = [this] { forget_database(); }}),
      changes_(options.max_queued_bytes,
               {.write = [this](const Changes::Batch& batch) { write(batch); }}) {}

void BlobStore::Impl::open() noexcept {
  try {
    std::string notice = file_.open();
    if (!notice.empty()) warn(notice);
  } catch (const std::exception& error) {
    degrade(error.what());
  }
}

void BlobStore::Impl::open_database() {
  if (!files_) files_ = std::make_unique<BlobFiles>(folder_);
  prepare_blob_database(file_.path());
  reader_ = std::make_unique<BlobReader>(file_.path());
  bytes_ = reader_->total_bytes();
  opened_at_ = reader_->last_use() + 1;
  last_use_ = opened_at_;
}

void BlobStore::Impl::forget_database() {
  reader_.reset();
  if (!files_) files_ = std::make_unique<BlobFiles>(folder_);
  files_->remove_all();
}

void BlobStore::Impl::warn(const std::string& text) {
  std::lock_guard lock(warning_mutex_);
  if (warning_.empty()) warning_ = text;
}

void BlobStore::Impl::degrade(const std::string& reason) noexcept {
  if (degraded_.exchange(true)) return;
  try {
    warn("the store of downloads " + folder_.string() + " is not used: " + reason);
  } catch (const std::exception&) {
    // Without memory for a warning there is none.
  }
}

void BlobStore::Impl::note_damage(const SQLite::Exception& error) noexcept {
  degrade(error.what());
  if (is_damage(error)) file_.mark_damaged();
}

std::vector<std::optional<StoredBlob>> BlobStore::Impl::find(const std::vector<std::string>& keys) {
  std::vector<std::optional<StoredBlob>> found(keys.size());
  if (keys.empty() || degraded_) return found;
  std::lock_guard lock(reader_mutex_);
  try {
    if (keys.size() > 1) reader_->begin();
    for (std::size_t i = 0; i < keys.size(); ++i) found[i] = reader_->find(keys[i]);
    if (keys.size() > 1) reader_->end();
  } catch (const SQLite::Exception& error) {
    reader_->abort();
    // Anything else, such as a lock that was held for too long, may be better the next time.
    if (is_damage(error)) note_damage(error);
  }
  return found;
}

std::optional<Blob> BlobStore::Impl::verified(StoredBlob& stored) {
  if (!stored.bytes) {
    try {
      return files_->load(stored.digest, stored.size);
    } catch (const Error&) {
      return std::nullopt;  // no room for the copy
    }
  }
  Blob blob = Blob::from_bytes(*std::move(stored.bytes));
  if (blob.digest() != stored.digest) return std::nullopt;
  return blob;
}

std::vector<bool> BlobStore::Impl::contains_many(const std::vector<std::string>& keys) {
  std::vector<bool> held(keys.size());
  for (std::size_t begin = 0; begin < keys.size(); begin += kRecordsAtOnce) {
    std::size_t end = std::min(keys.size(), begin + kRecordsAtOnce);
    std::vector<std::string> some(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                                  keys.begin() + static_cast<std::ptrdiff_t>(end));
    auto found = find(some);
    for (std::size_t i = 0; i < some.size(); ++i) held[begin + i] = found[i].has_value();
    changes_.look_up(some, [&](std::size_t i, const Operation&) { held[begin + i] = true; });
  }
  return held;
}

std::vector<std::optional<Blob>> BlobStore::Impl::get_many(const std::vector<std::string>& keys) {
  std::vector<std::optional<Blob>> blobs(keys.size());
  std::vector<std::string> wanted;
  std::vector<std::size_t> places;
  changes_.look_up(keys, [&](std::size_t i, const Operation& queued) { blobs[i] = queued.blob; });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (blobs[i]) continue;
    wanted.push_back(keys[i]);
    places.push_back(i);
  }
  auto found = find(wanted);
  std::vector<Operation> notes;
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::optional<StoredBlob>& stored = found[i];
    if (!stored) continue;
    std::int64_t id = stored->id;
    std::int64_t used_at = stored->used_at;
    auto& blob = blobs[places[i]] = verified(*stored);
    if (!blob) {
      notes.push_back({.kind = Operation::kDrop, .key = wanted[i], .blob = {}, .id = id});
    } else if (used_at < opened_at_ || used_at + kUsesUntilBlobIsTouched < last_use_) {
      notes.push_back({.kind = Operation::kTouch, .key = wanted[i], .blob = {}});
    }
  }
  if (!notes.empty()) changes_.add_all(std::move(notes));
  for (const auto& blob : blobs) ++(blob ? hits_ : misses_);
  return blobs;
}

bool BlobStore::Impl::is_refused(const Blob& blob) {
  // One body must not drive out everything else.
  bool refused = degraded_ || blob.size() > options_.max_bytes / 4;
  if (refused) count_dropped();
  return refused;
}

bool BlobStore::Impl::offer(const std::string& key, const Blob& blob) {
  return is_refused(blob) || changes_.offer({.kind = Operation::kPut, .key = key, .blob = blob});
}

void BlobStore::Impl::put(const std::string& key, Blob blob) {
  if (is_refused(blob)) return;
  changes_.add({.kind = Operation::kPut, .key = key, .blob = std::move(blob)});
  changes_.wait_for_room();
}

void BlobStore::Impl::write(const Changes::Batch& batch) noexcept {
  try {
    if (!degraded_) return write_batch(batch);
  } catch (const SQLite::Exception& error) {
    note_damage(error);
  } catch (const std::exception& error) {
    degrade(error.what());
  }
  if (writer_) writer_->roll_back();
  for (const Operation& operation : batch) {
    if (operation.kind == Operation::kPut) count_dropped();
  }
}

void BlobStore::Impl::write_batch(const Changes::Batch& batch) {
  if (!writer_) writer_ = std::make_unique<BlobWriter>(file_.path(), options_.busy_timeout);
  // Copies are made before the write lock is taken. The digests are in the trash until the bodies
  // are committed, so that a process that is killed in between leaves no file that nobody counts.
  std::vector<std::shared_ptr<TemporaryFile>> copies(batch.size());
  bool any_copies = false;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].kind != Operation::kPut || batch[i].blob.size() <= kLargestInDatabase) continue;
    copies[i] = files_->copy(batch[i].blob);
    any_copies = true;
  }
  if (any_copies) {
    writer_->begin();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (copies[i]) writer_->add_to_trash(batch[i].blob.digest());
    }
    writer_->commit();
  }
  last_use_ = writer_->begin();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Operation& operation = batch[i];
    const Blob& blob = operation.blob;
    if (operation.kind == Operation::kTouch) {
      writer_->touch(operation.key);
    } else if (operation.kind == Operation::kDrop) {
      writer_->drop(operation.id);
    } else if (copies[i]) {
      files_->install(*copies[i], blob.digest());
      writer_->put(operation.key, blob.digest(), blob.size(), std::nullopt);
    } else if (blob.in_memory()) {
      writer_->put(operation.key, blob.digest(), blob.size(), blob.view());
    } else {
      writer_->put(operation.key, blob.digest(), blob.size(), blob.read(kLargestInDatabase));
    }
  }
  std::uint64_t evicted = 0;
  if (writer_->total_bytes() > options_.max_bytes) {
    // Somewhat below the limit, so that not every later write has to evict.
    evicted = writer_->evict_to(options_.max_bytes / 10 * 9);
  }
  std::uint64_t bytes = writer_->total_bytes();
  writer_->commit();
  // Only now: a file that goes before its record is gone for good would leave a record of nothing.
  if (writer_->has_trash()) {
    writer_->begin();
    writer_->sweep_trash([this](const Digest& digest) { files_->remove(digest); });
    writer_->commit();
  }
  bytes_ = bytes;
  evicted_ += evicted;
}

BlobStore::Stats BlobStore::Impl::stats() const {
  return {
      .hits = hits_, .misses = misses_, .bytes = bytes_, .evicted = evicted_, .dropped = dropped_};
}

std::string BlobStore::Impl::warning() const {
  std::lock_guard lock(warning_mutex_);
  return warning_;
}

std::unique_ptr<BlobStore> BlobStore::open(const fs::path& folder, BlobStoreOptions options) {
  auto impl = std::make_unique<Impl>(folder, options);
  impl->open();
  return std::unique_ptr<BlobStore>(new BlobStore(std::move(impl)));
}

BlobStore::BlobStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobStore::~BlobStore() = default;

std::optional<Blob> BlobStore::get(const std::string& key) {
  return std::move(impl_->get_many({key}).front());
}
std::vector<std::optional<Blob>> BlobStore::get_many(const std::vector<std::string>& keys) {
  return impl_->get_many(keys);
}
std::vector<bool> BlobStore::contains_many(const std::vector<std::string>& keys) {
  return impl_->contains_many(keys);
}
void BlobStore::put(const std::string& key, Blob blob) noexcept {
  try {
    impl_->put(key, std::move(blob));
  } catch (const std::exception&) {
    impl_->count_dropped();
  }
}
bool BlobStore::offer(const std::string& key, const Blob& blob) noexcept {
  try {
    return impl_->offer(key, blob);
  } catch (const std::exception&) {
    impl_->count_dropped();
    return true;
  }
}
void BlobStore::flush() { impl_->flush(); }
BlobStore::Stats BlobStore::stats() const { return impl_->stats(); }
std::string BlobStore::warning() const { return impl_->warning(); }

}  // namespace gantry::store
