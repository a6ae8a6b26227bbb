#include "gantry/store/tiered_store.hpp"

#include <map>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/async/event.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/store/memory_store.hpp"
#include "gantry/store/store_driver.hpp"

namespace gantry::store {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Keys = std::vector<std::string>;

// A tier that does as it is told and notes what it is asked.
class ScriptedStore final : public Store {
 public:
  explicit ScriptedStore(std::string_view name) : name_(name) {}

  std::string_view name() const override { return name_; }
  async::awaitable<std::vector<std::optional<Found>>> get_many(
      std::span<const std::string_view> keys) override {
    asked.emplace_back(keys.begin(), keys.end());
    if (gate != nullptr) co_await gate->wait();
    check();
    std::vector<std::optional<Found>> found(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto record = records.find(std::string(keys[i]));
      if (record != records.end()) found[i] = Found{record->second, name_};
    }
    co_return found;
  }
  async::awaitable<void> put_many(std::vector<Put> puts) override {
    ++puts_calls;
    check();
    for (Put& put : puts) records.insert_or_assign(put.key, put.record);
    co_return;
  }
  async::awaitable<void> erase_many(std::vector<std::string> keys) override {
    check();
    for (const std::string& key : keys) records.erase(key);
    co_return;
  }
  async::awaitable<void> flush() override {
    check();
    co_return;
  }
  std::vector<StoreStats> stats() const override { return {StoreStats{.name = name_}}; }

  std::map<std::string, Record> records;
  bool fails = false;
  async::Event* gate = nullptr;  // what get_many() waits for
  std::vector<Keys> asked;
  int puts_calls = 0;

 private:
  void check() const {
    if (fails) throw Error(ErrorCode::kNetwork, "the tier is gone");
  }
  std::string_view name_;
};

class TieredStoreTest : public ::testing::Test {
 protected:
  TieredStoreTest() {
    std::vector<std::unique_ptr<Store>> tiers;
    for (auto** tier : {&fast, &middle, &slow}) {
      auto made = std::make_unique<ScriptedStore>(tier == &fast     ? "fast"
                                                  : tier == &middle ? "middle"
                                                                    : "slow");
      *tier = made.get();
      tiers.push_back(std::move(made));
    }
    store = std::make_unique<TieredStore>(driver.clock, std::move(tiers));
  }
  Keys get(const Keys& keys) { return driver.get_many(*store, keys); }
  void fail_all(bool fails) { fast->fails = middle->fails = slow->fails = fails; }

