#include "gantry/store/blob_store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include <SQLiteCpp/Exception.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"
#include "gantry/store/blob_database.hpp"
#include "gantry/store/blob_files.hpp"

namespace gantry::store {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLargestInDatabase = 262'144;
// A transaction costs as much as twenty small bodies: wait a little for company. A reader finds
// what is queued, so nobody waits for this.
constexpr auto kGatherTime = std::chrono::milliseconds(20);
constexpr std::size_t kGatherBytes = std::size_t{2} << 20;
// A body that is used is marked so once in each opening of the store, and again after this many
// writes of anybody, so that reading does not turn into writing.
constexpr std::int64_t kUsesUntilTouch = 1'000;

// Records that contains_many() looks up in one transaction.
constexpr std::size_t kRecordsAtOnce = 256;

struct Operation {
  enum Kind { kPut, kTouch, kDrop } kind;
  std::string key;
  Blob blob;
  std::int64_t id = 0;         // of the body to drop
  std::uint64_t sequence = 0;  // of the put

  // What it holds in memory while it waits.
  std::size_t weight() const {
    return 256 + key.size() + (blob.in_memory() ? static_cast<std::size_t>(blob.size()) : 0);
  }
};

// Held (shared) while the store is in use, so that a damaged database is not taken away from a
// process that has it open.
class UseLock {
 public:
  explicit UseLock(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) throw system_error("cannot open " + path.string(), errno);
    share();
  }
  ~UseLock() { ::close(descriptor_); }
  UseLock(const UseLock&) = delete;
  UseLock& operator=(const UseLock&) = delete;

  void share() { ::flock(descriptor_, LOCK_SH); }
  // False if another process uses the store.
  bool is_alone() { return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int descriptor_;
};

bool is_damage(const SQLite::Exception& error) {
  int code = error.getErrorCode() & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

}  // namespace

class BlobStore::Impl {
 public:
  Impl(fs::path folder, BlobStoreOptions options) : folder_(std::move(folder)), options_(options) {}
  ~Impl();

  void open() noexcept;
  std::vector<std::optional<Blob>> get_many(const std::vector<std::string>& keys);
  std::vector<bool> contains_many(const std::vector<std::string>& keys);
  void put(const std::string& key, Blob blob);
  bool offer(const std::string& key, const Blob& blob);
  void flush();
  Stats stats() const;
  std::string warning() const;
  void count_dropped() { dropped_ += 1; }

 private:
  fs::path database_path() const { return folder_ / "blobs.sqlite"; }
  // A store whose database turned out to be damaged while it was open is made anew at the next.
  fs::path damage_mark() const { return folder_ / "damaged"; }
  void open_database();
  void set_aside(const std::string& reason);
  void warn(const std::string& text);
  void degrade(const std::string& reason) noexcept;
  void note_damage(const SQLite::Exception& error) noexcept;

  std::vector<std::optional<StoredBlob>> find(const std::vector<std::string>& keys);
  std::optional<Blob> verified(StoredBlob& stored);
  bool is_refused(const Blob& blob);
  void enqueue(Operation operation);                    // with mutex_ held
  void enqueue_put(const std::string& key, Blob blob);  // likewise
  void run_writer();
  void write(const std::vector<Operation>& batch) noexcept;
  void write_batch(const std::vector<Operation>& batch);
  std::size_t gather_bytes() const { return std::min(kGatherBytes, options_.max_queued_bytes); }
  void finish(const std::vector<Operation>& batch, std::size_t weight);

  const fs::path folder_;
  const BlobStoreOptions options_;
  std::unique_ptr<UseLock> use_lock_;
  std::unique_ptr<BlobFiles> files_;

  std::mutex reader_mutex_;
  std::unique_ptr<BlobReader> reader_;
  std::unique_ptr<BlobWriter> writer_;  // of the writer thread
  std::int64_t opened_at_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_writer_;
  std::condition_variable written_;
  std::vector<Operation> queue_;
  std::size_t weight_ = 0;  // of all operations that are not written yet
  std::unordered_map<std::string, std::pair<std::uint64_t, Blob>> pending_;
  std::uint64_t enqueued_ = 0;
  std::uint64_t done_ = 0;
  int flushing_ = 0;
  bool stopping_ = false;
  std::string warning_;
  std::thread writer_thread_;

  std::atomic<bool> degraded_ = false;
  std::atomic<std::int64_t> last_use_ = 0;
  std::atomic<std::uint64_t> hits_ = 0;
  std::atomic<std::uint64_t> misses_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> evicted_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
};

void BlobStore::Impl::open() noexcept {
  try {
    std::error_code error;
    bool created = fs::create_directories(folder_, error);
    if (created && !error) fs::permissions(folder_, fs::perms::owner_all, error);
    if (error) throw system_error("cannot create the folder " + folder_.string(), error.value());
    FileLock opening = FileLock::acquire(folder_);
    use_lock_ = std::make_unique<UseLock>(folder_ / "in-use");
    files_ = std::make_unique<BlobFiles>(folder_);
    if (fs::exists(damage_mark())) set_aside("it was found damaged");
    try {
      open_database();
    } catch (const UnknownSchema& unknown) {
      set_aside(unknown.what());
      open_database();
    } catch (const SQLite::Exception& error_of_database) {
      if (!is_damage(error_of_database)) throw;
      set_aside(error_of_database.what());
      open_database();
    }
  } catch (const std::exception& error) {
    degrade(error.what());
  }
}

void BlobStore::Impl::open_database() {
  prepare_blob_database(database_path());
  reader_ = std::make_unique<BlobReader>(database_path());
  bytes_ = reader_->total_bytes();
  opened_at_ = reader_->last_use() + 1;
  last_use_ = opened_at_;
}

void BlobStore::Impl::set_aside(const std::string& reason) {
  if (!use_lock_->is_alone()) {
    throw Error(ErrorCode::kIo, reason + ", and another run is using it");
  }
  reader_.reset();
  // One is enough to look at; a store that is damaged again and again shall not fill the disk.
  int number = 1;
  std::string prefix = database_path().filename().string() + ".corrupt-";
  std::vector<fs::path> older;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    number = std::max(number, std::atoi(name.c_str() + prefix.size()) + 1);
    older.push_back(entry.path());
  }
  std::error_code ignored;
  for (const fs::path& path : older) fs::remove_all(path, ignored);
  fs::path aside = folder_ / (prefix + std::to_string(number));
  fs::rename(database_path(), aside, ignored);
  for (const char* suffix : {"-wal", "-shm"}) {
    fs::rename(database_path().string() + suffix, aside.string() + suffix, ignored);
  }
  files_->remove_all();
  fs::remove(damage_mark(), ignored);
  use_lock_->share();
  warn("the store of downloads " + database_path().string() + " was made anew (" + reason +
       "); the old one is " + aside.string());
}

