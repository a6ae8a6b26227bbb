// What it costs to read records through the stores, beside what stands behind each of them.
//   gantry-bench-store FOLDER RUNS
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <unordered_map>

#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include "gantry/store/memory_store.hpp"
#include "gantry/store/redis_store.hpp"
#include "gantry/store/sqlite_store.hpp"
#include "gantry/store/store_driver.hpp"

#include "bench/paired.hpp"
#include "testing/redis_server.hpp"

namespace gantry::bench {
namespace {

namespace fs = std::filesystem;
using store::Bytes;
using store::Store;
using store::StoreDriver;

constexpr std::size_t kRecords = 100'000;
constexpr std::size_t kValueSize = 1'500;

std::string key(std::size_t number) {
  return "component:react/" + std::to_string(number) + "@main?ref=0123456789abcdef";
}

// Batches of keys that are there, in random order, so that no cache of the processor knows them.
class Batches {
 public:
  explicit Batches(std::size_t size) : size_(size) {
    std::mt19937 random(7);
    for (std::size_t i = 0; i < std::max(size, kRecords); ++i)
      keys_.push_back(key(random() % kRecords));
    views_.assign(keys_.begin(), keys_.end());
  }
  std::span<const std::string_view> next() {
    if (begin_ + size_ > views_.size()) begin_ = 0;
    begin_ += size_;
    return std::span(views_).subspan(begin_ - size_, size_);
  }

 private:
  std::size_t size_;
  std::size_t begin_ = 0;
  std::vector<std::string> keys_;
  std::vector<std::string_view> views_;
};

void put_all(StoreDriver& driver, Store& store) {
  for (std::size_t begin = 0; begin < kRecords; begin += 1'000) {
    std::vector<store::Put> puts;
    for (std::size_t i = begin; i < begin + 1'000; ++i) {
      puts.push_back({key(i), store::record(std::string(kValueSize, 'v'))});
    }
    driver.put_many(store, std::move(puts));
  }
  driver.flush(store);
}

async::awaitable<void> read_all(Store& store, Batches& batches, benchmark::State& state) {
  for ([[maybe_unused]] auto turn : state) {
    auto found = co_await store.get_many(batches.next());
    if (!found.front()) state.SkipWithError("a record is missing");
    benchmark::DoNotOptimize(found);
  }
}

void read_with_gantry(StoreDriver& driver, Store& store, std::size_t size,
                      benchmark::State& state) {
  Batches batches(size);
  testing::run(driver.loop, read_all(store, batches, state));
}

// Calls `read(keys)`, which gives a Bytes for each key.
template <class Read>
void read_bare(std::size_t size, benchmark::State& state, Read read) {
  Batches batches(size);
  for ([[maybe_unused]] auto turn : state) {
    std::vector<Bytes> found = read(batches.next());
    if (!found.front()) state.SkipWithError("a record is missing");
    benchmark::DoNotOptimize(found);
  }
}

struct TransparentHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

class BareMap {
 public:
  BareMap() {
    for (std::size_t i = 0; i < kRecords; ++i) {
      map_.emplace(key(i), std::make_shared<const std::string>(kValueSize, 'v'));
    }
  }
  std::vector<Bytes> read(std::span<const std::string_view> keys) const {
    std::vector<Bytes> found(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto entry = map_.find(keys[i]);
      if (entry != map_.end()) found[i] = entry->second;
    }
    return found;
  }

 private:
  std::unordered_map<std::string, Bytes, TransparentHash, std::equal_to<>> map_;
};

// A table of keys and values, and one prepared statement, on the calling thread.
class BareSqlite {
 public:
  explicit BareSqlite(const fs::path& path) {
    check(sqlite3_open(path.c_str(), &database_));
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; "
        "CREATE TABLE records(key TEXT PRIMARY KEY, value BLOB); BEGIN");
    sqlite3_stmt* insert = prepare("INSERT INTO records VALUES(?, ?)");
    std::string value(kValueSize, 'v');
    for (std::size_t i = 0; i < kRecords; ++i) {
      std::string name = key(i);
      bind(insert, name);
      sqlite3_bind_blob(insert, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) check(SQLITE_ERROR);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
    select_ = prepare("SELECT value FROM records WHERE key = ?");
  }
  ~BareSqlite() {
    sqlite3_finalize(select_);
    sqlite3_close(database_);
  }
  BareSqlite(const BareSqlite&) = delete;
  BareSqlite& operator=(const BareSqlite&) = delete;

