#include "gantry/store/redis_store.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <hiredis/hiredis.h>

#include "gantry/async/semaphore.hpp"
#include "gantry/base/error.hpp"
#include "gantry/store/redis_connection.hpp"
#include "gantry/store/stored_time.hpp"

namespace gantry::store {
namespace {

using Answers = std::vector<std::optional<Found>>;

// Of one MGET or DEL: the server serves nobody else while it works on one.
constexpr std::size_t kKeysInCommand = 1'000;
// Of the puts that are sent before their answers are read.
constexpr std::size_t kBytesInFlight = std::size_t{1} << 20;
// Redis adds the time to its clock in milliseconds; more is as good as for ever.
constexpr auto kLongestLife = std::chrono::hours(24 * 365 * 100);

constexpr char kVersion = 1;
constexpr std::size_t kHeaderSize = 18;

void append_number(std::string& text, std::int64_t number) {
  auto bits = static_cast<std::uint64_t>(number);
  for (int i = 0; i < 8; ++i) text += static_cast<char>(bits >> (8 * i) & 0xff);
}

std::int64_t number_at(std::string_view text, std::size_t place) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    bits |= std::uint64_t{static_cast<unsigned char>(text[place + i])} << (8 * i);
  }
  return static_cast<std::int64_t>(bits);
}

std::string encoded(const Record& record) {
  std::string text;
  text.reserve(kHeaderSize + record.bytes->size());
  text += kVersion;
  text += static_cast<char>(record.kind);
  append_number(text, to_stored(record.fresh_until));
  append_number(text, to_stored(record.kept_until));
  return text += *record.bytes;
}

std::optional<Record> decoded(std::string_view text) {
  if (text.size() < kHeaderSize || text[0] != kVersion) return std::nullopt;
  if (text[1] < 0 || text[1] > static_cast<char>(Record::Kind::kAbsent)) return std::nullopt;
  Record record;
  record.kind = static_cast<Record::Kind>(text[1]);
  record.fresh_until = from_stored(number_at(text, 2));
  record.kept_until = from_stored(number_at(text, 10));
  record.bytes = std::make_shared<const std::string>(text.substr(kHeaderSize));
  return record;
}

}  // namespace

class RedisStore::Impl {
 public:
  Impl(async::any_io_executor executor, const async::Clock& clock, async::WorkerPool& pool,
       RedisStoreOptions options)
      : clock_(clock),
        pool_(pool),
        options_(std::move(options)),
        turns_(std::move(executor), std::max<std::size_t>(1, options_.connections)) {}

  async::awaitable<Answers> get_many(std::span<const std::string_view> keys);
  async::awaitable<void> put_many(std::vector<Put> puts);
  async::awaitable<void> erase_many(std::vector<std::string> keys);
  StoreStats stats() const;
  std::string warning() const { return trouble_ ? trouble_->message() : std::string(); }

 private:
  using Work = std::function<void(RedisConnection&)>;

  async::awaitable<void> run(Work work);
  void note_failure(const Error& error);

  // On the pool.
  void with_connection(const Work& work);
  std::unique_ptr<RedisConnection> take_idle();
  void keep_idle(std::unique_ptr<RedisConnection> connection);
  void read(RedisConnection& connection, std::span<const std::string_view> keys,
            async::WallTime now, Answers& found);
  void write(RedisConnection& connection, const std::vector<Put>& puts, async::WallTime now,
             std::size_t& kept);
  void add_put(RedisConnection& connection, const Put& put, async::WallTime now);
  void erase(RedisConnection& connection, const std::vector<std::string>& keys);

  const async::Clock& clock_;
  async::WorkerPool& pool_;
  const RedisStoreOptions options_;

  // Of the io thread.
  async::Semaphore turns_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t dropped_ = 0;
  std::optional<Error> trouble_;  // of the last call

  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<RedisConnection>> idle_;
};

async::awaitable<void> RedisStore::Impl::run(Work work) {
  std::uint64_t errors_before = errors_;
  try {
    async::Semaphore::Permit permit = co_await turns_.acquire();
    // With a server that hangs, callers must not wait for each other's time-outs.
    if (errors_ != errors_before && trouble_) throw *trouble_;
    auto on_pool = [this, &work] { with_connection(work); };
    co_await pool_.run(std::move(on_pool));
    trouble_.reset();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) {
      ++errors_;
      trouble_ = error;
    }
    throw;
  }
}

void RedisStore::Impl::with_connection(const Work& work) {
  if (auto connection = take_idle()) {
    try {
      work(*connection);
      return keep_idle(std::move(connection));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNetwork) throw;
      // The server may have been restarted since; every command may be repeated.
      std::lock_guard lock(idle_mutex_);
      idle_.clear();
    }
  }
  auto connection = std::make_unique<RedisConnection>(clock_, options_);
  work(*connection);
  keep_idle(std::move(connection));
}

