#include "gantry/store/blob_store.hpp"

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

#include "testing/files.hpp"

namespace gantry::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Test;

constexpr std::size_t kLarge = 300'000;

std::string body(int number, std::size_t size = 2'000) {
  std::string text = "body " + std::to_string(number) + " ";
  std::mt19937 random(static_cast<unsigned>(number));
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text;
}

std::string key(int number) { return "FILE/1:" + std::to_string(number) + "@2 svg"; }

class BlobStoreTest : public Test {
 protected:
  std::unique_ptr<BlobStore> open(BlobStoreOptions options = {}) {
    return BlobStore::open(folder / "store", options);
  }
  std::string get(BlobStore& store, const std::string& name) {
    auto blob = store.get(name);
    return blob ? blob->read(1 << 30) : "(miss)";
  }
  void fill(int count, std::size_t size = 2'000) {
    auto store = open();
    for (int i = 0; i < count; ++i) store->put(key(i), Blob::from_bytes(body(i, size)));
  }
  std::size_t files_below(const std::string& name) {
    std::size_t count = 0;
    if (!fs::exists(folder / name)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder / name)) {
      count += entry.is_directory() ? 0 : 1;
    }
    return count;
  }
  void change(const std::string& statement) {
    SQLite::Database database((folder / "store/blobs.sqlite").string(), SQLite::OPEN_READWRITE);
    database.exec(statement);
  }
  void overwrite(std::uint64_t offset, std::uint64_t length) {
    std::fstream file(folder / "store/blobs.sqlite",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    std::mt19937 random(7);
    for (std::uint64_t i = 0; i < length; ++i) file.put(static_cast<char>(random()));
  }

  testing::TemporaryFolder folder;
};

TEST_F(BlobStoreTest, FindsABodyAtOnceAndInTheNextRun) {
  {
    auto store = open();
    EXPECT_FALSE(store->get("k"));
    store->put("k", Blob::from_bytes("bytes"));
    store->put("empty", Blob::from_bytes(""));
    EXPECT_EQ(get(*store, "k"), "bytes");
    store->flush();
    EXPECT_EQ(get(*store, "k"), "bytes");
    EXPECT_EQ(store->stats().hits, 2U);
    EXPECT_EQ(store->stats().misses, 1U);
    EXPECT_EQ(store->stats().bytes, 5U);
  }
  auto store = open();
  EXPECT_EQ(store->stats().bytes, 5U);
  EXPECT_EQ(get(*store, "k"), "bytes");
  EXPECT_EQ(get(*store, "empty"), "");
  EXPECT_EQ(store->get("k").value_or(Blob()).digest(), sha256("bytes"));
  EXPECT_EQ(store->warning(), "");
}

TEST_F(BlobStoreTest, AnswersManyKeysInTheirOrder) {
  fill(100);
  auto store = open();
  store->put("new", Blob::from_bytes("N"));
  std::vector<std::string> texts;
  for (const auto& blob : store->get_many({key(7), "missing", key(3), "new", key(7)})) {
    texts.push_back(blob ? blob->read(1 << 20) : "(miss)");
  }
  EXPECT_THAT(texts, ElementsAre(body(7), "(miss)", body(3), "N", body(7)));
  EXPECT_TRUE(store->get_many({}).empty());
}