  std::vector<Bytes> read(std::span<const std::string_view> keys) {
    std::vector<Bytes> found(keys.size());
    if (keys.size() > 1) run("BEGIN");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      bind(select_, keys[i]);
      if (sqlite3_step(select_) == SQLITE_ROW) {
        found[i] = std::make_shared<const std::string>(
            static_cast<const char*>(sqlite3_column_blob(select_, 0)),
            static_cast<std::size_t>(sqlite3_column_bytes(select_, 0)));
      }
      sqlite3_reset(select_);
    }
    if (keys.size() > 1) run("COMMIT");
    return found;
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database_));
  }
  void run(const char* statement) const {
    check(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr));
  }
  sqlite3_stmt* prepare(const char* text) const {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(database_, text, -1, &statement, nullptr));
    return statement;
  }
  static void bind(sqlite3_stmt* statement, std::string_view name) {
    sqlite3_bind_text(statement, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
};

// One blocking connection and an MGET of what the Redis store has put.
class BareRedis {
 public:
  explicit BareRedis(const fs::path& socket) : context_(redisConnectUnix(socket.c_str())) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("no connection");
  }
  ~BareRedis() { redisFree(context_); }
  BareRedis(const BareRedis&) = delete;
  BareRedis& operator=(const BareRedis&) = delete;

  std::vector<Bytes> read(std::span<const std::string_view> keys) {
    std::vector<std::string> names;
    for (std::string_view name : keys) names.push_back("gantry:" + std::string(name));
    std::vector<const char*> words = {"MGET"};
    std::vector<std::size_t> lengths = {4};
    for (const std::string& name : names) {
      words.push_back(name.data());
      lengths.push_back(name.size());
    }
    auto* reply = static_cast<redisReply*>(
        redisCommandArgv(context_, static_cast<int>(words.size()), words.data(), lengths.data()));
    std::vector<Bytes> found(keys.size());
    for (std::size_t i = 0; reply != nullptr && i < reply->elements; ++i) {
      const redisReply& element = *reply->element[i];
      if (element.type == REDIS_REPLY_STRING) {
        found[i] = std::make_shared<const std::string>(element.str, element.len);
      }
    }
    freeReplyObject(reply);
    return found;
  }

 private:
  redisContext* context_;
};

template <class Bare>
void add_pairs(const std::string& name, StoreDriver& driver, Store& store, Bare& bare,
               const std::vector<std::size_t>& sizes) {
  for (std::size_t size : sizes) {
    add_pair(
        name, size,
        [&driver, &store, size](benchmark::State& state) {
          read_with_gantry(driver, store, size, state);
        },
        [&bare, size](benchmark::State& state) {
          read_bare(size, state, [&bare](auto keys) { return bare.read(keys); });
        });
  }
}

int measure(const fs::path& folder, int runs) {
  StoreDriver driver;
  store::MemoryStore memory(driver.clock, std::size_t{1} << 30);
  put_all(driver, memory);
  BareMap map;
  add_pairs("memory / unordered_map", driver, memory, map, {1, 100, 100'000});

  store::SqliteStoreOptions large{.max_bytes = 1ULL << 30};
  auto sqlite = store::SqliteStore::open(driver.loop.get_executor(), driver.clock, driver.pool,
                                         folder / "gantry.sqlite", large);
  put_all(driver, *sqlite);
  BareSqlite bare_sqlite(folder / "bare.sqlite");
  add_pairs("sqlite / prepared SELECT", driver, *sqlite, bare_sqlite, {1, 100, 1'000});

  std::optional<testing::RedisServer> server;
  std::optional<store::RedisStore> redis;
  std::optional<BareRedis> bare_redis;
  if (testing::RedisServer::is_installed()) {
    server.emplace(folder);
    store::RedisStoreOptions options;
    options.socket = server->socket();
    redis.emplace(driver.loop.get_executor(), driver.clock, driver.pool, options);
    put_all(driver, *redis);
    bare_redis.emplace(server->socket());
    add_pairs("redis / hiredis MGET", driver, *redis, *bare_redis, {1, 100, 1'000});
  } else {
    std::puts("redis-server is not installed: the Redis store is not measured");
  }
  return run_pairs(runs) ? 0 : 1;
}

}  // namespace
}  // namespace gantry::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: gantry-bench-store FOLDER RUNS\n", stderr);
    return 2;
  }
  try {
    return gantry::bench::measure(argv[1], std::atoi(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gantry-bench-store: %s\n", error.what());
    return 1;
  }
}