std::unique_ptr<RedisConnection> RedisStore::Impl::take_idle() {
  std::lock_guard lock(idle_mutex_);
  if (idle_.empty()) return nullptr;
  std::unique_ptr<RedisConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void RedisStore::Impl::keep_idle(std::unique_ptr<RedisConnection> connection) {
  std::lock_guard lock(idle_mutex_);
  idle_.push_back(std::move(connection));
}

async::awaitable<Answers> RedisStore::Impl::get_many(std::span<const std::string_view> keys) {
  Answers found;
  if (keys.empty()) co_return found;
  async::WallTime now = clock_.wall_now();
  Work work = [&, keys, now](RedisConnection& connection) { read(connection, keys, now, found); };
  co_await run(std::move(work));
  for (const auto& each : found) ++(each ? hits_ : misses_);
  co_return found;
}

void RedisStore::Impl::read(RedisConnection& connection, std::span<const std::string_view> keys,
                            async::WallTime now, Answers& found) {
  found.assign(keys.size(), std::nullopt);
  std::vector<std::string> names;
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < keys.size(); begin += kKeysInCommand) {
    std::size_t count = std::min(kKeysInCommand, keys.size() - begin);
    names.clear();
    for (std::string_view key : keys.subspan(begin, count)) {
      names.push_back(options_.key_prefix + std::string(key));
    }
    words.assign({"MGET"});
    words.insert(words.end(), names.begin(), names.end());
    connection.add(words);
  }
  for (std::size_t begin = 0; begin < keys.size(); begin += kKeysInCommand) {
    std::size_t count = std::min(kKeysInCommand, keys.size() - begin);
    RedisReply reply = connection.read();
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count) {
      throw connection.unexpected(*reply);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const redisReply& element = *reply->element[i];
      if (element.type != REDIS_REPLY_STRING) continue;
      std::optional<Record> record = decoded({element.str, element.len});
      if (record && record->kept_until > now) found[begin + i] = Found{*record, "redis"};
    }
  }
}

async::awaitable<void> RedisStore::Impl::put_many(std::vector<Put> puts) {
  if (puts.empty()) co_return;
  async::WallTime now = clock_.wall_now();
  std::size_t kept = 0;
  Work work = [&, now](RedisConnection& connection) { write(connection, puts, now, kept); };
  try {
    co_await run(std::move(work));
  } catch (const Error&) {
    dropped_ += puts.size() - kept;
    throw;
  }
  dropped_ += puts.size() - kept;
}

void RedisStore::Impl::write(RedisConnection& connection, const std::vector<Put>& puts,
                             async::WallTime now, std::size_t& kept) {
  kept = 0;
  std::optional<Error> refused;
  for (std::size_t next = 0; next < puts.size();) {
    std::size_t begin = next;
    for (std::size_t bytes = 0;
         next < puts.size() && next < begin + kKeysInCommand && bytes < kBytesInFlight; ++next) {
      add_put(connection, puts[next], now);
      bytes += puts[next].key.size() + puts[next].record.bytes->size();
    }
    for (; begin < next; ++begin) {
      RedisReply reply = connection.read();
      bool done = reply->type == REDIS_REPLY_STATUS || reply->type == REDIS_REPLY_INTEGER;
      kept += done ? 1 : 0;
      if (!done && !refused) refused = connection.unexpected(*reply);
    }
  }
  if (refused) throw *refused;
}

void RedisStore::Impl::add_put(RedisConnection& connection, const Put& put, async::WallTime now) {
  std::string name = options_.key_prefix + put.key;
  std::vector<std::string_view> words;
  std::string value;
  std::string life;
  if (put.record.kept_until <= now) {
    words = {"DEL", name};
  } else {
    value = encoded(put.record);
    words = {"SET", name, value};
  }
  // From here on, not until then: the clocks of the machines may differ.
  if (put.record.kept_until > now && put.record.kept_until < now + kLongestLife) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(put.record.kept_until - now);
    life = std::to_string(left.count());
    words.insert(words.end(), {"PX", life});
  }
  connection.add(words);
}

async::awaitable<void> RedisStore::Impl::erase_many(std::vector<std::string> keys) {
  if (keys.empty()) co_return;
  Work work = [&](RedisConnection& connection) { erase(connection, keys); };
  co_await run(std::move(work));
}

void RedisStore::Impl::erase(RedisConnection& connection, const std::vector<std::string>& keys) {
  for (std::size_t begin = 0; begin < keys.size(); begin += kKeysInCommand) {
    std::vector<std::string> names;
    for (std::size_t i = begin; i < std::min(keys.size(), begin + kKeysInCommand); ++i) {
      names.push_back(options_.key_prefix + keys[i]);
    }
    std::vector<std::string_view> words = {"DEL"};
    words.insert(words.end(), names.begin(), names.end());
    connection.add(words);
    RedisReply reply = connection.read();
    if (reply->type != REDIS_REPLY_INTEGER) throw connection.unexpected(*reply);
  }
}

StoreStats RedisStore::Impl::stats() const {
  StoreStats stats;
  stats.name = "redis";
  stats.hits = hits_;
  stats.misses = misses_;
  stats.errors = errors_;
  stats.dropped = dropped_;
  return stats;
}

RedisStore::RedisStore(async::any_io_executor executor, const async::Clock& clock,
                       async::WorkerPool& pool, RedisStoreOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, pool, std::move(options))) {}
RedisStore::~RedisStore() = default;

async::awaitable<std::vector<std::optional<Found>>> RedisStore::get_many(
    std::span<const std::string_view> keys) {
  return impl_->get_many(keys);
}
async::awaitable<void> RedisStore::put_many(std::vector<Put> puts) {
  return impl_->put_many(std::move(puts));
}
async::awaitable<void> RedisStore::erase_many(std::vector<std::string> keys) {
  return impl_->erase_many(std::move(keys));
}
async::awaitable<void> RedisStore::flush() { co_return; }
std::vector<StoreStats> RedisStore::stats() const { return {impl_->stats()}; }
std::string RedisStore::warning() const { return impl_->warning(); }

}  // namespace gantry::store
