#include "gantry/store/sqlite_admin.hpp"

#include <fstream>
#include <random>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/store/sqlite_store.hpp"
#include "gantry/store/store_driver.hpp"

#include "testing/files.hpp"

namespace gantry::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SqliteAdminTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open() {
    return SqliteStore::open(driver.loop.get_executor(), driver.clock, driver.pool, file);
  }
  void fill() {
    auto store = open();
    async::WallTime now = driver.clock.wall_now();
    driver.put(*store, "component:react/button", std::string(1'000, 'b'));
    driver.put(*store, "component:react/card", record("stale", now + 1min, now + 1h));
    driver.clock.advance(1min);
    Record absent = record("404", now + 2min, now + 2min);
    absent.kind = Record::Kind::kAbsent;
    driver.put(*store, "list:blocks", absent);
    driver.put(*store, "plain", "P");
  }
  std::vector<std::string> keys(const CacheQuery& query = {}) {
    std::vector<std::string> keys;
    for (const CacheEntry& entry : list_cache(file, query)) keys.push_back(entry.key);
    return keys;
  }
  async::WallTime now() { return driver.clock.wall_now(); }

  StoreDriver driver;
  testing::TemporaryFolder folder;
  fs::path file = folder / "cache.sqlite";
};

TEST_F(SqliteAdminTest, TotalsCountEntriesByKindAgeAndKey) {
  fill();
  CacheTotals totals = cache_totals(file, now());
  EXPECT_EQ(totals.entries, 4U);
  EXPECT_EQ(totals.bytes, 22U + 1'000 + 20 + 5 + 11 + 3 + 5 + 1);
  EXPECT_GE(totals.file_bytes, totals.bytes);
  EXPECT_EQ(totals.values, 3U);
  EXPECT_EQ(totals.absent, 1U);
  EXPECT_EQ(totals.fresh, 3U);
  EXPECT_EQ(totals.stale, 1U);
  EXPECT_EQ(totals.expired, 0U);
  EXPECT_EQ(totals.newest, now());
  EXPECT_EQ(totals.oldest, now() - 1min);
  ASSERT_EQ(totals.parts.size(), 3U);
  EXPECT_EQ(totals.parts[0].name, "component");
  EXPECT_EQ(totals.parts[0].entries, 2U);
  EXPECT_EQ(totals.parts[0].bytes, 1'047U);
  EXPECT_EQ(totals.parts[1].name, "list");
  EXPECT_EQ(totals.parts[2].name, "plain");
  EXPECT_EQ(cache_totals(file, now() + 1min).expired, 1U);
}

TEST_F(SqliteAdminTest, AnEmptyCacheHasNoAge) {
  open();
  CacheTotals totals = cache_totals(file, now());
  EXPECT_EQ(totals.entries, 0U);
  EXPECT_FALSE(totals.oldest);
  EXPECT_THAT(totals.parts, IsEmpty());
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_EQ(remove_from_cache(file, {}), 0U);
}

TEST_F(SqliteAdminTest, ListsTheLastStoredFirstByPattern) {
  fill();
  EXPECT_THAT(keys(), ElementsAre("plain", "list:blocks", "component:react/card",
                                  "component:react/button"));
  EXPECT_THAT(keys({.limit = 2}), ElementsAre("plain", "list:blocks"));
  EXPECT_THAT(keys({.pattern = "component:*c*"}),
              ElementsAre("component:react/card", "component:react/button"));
  EXPECT_THAT(keys({.pattern = "*/ca?d"}), ElementsAre("component:react/card"));
  EXPECT_THAT(keys({.pattern = "none*"}), IsEmpty());
  CacheEntry entry = list_cache(file, {.pattern = "list:*"}).front();
  EXPECT_EQ(entry.kind, Record::Kind::kAbsent);
  EXPECT_EQ(entry.size, 3U);
  EXPECT_EQ(entry.stored_at, now());
  EXPECT_EQ(entry.kept_until, now() + 1min);
  EXPECT_EQ(entry.bytes, nullptr);
  entry = list_cache(file, {.pattern = "plain", .with_bytes = true}).front();
  EXPECT_EQ(*entry.bytes, "P");
  EXPECT_EQ(entry.kept_until, Record::kForever);
}

TEST_F(SqliteAdminTest, RemovesByPatternByAgeOrEverything) {
  fill();
  EXPECT_EQ(remove_from_cache(file, {.pattern = "list:*"}), 1U);
  EXPECT_EQ(remove_from_cache(file, {.pattern = "*button", .stored_before = now() - 1min}), 0U);
  EXPECT_EQ(remove_from_cache(file, {.stored_before = now()}), 2U);
  EXPECT_THAT(keys(), ElementsAre("plain"));
  EXPECT_EQ(remove_from_cache(file, {}), 1U);
  EXPECT_EQ(cache_totals(file, now()).entries, 0U);
  auto store = open();
  EXPECT_EQ(store->warning(), "");
  EXPECT_EQ(store->stats().front().bytes, 0U);
}

TEST_F(SqliteAdminTest, AFileThatIsMostlyUnusedShrinks) {
  {
    auto store = open();
    for (int i = 0; i < 50; ++i) driver.put(*store, std::to_string(i), std::string(100'000, 'x'));
  }
  EXPECT_GT(cache_totals(file, now()).file_bytes, 5'000'000U);
  remove_from_cache(file, {});
  EXPECT_LT(cache_totals(file, now()).file_bytes, 100'000U);
}

TEST_F(SqliteAdminTest, WorksBesideAStoreThatIsOpen) {
  auto store = open();
  driver.put(*store, "a", "A");
  driver.put(*store, "b", "B");
  driver.flush(*store);
  EXPECT_EQ(remove_from_cache(file, {.pattern = "a"}), 1U);
  EXPECT_THAT(driver.get_many(*store, {"a", "b"}), ElementsAre("(miss)", "B"));
  remove_from_cache(file, {});
  EXPECT_EQ(driver.get(*store, "b"), "(miss)");
  driver.put(*store, "a", "again");
  driver.flush(*store);
  EXPECT_EQ(driver.get(*store, "a"), "again");
  EXPECT_EQ(store->stats().front().entries, 1U);
  EXPECT_THAT(verify_cache(file).faults, IsEmpty());
}

TEST_F(SqliteAdminTest, VerifyNamesTheKeysOfDamagedRecords) {
  fill();
  CacheCheck good = verify_cache(file);
  EXPECT_EQ(good.intact, 4U);
  EXPECT_THAT(good.damaged, IsEmpty());
  EXPECT_THAT(good.faults, IsEmpty());
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
  database.exec("UPDATE records SET bytes = CAST('Q' AS BLOB) WHERE key = CAST('plain' AS BLOB)");
  database.exec("UPDATE records SET hash = 7 WHERE key = CAST('list:blocks' AS BLOB)");
  CacheCheck bad = verify_cache(file);
  EXPECT_EQ(bad.intact, 2U);
  EXPECT_THAT(bad.damaged, ElementsAre("list:blocks", "plain"));
  EXPECT_THAT(bad.faults, IsEmpty());
}

TEST_F(SqliteAdminTest, VerifyReportsADamagedFile) {
  {
    auto store = open();
    for (int i = 0; i < 1'000; ++i) driver.put(*store, std::to_string(i), std::string(500, 'x'));
  }
  std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(8'192);
  for (int i = 0; i < 100'000; ++i) damaged.put(static_cast<char>(i * 37));
  damaged.close();
  CacheCheck check = verify_cache(file);
  EXPECT_FALSE(check.faults.empty());
  EXPECT_LE(check.faults.size(), 101U);
  EXPECT_LT(check.intact, 1'000U);
  testing::write_text(file, std::string(10'000, 'z'));
  EXPECT_THAT(verify_cache(file).faults, ElementsAre(HasSubstr("not a database")));
}

TEST_F(SqliteAdminTest, AMissingOrForeignFileIsAnErrorAndNothingIsMade) {
  for (int call = 0; call < 4; ++call) {
    for (bool foreign : {false, true}) {
      if (foreign) {
        SQLite::Database other(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        other.exec("CREATE TABLE IF NOT EXISTS somebody_elses(x)");
      }
      try {
        if (call == 0) cache_totals(file, now());
        if (call == 1) list_cache(file, {});
        if (call == 2) remove_from_cache(file, {});
        if (call == 3) verify_cache(file);
        ADD_FAILURE() << "call " << call;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), foreign ? ErrorCode::kIo : ErrorCode::kNotFound);
        EXPECT_THAT(error.message(), HasSubstr(file.string()));
      }
      EXPECT_EQ(fs::exists(file), foreign);
      fs::remove(file);
    }
  }
}

}  // namespace
}  // namespace gantry::store
