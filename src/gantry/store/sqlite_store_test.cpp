#include "gantry/store/sqlite_store.hpp"

#include <fstream>
#include <random>
#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gantry/async/task_scope.hpp"
#include "gantry/base/error.hpp"
#include "gantry/store/store_driver.hpp"

#include "testing/files.hpp"

namespace gantry::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Test;

std::string record_key(int number) { return "component:" + std::to_string(number); }

std::string record_body(int number, std::size_t size = 2'000) {
  std::string text = "body " + std::to_string(number) + " ";
  std::mt19937 random(static_cast<unsigned>(number));
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text;
}

std::unique_ptr<SqliteStore> open_at(StoreDriver& driver, const fs::path& path,
                                     SqliteStoreOptions options = {}) {
  return SqliteStore::open(driver.loop.get_executor(), driver.clock, driver.pool, path, options);
}

void fill(StoreDriver& driver, Store& store, int from, int to) {
  std::vector<Put> puts;
  for (int i = from; i < to; ++i) puts.push_back({record_key(i), record(record_body(i))});
  driver.put_many(store, std::move(puts));
}

class SqliteStoreTest : public Test {
 protected:
  std::unique_ptr<SqliteStore> open(SqliteStoreOptions options = {}) {
    return open_at(driver, path, options);
  }
  void fill_file(int count) { fill(driver, *open(), 0, count); }
  std::string get(Store& store, int number) { return driver.get(store, record_key(number)); }
  StoreStats stats(const Store& store) { return store.stats().front(); }
  void change(const std::string& statement) {
    SQLite::Database(path.string(), SQLite::OPEN_READWRITE).exec(statement);
  }
  void overwrite(std::uint64_t offset, std::uint64_t length) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    std::mt19937 random(7);
    for (std::uint64_t i = 0; i < length; ++i) file.put(static_cast<char>(random()));
  }
  bool throws_io(Store& store, int number) {
    try {
      get(store, number);
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::kIo;
    }
  }

  StoreDriver driver;
  testing::TemporaryFolder folder;
  fs::path path = folder / "deep/cache.sqlite";
};