TEST_F(BlobStoreTest, KeepsEqualBodiesOnceAndForgetsReplacedOnes) {
  auto store = open();
  store->put("a", Blob::from_bytes(body(1)));
  store->put("b", Blob::from_bytes(body(1)));
  store->flush();
  EXPECT_EQ(store->stats().bytes, 2'000U);
  store->put("a", Blob::from_bytes("short"));
  store->flush();
  EXPECT_EQ(store->stats().bytes, 2'005U);
  EXPECT_EQ(get(*store, "b"), body(1));
  store->put("b", Blob::from_bytes("short"));
  store->flush();
  EXPECT_EQ(store->stats().bytes, 5U);
  EXPECT_EQ(get(*store, "a") + get(*store, "b"), "shortshort");
}

TEST_F(BlobStoreTest, KeepsLargeBodiesInFiles) {
  std::string text = body(1, kLarge);
  auto file = TemporaryFile::create(folder.path(), "download-");
  file->append(text);
  Blob outlives;
  {
    auto store = open();
    store->put("k", Blob::from_file(file, text.size(), sha256(text)));
    store->put("same", Blob::from_bytes(text));
    store->flush();
    EXPECT_EQ(files_below("store/blobs"), 1U);
    outlives = store->get("k").value_or(Blob());
    EXPECT_FALSE(outlives.in_memory());
    store->put("k", Blob::from_bytes("small"));
    store->put("same", Blob::from_bytes("small"));
    store->flush();
    EXPECT_EQ(files_below("store/blobs"), 0U) << "no key leads to it";
  }
  EXPECT_TRUE(outlives.read(1 << 30) == text);
  outlives = Blob();
  EXPECT_EQ(files_below("store/incoming"), 0U);
}

TEST_F(BlobStoreTest, BodyWithAWrongHashIsAMissAndIsDropped) {
  fill(2);
  fill(1, kLarge);  // replaces the first
  change("UPDATE blobs SET data = 'evil' WHERE data IS NOT NULL");
  for (const auto& entry : fs::recursive_directory_iterator(folder / "store/blobs")) {
    if (!entry.is_directory()) fs::resize_file(entry.path(), kLarge - 1);
  }
  {
    auto store = open();
    EXPECT_EQ(get(*store, key(0)), "(miss)");
    EXPECT_EQ(get(*store, key(1)), "(miss)");
    store->flush();
    EXPECT_EQ(store->stats().bytes, 0U);
    EXPECT_EQ(files_below("store/blobs"), 0U);
    EXPECT_EQ(store->warning(), "");
    store->put(key(1), Blob::from_bytes(body(1)));
  }
  EXPECT_EQ(get(*open(), key(1)), body(1));
}

TEST_F(BlobStoreTest, MissingFileIsAMiss) {
  fill(1, kLarge);
  fs::remove_all(folder / "store/blobs");
  EXPECT_EQ(get(*open(), key(0)), "(miss)");
  fill(1, kLarge);
  EXPECT_EQ(get(*open(), key(0)), body(0, kLarge));
}

TEST_F(BlobStoreTest, EvictsTheLeastRecentlyUsed) {
  BlobStoreOptions small{.max_bytes = 20'000};
  {
    auto store = open(small);
    for (int i = 0; i < 10; ++i) {
      store->put(key(i), Blob::from_bytes(body(i)));
      store->flush();
    }
    EXPECT_EQ(store->stats().evicted, 0U);
  }
  auto store = open(small);
  EXPECT_EQ(get(*store, key(0)), body(0));
  store->flush();
  store->put(key(10), Blob::from_bytes(body(10)));
  store->flush();
  EXPECT_EQ(store->stats().bytes, 18'000U);
  EXPECT_EQ(store->stats().evicted, 2U);
  EXPECT_EQ(get(*store, key(0)), body(0)) << "was used since";
  EXPECT_EQ(get(*store, key(1)), "(miss)");
  EXPECT_EQ(get(*store, key(2)), "(miss)");
  EXPECT_EQ(get(*store, key(3)), body(3));
}

TEST_F(BlobStoreTest, StaysBelowItsSizeWhateverIsPut) {
  auto store = open({.max_bytes = 2'000'000});
  for (int i = 0; i < 40; ++i) {
    store->put(key(i), Blob::from_bytes(body(i, i % 2 == 0 ? 400'000 : 50'000)));
  }
  store->put("too large", Blob::from_bytes(body(99, 600'000)));
  store->flush();
  EXPECT_LE(store->stats().bytes, 2'000'000U);
  EXPECT_GE(store->stats().bytes, 1'000'000U);
  EXPECT_EQ(store->stats().dropped, 1U);
  std::uint64_t on_disk = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "store/blobs")) {
    if (!entry.is_directory()) on_disk += entry.file_size();
  }
  EXPECT_LE(on_disk, 2'000'000U);
}

TEST_F(BlobStoreTest, PutsWaitForTheDiskNotForMemory) {
  auto store = open({.max_queued_bytes = 10'000});
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        store->put(key(thread * 1'000 + i), Blob::from_bytes(body(i)));
        EXPECT_EQ(get(*store, key(thread * 1'000 + i)), body(i));
      }
    });
  }
  threads.clear();
  store->flush();
  EXPECT_EQ(store->stats().bytes, 400'000U) << "200 different bodies";
  EXPECT_EQ(store->stats().dropped, 0U);
}

TEST_F(BlobStoreTest, GarbageIsSetAsideAndTheStoreMadeAnew) {
  for (int round = 1; round <= 3; ++round) {
    fill(10);
    fill(1, kLarge);
    overwrite(0, fs::file_size(folder / "store/blobs.sqlite"));
    auto store = open();
    EXPECT_THAT(store->warning(), HasSubstr("was made anew"));
    EXPECT_TRUE(fs::exists(folder / ("store/blobs.sqlite.corrupt-" + std::to_string(round))));
    EXPECT_FALSE(fs::exists(folder / ("store/blobs.sqlite.corrupt-" + std::to_string(round - 1))));
    EXPECT_EQ(files_below("store/blobs"), 0U);
    EXPECT_EQ(get(*store, key(1)), "(miss)");
    store->put("k", Blob::from_bytes("works"));
    store->flush();
    EXPECT_EQ(get(*store, "k"), "works");
  }
}

TEST_F(BlobStoreTest, DamageInTheMiddleGivesMissesAndNeverWrongBytes) {
  for (std::uint64_t offset : {100ULL, 4'096ULL, 20'000ULL, 200'000ULL, 1'000'000ULL}) {
    fs::remove_all(folder / "store");
    fill(1'000);
    overwrite(offset, 8'000);
    for (int round = 0; round < 2; ++round) {
      auto store = open();
      for (int i = 0; i < 1'000; ++i) {
        auto text = get(*store, key(i));
        EXPECT_TRUE(text == "(miss)" || text == body(i));
      }
      store->put("after", Blob::from_bytes("A"));
    }
    fill(1'000);
    EXPECT_EQ(get(*open(), key(999)), body(999)) << "works again after damage at " << offset;
  }
}

TEST_F(BlobStoreTest, NewerOrForeignDatabaseIsSetAside) {
  fill(1);
  change("PRAGMA user_version = 2");
  auto store = open();
  EXPECT_THAT(store->warning(), HasSubstr("unknown schema"));
  EXPECT_TRUE(fs::exists(folder / "store/blobs.sqlite.corrupt-1"));
  EXPECT_EQ(get(*store, key(0)), "(miss)");
  store.reset();
  fs::remove_all(folder / "store");
  fs::create_directory(folder / "store");
  SQLite::Database((folder / "store/blobs.sqlite").string(),
                   SQLite::OPEN_CREATE | SQLite::OPEN_READWRITE)
      .exec("CREATE TABLE somebody_elses(x)");
  EXPECT_THAT(open()->warning(), HasSubstr("unknown schema"));
}

TEST_F(BlobStoreTest, DatabaseInUseIsNotTakenAway) {
  auto other = open();
  other->put("k", Blob::from_bytes("mine"));
  other->flush();
  change("PRAGMA user_version = 2");
  auto store = open();
  EXPECT_THAT(store->warning(), HasSubstr("another run is using it"));
  store->put("k", Blob::from_bytes("other"));
  store->flush();
  EXPECT_EQ(get(*store, "k"), "(miss)");
  EXPECT_EQ(store->stats().dropped, 1U);
  EXPECT_EQ(get(*other, "k"), "mine");
}

TEST_F(BlobStoreTest, UnusableFolderHoldsNothingAndSaysWhy) {
  testing::write_text(folder / "store", "a file");
  auto store = open();
  store->put("k", Blob::from_bytes("x"));
  store->flush();
  EXPECT_FALSE(store->get("k"));
  EXPECT_EQ(store->get_many({"a", "b"}).size(), 2U);
  EXPECT_EQ(store->stats().dropped, 1U);
  EXPECT_THAT(store->warning(), HasSubstr((folder / "store").string()));
}

TEST_F(BlobStoreTest, DatabaseThatStaysLockedLosesPutsOnly) {
  fill(1);
  auto store = open({.busy_timeout = 50ms});
  SQLite::Database other((folder / "store/blobs.sqlite").string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  store->put("k", Blob::from_bytes("x"));
  store->flush();
  store->put("l", Blob::from_bytes("y"));
  store->flush();
  EXPECT_EQ(store->stats().dropped, 2U);
  EXPECT_THAT(store->warning(), HasSubstr("locked"));
}

TEST_F(BlobStoreTest, FullDiskLosesPutsOnly) {
  fill(10);
  pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {
      200'000, 200'000
    };
    ::setrlimit(RLIMIT_FSIZE, &limit);
    bool good = true;
    {
      auto store = open();
      for (int i = 100; i < 400; ++i) store->put(key(i), Blob::from_bytes(body(i)));
      store->put("large", Blob::from_bytes(body(1, kLarge)));
      store->flush();
      good = store->stats().dropped > 0 && !store->warning().empty();
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  auto store = open();
  EXPECT_EQ(get(*store, key(3)), body(3));
  store->put(key(500), Blob::from_bytes(body(500)));
  store->flush();
  EXPECT_EQ(get(*store, key(500)), body(500));
  EXPECT_EQ(store->stats().dropped, 0U);
}

TEST_F(BlobStoreTest, ProcessesShareOneStore) {
  std::vector<pid_t> children;
  children.reserve(4);
  for (int child = 0; child < 4; ++child) {
    pid_t id = ::fork();
    if (id == 0) {
      bool good = true;
      {
        auto store = open();
        for (int i = 0; i < 300; ++i) {
          int number = (i * 7 + child * 50) % 300;
          auto found = store->get(key(number));
          if (found && found->view() != body(number)) good = false;
          if (!found) store->put(key(number), Blob::from_bytes(body(number)));
        }
        store->flush();
        good = good && store->stats().dropped == 0 && store->warning().empty();
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(id);
  }
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  auto store = open();
  for (int i = 0; i < 300; ++i) EXPECT_EQ(get(*store, key(i)), body(i));
  EXPECT_EQ(store->stats().bytes, 600'000U);
}

TEST_F(BlobStoreTest, KilledWriterLeavesAUsableStoreAndNoStrayFiles) {
  std::mt19937 random(99);
  for (int round = 0; round < 25; ++round) {
    pid_t child = ::fork();
    if (child == 0) {
      auto store = open({.max_bytes = 5'000'000});
      for (int i = 0;; ++i) {
        int number = (round * 100 + i) % 1'000;
        std::size_t size = number % 10 == 0 ? kLarge : 2'000;
        store->put(key(number), Blob::from_bytes(body(number, size)));
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(5'000 + random() % 80'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto store = open({.max_bytes = 5'000'000});
    ASSERT_EQ(store->warning(), "");
    for (int i = round % 7; i < 1'000; i += 7) {
      auto text = get(*store, key(i));
      EXPECT_TRUE(text == "(miss)" || text == body(i, i % 10 == 0 ? kLarge : 2'000)) << i;
    }
    store->put("sweep", Blob::from_bytes(std::to_string(round)));
    store->flush();
  }
  SQLite::Database database((folder / "store/blobs.sqlite").string(), SQLite::OPEN_READONLY);
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM blobs WHERE data IS NULL").getInt64(),
            static_cast<std::int64_t>(files_below("store/blobs")));
  EXPECT_EQ(database.execAndGet("SELECT sum(size) FROM blobs").getInt64(),
            database.execAndGet("SELECT bytes FROM totals").getInt64());
  EXPECT_EQ(files_below("store/incoming"), 0U);
}

}  // namespace
}  // namespace gantry::store