void BlobStore::Impl::warn(const std::string& text) {
  std::lock_guard lock(mutex_);
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
  if (!is_damage(error)) return;
  int mark = ::open(damage_mark().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (mark >= 0) ::close(mark);
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
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < some.size(); ++i) {
      held[begin + i] = found[i].has_value() || pending_.contains(some[i]);
    }
  }
  return held;
}

std::vector<std::optional<Blob>> BlobStore::Impl::get_many(const std::vector<std::string>& keys) {
  std::vector<std::optional<Blob>> blobs(keys.size());
  std::vector<std::string> wanted;
  std::vector<std::size_t> places;
  {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (auto pending = pending_.find(keys[i]); pending != pending_.end()) {
        blobs[i] = pending->second.second;
      } else {
        wanted.push_back(keys[i]);
        places.push_back(i);
      }
    }
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
    } else if (used_at < opened_at_ || used_at + kUsesUntilTouch < last_use_) {
      notes.push_back({.kind = Operation::kTouch, .key = wanted[i], .blob = {}});
    }
  }
  if (!notes.empty()) {
    std::lock_guard lock(mutex_);
    for (Operation& note : notes) enqueue(std::move(note));
  }
  for (const auto& blob : blobs) ++(blob ? hits_ : misses_);
  return blobs;
}

bool BlobStore::Impl::is_refused(const Blob& blob) {
  // One body must not drive out everything else.
  bool refused = degraded_ || blob.size() > options_.max_bytes / 4;
  if (refused) count_dropped();
  return refused;
}

void BlobStore::Impl::enqueue_put(const std::string& key, Blob blob) {
  std::uint64_t sequence = enqueued_ + 1;
  pending_.insert_or_assign(key, std::pair(sequence, blob));
  enqueue({.kind = Operation::kPut, .key = key, .blob = std::move(blob), .sequence = sequence});
}

bool BlobStore::Impl::offer(const std::string& key, const Blob& blob) {
  if (is_refused(blob)) return true;
  std::unique_lock lock(mutex_);
  if (weight_ > options_.max_queued_bytes && !degraded_) return false;
  enqueue_put(key, blob);
  return true;
}

void BlobStore::Impl::put(const std::string& key, Blob blob) {
  if (is_refused(blob)) return;
  std::unique_lock lock(mutex_);
  enqueue_put(key, std::move(blob));
  written_.wait(lock, [this] { return weight_ <= options_.max_queued_bytes || degraded_; });
}

void BlobStore::Impl::enqueue(Operation operation) {
  if (!writer_thread_.joinable()) writer_thread_ = std::thread([this] { run_writer(); });
  bool was_empty = queue_.empty();
  weight_ += operation.weight();
  queue_.push_back(std::move(operation));
  ++enqueued_;
  if (was_empty || weight_ >= gather_bytes()) wake_writer_.notify_one();
}

void BlobStore::Impl::run_writer() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_writer_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    wake_writer_.wait_for(lock, kGatherTime, [this] {
      return stopping_ || flushing_ > 0 || weight_ >= gather_bytes();
    });
    auto batch = std::exchange(queue_, {});
    std::size_t weight = weight_;
    lock.unlock();
    write(batch);
    lock.lock();
    finish(batch, weight);
    written_.notify_all();
  }
}

void BlobStore::Impl::finish(const std::vector<Operation>& batch, std::size_t weight) {
  for (const Operation& operation : batch) {
    if (operation.kind != Operation::kPut) continue;
    auto pending = pending_.find(operation.key);
    if (pending != pending_.end() && pending->second.first == operation.sequence) {
      pending_.erase(pending);
    }
  }
  weight_ -= weight;
  done_ += batch.size();
}

void BlobStore::Impl::write(const std::vector<Operation>& batch) noexcept {
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

void BlobStore::Impl::write_batch(const std::vector<Operation>& batch) {
  if (!writer_) writer_ = std::make_unique<BlobWriter>(database_path(), options_.busy_timeout);
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

void BlobStore::Impl::flush() {
  std::unique_lock lock(mutex_);
  std::uint64_t target = enqueued_;
  ++flushing_;
  wake_writer_.notify_one();
  written_.wait(lock, [&] { return done_ >= target; });
  --flushing_;
}

BlobStore::Impl::~Impl() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_writer_.notify_one();
  if (writer_thread_.joinable()) writer_thread_.join();
}

BlobStore::Stats BlobStore::Impl::stats() const {
  return {
      .hits = hits_, .misses = misses_, .bytes = bytes_, .evicted = evicted_, .dropped = dropped_};
}

std::string BlobStore::Impl::warning() const {
  std::lock_guard lock(mutex_);
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