TEST_F(SqliteStoreTest, EvictsTheLeastRecentlyUsedAndKnowsWhatIsInTheFile) {
  SqliteStoreOptions small{.max_bytes = 20'200};
  {
    auto store = open(small);
    for (int i = 0; i < 10; ++i) {
      driver.put(*store, record_key(i), record_body(i));
      driver.flush(*store);
    }
    EXPECT_EQ(stats(*store).evicted, 0U);
    EXPECT_EQ(stats(*store).entries, 10U);
    EXPECT_EQ(stats(*store).bytes, 20'110U);
  }
  auto store = open(small);
  EXPECT_EQ(stats(*store).entries, 10U);
  EXPECT_TRUE(get(*store, 0) == record_body(0));
  driver.flush(*store);
  driver.put(*store, record_key(10), record_body(10));
  driver.flush(*store);
  EXPECT_EQ(stats(*store).evicted, 2U);
  EXPECT_EQ(stats(*store).entries, 9U);
  EXPECT_TRUE(get(*store, 0) == record_body(0)) << "was used since";
  EXPECT_EQ(get(*store, 1), "(miss)");
  EXPECT_EQ(get(*store, 2), "(miss)");
  EXPECT_TRUE(get(*store, 3) == record_body(3));
}

TEST_F(SqliteStoreTest, ARecordThatIsTooLargeIsDroppedWithWhatItsKeyHad) {
  auto store = open({.max_bytes = 20'000});
  driver.put(*store, record_key(1), record_body(1));
  driver.flush(*store);
  driver.put(*store, record_key(1), record_body(1, 6'000));
  EXPECT_EQ(get(*store, 1), "(miss)");
  driver.flush(*store);
  EXPECT_EQ(get(*store, 1), "(miss)");
  EXPECT_EQ(stats(*store).dropped, 1U);
}

TEST_F(SqliteStoreTest, WritesOnceThatARecordIsReadHoweverOftenItIs) {
  fill_file(10);
  auto store = open();
  SQLite::Database watcher(path.string(), SQLite::OPEN_READONLY);
  auto version = [&] { return watcher.execAndGet("PRAGMA data_version").getInt64(); };
  std::int64_t before = version();
  get(*store, 1);
  driver.flush(*store);
  std::int64_t after = version();
  EXPECT_NE(after, before);
  for (int i = 0; i < 100; ++i) get(*store, 1);
  driver.flush(*store);
  EXPECT_EQ(version(), after);
}

TEST_F(SqliteStoreTest, RemovesWhatIsNotKeptAnyMoreWhenItWrites) {
  auto store = open();
  async::WallTime now = driver.clock.wall_now();
  for (int i = 0; i < 100; ++i)
    driver.put(*store, record_key(i), record(record_body(i), now + 1min, now + 1min));
  driver.put(*store, "long", record("L", now + 1min, now + 1h));
  driver.put(*store, "forever", "F");
  driver.flush(*store);
  EXPECT_EQ(stats(*store).entries, 102U);
  driver.clock.advance(2min);
  driver.put(*store, "next", "N");
  driver.flush(*store);
  EXPECT_EQ(stats(*store).entries, 3U);
  EXPECT_THAT(driver.get_many(*store, {"long", "forever"}), ElementsAre("L", "F"));
  EXPECT_EQ(stats(*store).evicted, 0U);
}

TEST_F(SqliteStoreTest, ADamagedRecordIsAMissAndIsDropped) {
  fill_file(8);
  change("UPDATE records SET bytes = CAST('evil' AS BLOB) WHERE id = 1");
  change("UPDATE records SET kind = 1 WHERE id = 2");
  change("UPDATE records SET kept_until = kept_until - 1 WHERE id = 3");
  change("UPDATE records SET key = CAST('another' AS BLOB) WHERE id = 4");
  auto store = open();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get(*store, i), "(miss)") << i;
  EXPECT_TRUE(get(*store, 4) == record_body(4));
  EXPECT_EQ(driver.get(*store, "another"), "(miss)");
  driver.flush(*store);
  EXPECT_EQ(stats(*store).entries, 5U) << "nothing asks for the key of the fourth";
  EXPECT_EQ(store->warning(), "");
  driver.put(*store, record_key(1), "new");
  driver.put(*store, record_key(3), "new");
  driver.flush(*store);
  EXPECT_THAT(driver.get_many(*store, {record_key(1), record_key(3)}), ElementsAre("new", "new"));
}

async::awaitable<void> put_body(Store& store, int number, std::size_t size, bool& done) {
  std::vector<Put> puts = {{record_key(number), record(record_body(number, size))}};
  co_await store.put_many(std::move(puts));
  done = true;
}

async::awaitable<void> get_into(Store& store, std::string name, std::string& value, bool& done) {
  std::vector<std::string_view> keys = {name};
  auto found = co_await store.get_many(keys);
  value = shown(found.front());
  done = true;
}

TEST_F(SqliteStoreTest, PutsWaitForTheDiskWhileTheLoopGoesOn) {
  fill_file(1);
  auto store = open({.max_queued_bytes = 10'000, .busy_timeout = 60s});
  SQLite::Database other(path.string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  async::TaskScope scope(driver.loop.get_executor());
  // Turns the loop until the task is done or it is clear that it never will be.
  auto wait_for = [this](const bool& done) {
    driver.loop.restart();
    for (int i = 0; i < 1'000 && !done; ++i) driver.loop.run_one_for(10ms);
    return done;
  };
  auto found = [&](int number) {
    std::string value;
    bool done = false;
    scope.spawn(get_into(*store, record_key(number), value, done));
    return wait_for(done) ? value : "(hangs)";
  };
  bool first = false;
  bool second = false;
  scope.spawn(put_body(*store, 1, 5'000, first));
  EXPECT_TRUE(wait_for(first));
  scope.spawn(put_body(*store, 2, 6'000, second));
  EXPECT_TRUE(found(2) == record_body(2, 6'000)) << "what waits is found";
  EXPECT_TRUE(found(0) == record_body(0)) << "a writer does not hold up who reads";
  EXPECT_FALSE(second) << "there is too much in the queue";
  EXPECT_GT(stats(*store).queued_bytes, 11'000U);
  other.exec("COMMIT");
  testing::run(driver.loop, scope.join());
  EXPECT_TRUE(second);
  driver.flush(*store);
  EXPECT_EQ(stats(*store).dropped, 0U);
  EXPECT_EQ(stats(*store).queued_bytes, 0U);
  EXPECT_TRUE(get(*store, 1) == record_body(1, 5'000));
}

TEST_F(SqliteStoreTest, AFileThatStaysLockedLosesPutsUntilItIsFree) {
  fill_file(1);
  auto store = open({.busy_timeout = 50ms});
  SQLite::Database other(path.string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  for (int i = 1; i <= 3; ++i) {
    driver.put(*store, record_key(i), "lost");
    driver.flush(*store);
    EXPECT_EQ(get(*store, i), "(miss)");
  }
  EXPECT_TRUE(get(*store, 0) == record_body(0));
  EXPECT_EQ(stats(*store).dropped, 3U);
  EXPECT_THAT(store->warning(), HasSubstr("locked"));
  other.exec("COMMIT");
  driver.put(*store, record_key(4), "kept");
  driver.flush(*store);
  EXPECT_EQ(get(*store, 4), "kept");
  EXPECT_EQ(stats(*store).dropped, 3U);
  EXPECT_EQ(store->warning(), "");
}

TEST_F(SqliteStoreTest, GarbageIsSetAsideAndTheFileMadeAnew) {
  for (int round = 1; round <= 3; ++round) {
    fill_file(10);
    overwrite(0, fs::file_size(path));
    auto store = open();
    EXPECT_THAT(store->warning(), HasSubstr("was made anew"));
    EXPECT_TRUE(fs::exists(path.string() + ".corrupt-" + std::to_string(round)));
    EXPECT_FALSE(fs::exists(path.string() + ".corrupt-" + std::to_string(round - 1)));
    EXPECT_EQ(get(*store, 1), "(miss)");
    driver.put(*store, "k", "works");
    driver.flush(*store);
    EXPECT_EQ(driver.get(*store, "k"), "works");
  }
}

TEST_F(SqliteStoreTest, DamageThatIsFoundWhileItIsOpenIsRepairedByTheNextPut) {
  fill_file(2'000);
  auto store = open();
  EXPECT_TRUE(get(*store, 1) == record_body(1));
  driver.flush(*store);
  overwrite(4'096, fs::file_size(path) - 4'096);
  bool failed = false;
  for (int i = 0; i < 2'000 && !failed; ++i) failed = throws_io(*store, i);
  EXPECT_TRUE(failed) << store->warning();
  driver.put(*store, record_key(1), "new");
  driver.flush(*store);
  EXPECT_EQ(get(*store, 1), "new");
  EXPECT_EQ(get(*store, 2), "(miss)");
  EXPECT_THAT(store->warning(), HasSubstr("was made anew"));
  EXPECT_TRUE(fs::exists(path.string() + ".corrupt-1"));
  store = open();
  EXPECT_EQ(store->warning(), "");
  EXPECT_EQ(get(*store, 1), "new");
}

TEST_F(SqliteStoreTest, DamageInTheMiddleNeverGivesWrongBytes) {
  for (std::uint64_t offset : {100ULL, 4'096ULL, 20'000ULL, 200'000ULL, 1'000'000ULL}) {
    fs::remove_all(folder / "deep");
    fill_file(1'000);
    overwrite(offset, 8'000);
    auto store = open();
    for (int i = 0; i < 1'000; ++i) {
      try {
        std::string value = get(*store, i);
        EXPECT_TRUE(value == "(miss)" || value == record_body(i));
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kIo);
      }
    }
    fill(driver, *store, 0, 100);
    driver.flush(*store);
    fill(driver, *store, 0, 100);
    driver.flush(*store);
    EXPECT_TRUE(get(*store, 99) == record_body(99)) << "works again after damage at " << offset;
  }
}

TEST_F(SqliteStoreTest, NewerOrForeignDatabaseIsSetAside) {
  for (const char* statement : {"PRAGMA user_version = 2", "PRAGMA application_id = 7",
                                "PRAGMA user_version = 0; PRAGMA application_id = 0"}) {
    fs::remove_all(folder / "deep");
    fill_file(1);
    change(statement);
    auto store = open();
    EXPECT_THAT(store->warning(), HasSubstr("unknown schema"));
    EXPECT_TRUE(fs::exists(path.string() + ".corrupt-1"));
    EXPECT_EQ(get(*store, 0), "(miss)");
  }
}

TEST_F(SqliteStoreTest, AFileInUseIsNotTakenAway) {
  auto other = open();
  driver.put(*other, record_key(1), "mine");
  driver.flush(*other);
  change("PRAGMA user_version = 2");
  auto store = open();
  EXPECT_THAT(store->warning(), HasSubstr("another run is using it"));
  EXPECT_TRUE(throws_io(*store, 1));
  EXPECT_EQ(stats(*store).errors, 1U);
  driver.put(*store, record_key(1), "other");
  driver.flush(*store);
  EXPECT_EQ(stats(*store).dropped, 1U);
  EXPECT_EQ(get(*other, 1), "mine");
  other.reset();
  driver.put(*store, record_key(1), "now it can be made anew");
  driver.flush(*store);
  EXPECT_EQ(get(*store, 1), "now it can be made anew");
}

TEST_F(SqliteStoreTest, AnUnusableFolderHoldsNothingUntilItCanBeUsed) {
  testing::write_text(folder / "deep", "a file");
  auto store = open();
  EXPECT_TRUE(throws_io(*store, 1));
  driver.put(*store, record_key(1), "lost");
  driver.flush(*store);
  EXPECT_EQ(stats(*store).dropped, 1U);
  EXPECT_THAT(store->warning(), HasSubstr((folder / "deep").string()));
  fs::remove(folder / "deep");
  driver.put(*store, record_key(1), "kept");
  driver.flush(*store);
  EXPECT_EQ(get(*store, 1), "kept");
  EXPECT_EQ(store->warning(), "");
}

// For tests that fork: no thread may run in the parent at that time.
class SqliteStoreProcesses : public Test {
 protected:
  // The exit code of `work` in a process of its own.
  template <class Work>
  pid_t start(Work work) {
    pid_t id = ::fork();
    if (id == 0) ::_exit(work() ? 0 : 1);
    return id;
  }
  bool ended_well(pid_t id) {
    int status = 0;
    ::waitpid(id, &status, 0);
    return status == 0;
  }

  testing::TemporaryFolder folder;
  fs::path path = folder / "cache.sqlite";
};

void limit_file_sizes(rlim_t bytes) {
  struct rlimit limit {};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(SqliteStoreProcesses, AFullDiskLosesPutsUntilThereIsRoom) {
  auto work = [this] {
    ::signal(SIGXFSZ, SIG_IGN);
    StoreDriver driver;
    auto store = open_at(driver, path);
    fill(driver, *store, 0, 10);
    driver.flush(*store);
    limit_file_sizes(100'000);
    for (int i = 100; i < 400; i += 10) {
      fill(driver, *store, i, i + 10);
      driver.flush(*store);
    }
    bool lost = store->stats().front().dropped > 0 && !store->warning().empty();
    bool reads = driver.get(*store, record_key(3)) == record_body(3);
    limit_file_sizes(RLIM_INFINITY);
    driver.put(*store, "k", "kept");
    driver.flush(*store);
    return lost && reads && driver.get(*store, "k") == "kept" && store->warning().empty();
  };
  EXPECT_TRUE(ended_well(start(work)));
  StoreDriver driver;
  auto store = open_at(driver, path);
  EXPECT_TRUE(driver.get(*store, record_key(3)) == record_body(3));
  EXPECT_EQ(driver.get(*store, "k"), "kept");
}

bool read_and_fill(const fs::path& path, int start) {
  StoreDriver driver;
  auto store = open_at(driver, path);
  bool good = true;
  for (int i = 0; i < 300; ++i) {
    int number = (i * 7 + start) % 300;
    std::string found = driver.get(*store, record_key(number));
    if (found == "(miss)") {
      driver.put(*store, record_key(number), record_body(number));
    } else {
      good = good && found == record_body(number);
    }
  }
  driver.flush(*store);
  return good && store->stats().front().dropped == 0 && store->warning().empty();
}

TEST_F(SqliteStoreProcesses, ShareOneFile) {
  std::vector<pid_t> children;
  children.reserve(4);
  for (int child = 0; child < 4; ++child) {
    children.push_back(start([this, child] { return read_and_fill(path, child * 50); }));
  }
  for (pid_t child : children) EXPECT_TRUE(ended_well(child));
  StoreDriver driver;
  auto store = open_at(driver, path);
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(driver.get(*store, record_key(i)) == record_body(i));
  EXPECT_EQ(store->stats().front().entries, 300U);
}

TEST_F(SqliteStoreProcesses, AKilledOneLeavesAUsableFile) {
  std::mt19937 random(99);
  for (int round = 0; round < 10; ++round) {
    pid_t child = start([this, round] {
      StoreDriver driver;
      auto store = open_at(driver, path, {.max_bytes = 1'000'000});
      for (int i = round * 100;; i += 10) fill(driver, *store, i % 1'000, i % 1'000 + 10);
      return true;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(5'000 + random() % 80'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  StoreDriver driver;
  auto store = open_at(driver, path);
  EXPECT_EQ(store->warning(), "");
  for (int i = 0; i < 1'000; i += 7) {
    std::string found = driver.get(*store, record_key(i));
    EXPECT_TRUE(found == "(miss)" || found == record_body(i)) << i;
  }
  store.reset();
  SQLite::Database database(path.string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM records").getInt64(),
            database.execAndGet("SELECT entries FROM totals").getInt64());
  EXPECT_EQ(database.execAndGet("SELECT ifnull(sum(size), 0) FROM records").getInt64(),
            database.execAndGet("SELECT bytes FROM totals").getInt64());
}

}  // namespace
}  // namespace gantry::store