  StoreDriver driver;
  ScriptedStore* fast = nullptr;
  ScriptedStore* middle = nullptr;
  ScriptedStore* slow = nullptr;
  std::unique_ptr<TieredStore> store;
};

TEST_F(TieredStoreTest, OneBatchOfMissesGoesDownFromTierToTier) {
  fast->records = {{"a", record("fast a")}, {"c", record("fast c")}};
  middle->records = {{"a", record("middle a")}, {"d", record("middle d")}};
  slow->records = {{"b", record("slow b")}, {"d", record("slow d")}};
  EXPECT_THAT(get({"b", "a", "x", "d", "c", "b"}),
              ElementsAre("slow b", "fast a", "(miss)", "middle d", "fast c", "slow b"));
  EXPECT_THAT(fast->asked, ElementsAre(Keys{"b", "a", "x", "d", "c", "b"}));
  EXPECT_THAT(middle->asked, ElementsAre(Keys{"b", "x", "d", "b"}));
  EXPECT_THAT(slow->asked, ElementsAre(Keys{"b", "x", "b"}));
}

TEST_F(TieredStoreTest, NamesTheTierAndDoesNotAskFurtherThanItMust) {
  fast->records = {{"a", record("A")}};
  slow->records = {{"b", record("B")}};
  auto found = driver.find(*store, {"a", "b"});
  EXPECT_EQ(found[0]->tier, "fast");
  EXPECT_EQ(found[1]->tier, "slow");
  get({"a"});
  EXPECT_EQ(fast->asked.size(), 2U);
  EXPECT_EQ(middle->asked.size(), 1U);
  EXPECT_THAT(get({}), IsEmpty());
}

TEST_F(TieredStoreTest, WhatIsFoundBelowIsPutAboveWithTheTimesThatItHas) {
  async::WallTime now = driver.clock.wall_now();
  Record kept = record("B", now + 1min, now + 5min);
  kept.kind = Record::Kind::kAbsent;
  slow->records = {{"b", kept}};
  driver.clock.advance(2min);
  EXPECT_THAT(get({"b"}), ElementsAre("B"));
  for (ScriptedStore* tier : {fast, middle}) {
    const Record& promoted = tier->records.at("b");
    EXPECT_EQ(promoted.fresh_until, now + 1min);
    EXPECT_EQ(promoted.kept_until, now + 5min);
    EXPECT_EQ(promoted.kind, Record::Kind::kAbsent);
    EXPECT_EQ(promoted.bytes, kept.bytes) << "they are shared";
  }
  get({"b"});
  EXPECT_EQ(slow->asked.size(), 1U);
  EXPECT_EQ(slow->puts_calls, 0);
}

TEST_F(TieredStoreTest, PutsErasesAndFlushesInEveryTier) {
  driver.put(*store, "a", "A");
  for (ScriptedStore* tier : {fast, middle, slow}) EXPECT_TRUE(tier->records.contains("a"));
  driver.erase(*store, {"a"});
  for (ScriptedStore* tier : {fast, middle, slow}) EXPECT_FALSE(tier->records.contains("a"));
  slow->fails = true;
  driver.put(*store, "b", "B");
  driver.erase(*store, {"b"});
  driver.flush(*store);
  EXPECT_FALSE(middle->records.contains("b"));
}

TEST_F(TieredStoreTest, AFailingTierIsPassedOverAndComesBack) {
  slow->records = {{"a", record("A")}};
  middle->fails = true;
  EXPECT_THAT(get({"a", "b"}), ElementsAre("A", "(miss)"));
  EXPECT_THAT(store->warning(), HasSubstr("middle is passed over: the tier is gone"));
  EXPECT_EQ(middle->asked.size(), 1U);
  get({"b"});
  driver.put(*store, "c", "C");
  EXPECT_EQ(middle->asked.size(), 1U) << "it is passed over";
  EXPECT_EQ(middle->puts_calls, 0);
  driver.clock.advance(999ms);
  get({"b"});
  EXPECT_EQ(middle->asked.size(), 1U);
  driver.clock.advance(1ms);
  middle->fails = false;
  middle->records = {{"b", record("B")}};
  EXPECT_THAT(get({"b"}), ElementsAre("B"));
  EXPECT_EQ(store->warning(), "");
  driver.put(*store, "d", "D");
  EXPECT_TRUE(middle->records.contains("d"));
  EXPECT_EQ(store->stats()[1].dropped, 1U) << "c did not reach it";
  EXPECT_EQ(store->stats()[0].dropped, 0U);
}

TEST_F(TieredStoreTest, ATierThatFailsAgainIsPassedOverForTwiceAsLongUpToAMinute) {
  middle->fails = true;
  std::vector<int> pauses;
  for (int round = 0; round < 9; ++round) {
    get({"x"});
    std::size_t asked = middle->asked.size();
    int seconds = 0;
    while (middle->asked.size() == asked) {
      driver.clock.advance(1s);
      ++seconds;
      get({"x"});
    }
    pauses.push_back(seconds);
  }
  EXPECT_THAT(pauses, ElementsAre(1, 2, 4, 8, 16, 32, 60, 60, 60));
  middle->fails = false;
  driver.clock.advance(60s);
  get({"x"});
  middle->fails = true;
  get({"x"});
  driver.clock.advance(1s);
  std::size_t asked = middle->asked.size();
  get({"x"});
  EXPECT_EQ(middle->asked.size(), asked + 1) << "it had come back: the pause begins anew";
}

async::awaitable<void> ask_and_count(Store& store, std::string name, int& answered) {
  std::vector<std::string_view> keys = {name};
  co_await store.get_many(keys);
  ++answered;
}

TEST_F(TieredStoreTest, CallsThatFailTogetherAreOneFailureAndOneTriesAgain) {
  async::Event gate(driver.loop.get_executor());
  middle->gate = &gate;
  middle->fails = true;
  async::TaskScope scope(driver.loop.get_executor());
  int answered = 0;
  for (int i = 0; i < 10; ++i) scope.spawn(ask_and_count(*store, "x", answered));
  driver.loop.restart();
  driver.loop.poll();
  EXPECT_EQ(middle->asked.size(), 10U);
  gate.set();
  testing::run(driver.loop, scope.join());
  EXPECT_EQ(answered, 10);
  driver.clock.advance(1s);
  async::Event second(driver.loop.get_executor());
  middle->gate = &second;
  for (int i = 0; i < 10; ++i) scope.spawn(ask_and_count(*store, "x", answered));
  driver.loop.restart();
  driver.loop.poll();
  EXPECT_EQ(middle->asked.size(), 11U);
  EXPECT_EQ(answered, 19) << "nobody waits for the one that tries";
  second.set();
  testing::run(driver.loop, scope.join());
}

TEST_F(TieredStoreTest, FailsOnlyIfNoTierCanAnswer) {
  fail_all(true);
  for (int round = 0; round < 2; ++round) {
    try {
      get({"a"});
      FAIL() << "nobody could answer";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNetwork);
    }
    EXPECT_THROW(driver.put(*store, "a", "A"), Error);
    EXPECT_THROW(driver.erase(*store, {"a"}), Error);
  }
  driver.clock.advance(2s);
  fail_all(false);
  fast->fails = slow->fails = true;
  driver.put(*store, "a", "A");
  EXPECT_THAT(get({"a"}), ElementsAre("A"));
}

