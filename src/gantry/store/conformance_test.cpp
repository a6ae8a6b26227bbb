// What every store does, whatever is behind it.
#include <functional>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/async/for_each.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/store/memory_store.hpp"
#include "gantry/store/redis_store.hpp"
#include "gantry/store/sqlite_store.hpp"
#include "gantry/store/store_driver.hpp"
#include "gantry/store/tiered_store.hpp"

#include "testing/files.hpp"
#include "testing/redis_server.hpp"

namespace gantry::store {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// Everything that a store may stand on, and outlives it.
struct Place {
  StoreDriver driver;
  testing::TemporaryFolder folder;
  std::optional<testing::RedisServer> redis;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Store>(Place&)> open;
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

std::unique_ptr<Store> open_memory(Place& place) {
  return std::make_unique<MemoryStore>(place.driver.clock, std::size_t{64} << 20);
}

std::unique_ptr<Store> open_sqlite(Place& place) {
  StoreDriver& driver = place.driver;
  return SqliteStore::open(driver.loop.get_executor(), driver.clock, driver.pool,
                           place.folder / "cache.sqlite");
}

// With so little memory that much is found below it only.
std::unique_ptr<Store> open_tiered(Place& place) {
  std::vector<std::unique_ptr<Store>> tiers;
  tiers.push_back(std::make_unique<MemoryStore>(place.driver.clock, 100'000));
  tiers.push_back(open_sqlite(place));
  return std::make_unique<TieredStore>(place.driver.clock, std::move(tiers));
}

// Null where there is no server to be had.
std::unique_ptr<Store> open_redis(Place& place) {
  if (!testing::RedisServer::is_installed()) return nullptr;
  if (!place.redis) place.redis.emplace(place.folder.path());
  StoreDriver& driver = place.driver;
  RedisStoreOptions options;
  options.socket = place.redis->socket();
  return std::make_unique<RedisStore>(driver.loop.get_executor(), driver.clock, driver.pool,
                                      options);
}

class StoreConformance : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (!store) GTEST_SKIP() << "redis-server is not installed";
  }
  std::string get(const std::string& key) { return driver.get(*store, key); }
  void put(const std::string& key, std::string_view value) { driver.put(*store, key, value); }

  Place place;
  StoreDriver& driver = place.driver;
  std::unique_ptr<Store> store = GetParam().open(place);
};

INSTANTIATE_TEST_SUITE_P(All, StoreConformance,
                         ::testing::Values(Kind{"Memory", open_memory}, Kind{"Sqlite", open_sqlite},
                                           Kind{"Tiered", open_tiered}, Kind{"Redis", open_redis}),
                         [](const auto& info) { return info.param.name; });

// Those that keep their records when they are closed.
class PersistentStore : public StoreConformance {
 protected:
  void reopen() {
    store.reset();
    store = GetParam().open(place);
  }
};

INSTANTIATE_TEST_SUITE_P(All, PersistentStore,
                         ::testing::Values(Kind{"Sqlite", open_sqlite}, Kind{"Tiered", open_tiered},
                                           Kind{"Redis", open_redis}),
                         [](const auto& info) { return info.param.name; });

std::string number(std::size_t value) { return std::to_string(value); }

TEST_P(StoreConformance, AnswersEveryKeyInOrder) {
  put("a", "A");
  put("b", "B");
  EXPECT_THAT(driver.get_many(*store, {"b", "none", "a", "b", "none"}),
              ElementsAre("B", "(miss)", "A", "B", "(miss)"));
  EXPECT_THAT(driver.get_many(*store, {}), ElementsAre());
}

TEST_P(StoreConformance, FindsRecordsAsTheyWerePut) {
  async::WallTime now = driver.clock.wall_now();
  driver.put(*store, "k", record("words", now + 1min, now + 1h + 7ns));
  Record absent = record("no such thing", now + 10s, now + 10s);
  absent.kind = Record::Kind::kAbsent;
  driver.put(*store, "absent", absent);
  driver.put(*store, "forever", "x");
  for (int round = 0; round < 2; ++round) {
    auto found = driver.find(*store, {"k", "absent", "forever"});
    ASSERT_TRUE(found[0] && found[1] && found[2]);
    EXPECT_EQ(*found[0]->record.bytes, "words");
    EXPECT_EQ(found[0]->record.kind, Record::Kind::kValue);
    EXPECT_EQ(found[0]->record.fresh_until, now + 1min);
    EXPECT_EQ(found[0]->record.kept_until, now + 1h + 7ns);
    EXPECT_EQ(*found[1]->record.bytes, "no such thing");
    EXPECT_EQ(found[1]->record.kind, Record::Kind::kAbsent);
    EXPECT_EQ(found[2]->record.fresh_until, Record::kForever);
    EXPECT_EQ(found[2]->record.kept_until, Record::kForever);
    // The second round asks what is written, not what is queued.
    driver.flush(*store);
  }
}

TEST_P(StoreConformance, NamesTheStoreThatHadTheRecord) {
  put("k", "v");
  std::vector<std::string_view> names;
  for (const StoreStats& stats : store->stats()) names.push_back(stats.name);
  EXPECT_THAT(names, ::testing::Contains(driver.find(*store, {"k"})[0]->tier));
}

TEST_P(StoreConformance, TheLastPutOfAKeyCounts) {
  put("k", "first");
  put("k", "second");
  EXPECT_EQ(get("k"), "second");
  driver.flush(*store);
  EXPECT_EQ(get("k"), "second");
  driver.put_many(*store, {{"k", record("third")}, {"l", record("x")}, {"k", record("fourth")}});
  EXPECT_EQ(get("k"), "fourth");
  driver.flush(*store);
  EXPECT_EQ(get("k"), "fourth");
}

TEST_P(StoreConformance, KeysAndValuesMayHoldAnyBytes) {
  using namespace std::string_literals;
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  std::vector<std::string> keys = {"",        "\0"s,   "a\0b"s,      "a\0c"s,
                                   "a",       "*?[x]", "%s %b \r\n", "'; DROP TABLE records; --",
                                   every_byte};
  std::string long_key = "long " + std::string(4'000, 'k');
  keys.push_back(long_key + "1");
  keys.push_back(long_key + "2");
  std::vector<std::string> values;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    values.push_back(i == 0 ? std::string() : number(i) + every_byte);
    put(keys[i], values.back());
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(driver.get_many(*store, keys), values);
    EXPECT_EQ(get("a\0d"s), "(miss)");
    driver.flush(*store);
  }
  driver.erase(*store, {"a\0b"s});
  EXPECT_EQ(get("a\0b"s), "(miss)");
  EXPECT_EQ(get("a"), values[4]);
}

TEST_P(StoreConformance, HoldsLargeValues) {
  std::string large(1'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 97) large[i] = static_cast<char>(i * 31);
  put("large", large);
  EXPECT_TRUE(get("large") == large);
  driver.flush(*store);
  EXPECT_TRUE(get("large") == large);
}

TEST_P(StoreConformance, AnswersThousandsOfKeysInOneCall) {
  std::vector<Put> puts;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 5'000; ++i) {
    keys.push_back("key " + number(i));
    if (i % 3 != 0) puts.push_back({keys.back(), record("value " + number(i))});
  }
  driver.put_many(*store, std::move(puts));
  for (int round = 0; round < 2; ++round) {
    auto values = driver.get_many(*store, keys);
    ASSERT_EQ(values.size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(values[i], i % 3 == 0 ? "(miss)" : "value " + number(i));
    }
    driver.flush(*store);
  }
}

TEST_P(StoreConformance, ARecordIsGoneAtTheTimeUntilWhichItIsKept) {
  async::WallTime now = driver.clock.wall_now();
  driver.put(*store, "short", record("S", now + 1min, now + 2min));
  driver.put(*store, "long", record("L", now + 1min, now + 1h));
  driver.put(*store, "past", record("P", now, now));
  for (bool flushed : {false, true}) {
    if (flushed) driver.flush(*store);
    EXPECT_THAT(driver.get_many(*store, {"short", "long", "past"}),
                ElementsAre("S", "L", "(miss)"));
  }
  driver.clock.advance(90s);
  EXPECT_EQ(get("short"), "S") << "stale, and still kept";
  driver.clock.advance(30s);
  EXPECT_THAT(driver.get_many(*store, {"short", "long"}), ElementsAre("(miss)", "L"));
  driver.put(*store, "short", "again");
  EXPECT_EQ(get("short"), "again");
}

TEST_P(StoreConformance, APutThatIsPastItsTimeReplacesAllTheSame) {
  async::WallTime now = driver.clock.wall_now();
  put("k", "old");
  driver.flush(*store);
  driver.put(*store, "k", record("new", now - 1h, now - 1min));
  EXPECT_EQ(get("k"), "(miss)");
  driver.flush(*store);
  EXPECT_EQ(get("k"), "(miss)");
}

TEST_P(StoreConformance, ErasesWhatIsQueuedAndWhatIsWritten) {
  put("written", "W");
  put("kept", "K");
  driver.flush(*store);
  put("queued", "Q");
  driver.erase(*store, {"written", "queued", "unknown"});
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(driver.get_many(*store, {"written", "queued", "kept"}),
                ElementsAre("(miss)", "(miss)", "K"));
    driver.flush(*store);
  }
  put("written", "again");
  EXPECT_EQ(get("written"), "again");
}

TEST_P(StoreConformance, CountsWhatItDid) {
  auto sum = [this](std::uint64_t StoreStats::*field) {
    std::uint64_t total = 0;
    for (const StoreStats& stats : store->stats()) total += stats.*field;
    return total;
  };
  put("k", "12345");
  get("k");
  get("none");
  driver.flush(*store);
  EXPECT_EQ(sum(&StoreStats::hits), 1U);
  EXPECT_GE(sum(&StoreStats::misses), 1U);
  EXPECT_EQ(sum(&StoreStats::errors), 0U);
  EXPECT_EQ(sum(&StoreStats::dropped), 0U);
  EXPECT_EQ(sum(&StoreStats::queued_bytes), 0U);
  EXPECT_EQ(store->warning(), "");
}

TEST_P(PersistentStore, FindsEverythingWhenItIsOpenedAgain) {
  async::WallTime now = driver.clock.wall_now();
  put("replaced", "old");
  put("erased", "old");
  driver.flush(*store);
  put("k", "v");
  put("replaced", "new");
  driver.put(*store, "short", record("S", now + 1min, now + 1min));
  driver.erase(*store, {"erased"});
  reopen();
  EXPECT_THAT(driver.get_many(*store, {"k", "replaced", "erased", "short"}),
              ElementsAre("v", "new", "(miss)", "S"));
  driver.clock.advance(1min);
  EXPECT_EQ(get("short"), "(miss)");
}

async::awaitable<void> work_on_own_keys(Store& store, std::size_t task) {
  for (std::size_t step = 0; step < 10; ++step) {
    std::string own = "task " + number(task) + " step " + number(step);
    std::vector<Put> puts = {{own, record(own)}, {"shared", record(std::string(1'000, 's'))}};
    co_await store.put_many(std::move(puts));
    std::vector<std::string_view> keys = {own, "shared", own};
    std::vector<std::optional<Found>> found = co_await store.get_many(keys);
    EXPECT_EQ(shown(found[0]), own);
    EXPECT_EQ(shown(found[1]).size(), 1'000U);
    EXPECT_EQ(shown(found[2]), own);
    if (step % 3 == 0) {
      std::vector<std::string> erased = {own};
      co_await store.erase_many(std::move(erased));
      found = co_await store.get_many(keys);
      EXPECT_EQ(shown(found[0]), "(miss)");
    }
    if (step == 5) co_await store.flush();
  }
}

TEST_P(StoreConformance, ServesManyCallersAtOnce) {
  auto body = [this](std::size_t task) { return work_on_own_keys(*store, task); };
  testing::run(driver.loop, async::for_each(40, 40, body));
  driver.flush(*store);
  EXPECT_EQ(get("task 39 step 9"), "(miss)");
  EXPECT_EQ(get("task 39 step 8"), "task 39 step 8");
}

async::awaitable<void> put_one(Store& store, std::string key) {
  std::vector<Put> puts = {{key, record(key + std::string(2'000, '.'))}};
  co_await store.put_many(std::move(puts));
}

TEST_P(StoreConformance, TakesManyPutsAtOnce) {
  auto body = [this](std::size_t task) { return put_one(*store, "put " + number(task)); };
  testing::run(driver.loop, async::for_each(2'000, 500, body));
  driver.flush(*store);
  for (std::size_t i : {0, 1, 999, 1'999}) EXPECT_TRUE(get("put " + number(i)).size() > 2'000);
}

async::awaitable<void> use_everything(Store& store, std::size_t task) {
  std::string own = "cancelled " + number(task);
  std::vector<std::string_view> keys = {own, "k"};
  std::vector<Put> puts = {{own, record(std::string(50'000, 'c'))}};
  co_await store.get_many(keys);
  co_await store.put_many(std::move(puts));
  co_await store.get_many(keys);
  co_await store.flush();
}

async::awaitable<void> cancel_all_after(Store& store, int turns) {
  auto executor = co_await boost::asio::this_coro::executor;
  async::TaskScope scope(executor);
  for (std::size_t task = 0; task < 20; ++task) scope.spawn(use_everything(store, task));
  for (int turn = 0; turn < turns; ++turn) {
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
  }
  scope.cancel();
  co_await scope.join();
}

TEST_P(StoreConformance, CancelledCallersDoNoHarm) {
  put("k", "v");
  for (int turns : {0, 1, 2, 3, 5, 10, 100, 1'000}) {
    testing::run(driver.loop, cancel_all_after(*store, turns));
    EXPECT_EQ(get("k"), "v");
    put("after", number(static_cast<std::size_t>(turns)));
    EXPECT_EQ(get("after"), number(static_cast<std::size_t>(turns)));
  }
  driver.flush(*store);
  for (const StoreStats& stats : store->stats()) EXPECT_EQ(stats.queued_bytes, 0U);
}

}  // namespace
}  // namespace gantry::store