TEST_F(TieredStoreTest, AnOldRecordOnItsWayUpDoesNotReplaceANewerOne) {
  slow->records = {{"k", record("old")}, {"other", record("O")}};
  async::Event gate(driver.loop.get_executor());
  slow->gate = &gate;
  async::TaskScope scope(driver.loop.get_executor());
  int answered = 0;
  scope.spawn(ask_and_count(*store, "k", answered));
  scope.spawn(ask_and_count(*store, "other", answered));
  driver.loop.restart();
  driver.loop.poll();
  std::vector<Put> puts = {{"k", record("new")}};
  scope.spawn(store->put_many(std::move(puts)));
  driver.loop.poll();
  slow->records.insert_or_assign("k", record("old"));  // the answer was under way
  gate.set();
  testing::run(driver.loop, scope.join());
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(*fast->records.at("k").bytes, "new");
  EXPECT_EQ(*fast->records.at("other").bytes, "O");
}

TEST_F(TieredStoreTest, ACancelledCallIsNoFailureOfTheTier) {
  async::Event never(driver.loop.get_executor());
  middle->gate = &never;
  async::TaskScope scope(driver.loop.get_executor());
  int answered = 0;
  scope.spawn(ask_and_count(*store, "k", answered));
  driver.loop.restart();
  driver.loop.poll();
  boost::asio::post(driver.loop, [&] { scope.cancel(); });
  testing::run(driver.loop, scope.join());
  EXPECT_EQ(answered, 0);
  middle->gate = nullptr;
  EXPECT_THAT(get({"k"}), ElementsAre("(miss)"));
  EXPECT_EQ(middle->asked.size(), 2U);
  EXPECT_EQ(store->warning(), "");
}

}  // namespace
}  // namespace gantry::store
