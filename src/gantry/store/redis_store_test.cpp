#include "gantry/store/redis_store.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include "gantry/async/for_each.hpp"
#include "gantry/base/error.hpp"
#include "gantry/store/store_driver.hpp"

#include "testing/files.hpp"
#include "testing/redis_server.hpp"

namespace gantry::store {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RedisServer;

struct FreeAll {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

class RedisStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "redis-server is not installed";
    start({});
  }
  void start(RedisServer::Options options) {
    server.reset();
    server.emplace(folder.path(), std::move(options));
  }
  std::unique_ptr<RedisStore> open(RedisStoreOptions options = {}) {
    if (options.socket.empty()) options.socket = folder / "redis.sock";
    return connect(std::move(options));
  }
  std::unique_ptr<RedisStore> connect(RedisStoreOptions options) {
    return std::make_unique<RedisStore>(driver.loop.get_executor(), driver.clock, driver.pool,
                                        std::move(options));
  }
  // What the server itself answers.
  std::unique_ptr<redisReply, FreeAll> ask(const char* command, const std::string& key,
                                           const std::string& value = "") {
    std::unique_ptr<redisContext, FreeAll> context(
        redisConnectUnix((folder / "redis.sock").c_str()));
    return std::unique_ptr<redisReply, FreeAll>(static_cast<redisReply*>(
        redisCommand(context.get(), command, key.data(), key.size(), value.data(), value.size())));
  }
  Error error_of(Store& store) {
    try {
      driver.get(store, "k");
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorCode::kInternal, "no error");
  }

  StoreDriver driver;
  testing::TemporaryFolder folder;
  std::optional<RedisServer> server;
};

TEST_F(RedisStoreTest, LetsTheServerRemoveWhatIsNotKept) {
  auto store = open();
  async::WallTime now = driver.clock.wall_now();
  driver.put(*store, "short", record("S", now + 1min, now + 1h + 500us));
  driver.put(*store, "forever", record("F", now + 1min));
  driver.put(*store, "long", record("L", now + 1min, now + 24h * 365 * 200));
  auto left = ask("PTTL %b", "gantry:short");
  EXPECT_GT(left->integer, 3'590'000);
  EXPECT_LE(left->integer, 3'600'001);
  EXPECT_EQ(ask("PTTL %b", "gantry:forever")->integer, -1);
  EXPECT_EQ(ask("PTTL %b", "gantry:long")->integer, -1);
  EXPECT_EQ(driver.get(*store, "long"), "L");
  driver.put(*store, "short", record("S", now, now));
  EXPECT_EQ(ask("EXISTS %b", "gantry:short")->integer, 0);
}

TEST_F(RedisStoreTest, StoresOfOnePrefixShareAndOthersDoNot) {
  auto store = open();
  auto same = open();
  auto other = open({.key_prefix = "other:"});
  driver.put(*store, "k", "v");
  EXPECT_EQ(driver.get(*same, "k"), "v");
  EXPECT_EQ(driver.get(*other, "k"), "(miss)");
  driver.erase(*same, {"k"});
  EXPECT_EQ(driver.get(*store, "k"), "(miss)");
}

TEST_F(RedisStoreTest, MalformedValuesAreMisses) {
  auto store = open();
  std::string good =
      "\1\0"s + "\xff\xff\xff\xff\xff\xff\xff\x7f"s + "\xff\xff\xff\xff\xff\xff\xff\x7f"s;
  ask("SET %b %b", "gantry:good", good + "value");
  ask("SET %b %b", "gantry:empty", "");
  ask("SET %b %b", "gantry:short", good.substr(0, 17));
  ask("SET %b %b", "gantry:version", "\2" + good.substr(1));
  ask("SET %b %b", "gantry:kind", "\1\2" + good.substr(2));
  ask("SET %b %b", "gantry:negative", "\1\xff" + good.substr(2));
  ask("LPUSH %b %b", "gantry:list", good);
  EXPECT_THAT(
      driver.get_many(*store, {"good", "empty", "short", "version", "kind", "negative", "list"}),
      ::testing::ElementsAre("value", "(miss)", "(miss)", "(miss)", "(miss)", "(miss)", "(miss)"));
  EXPECT_EQ(driver.find(*store, {"good"})[0]->record.kept_until, Record::kForever);
  EXPECT_EQ(store->stats()[0].hits, 2U);
  EXPECT_EQ(store->stats()[0].misses, 6U);
}

TEST_F(RedisStoreTest, FailsWhileTheServerIsGoneAndConnectsAgain) {
  auto store = open();
  driver.put(*store, "k", "v");
  server->stop();
  Error error = error_of(*store);
  EXPECT_EQ(error.code(), ErrorCode::kNetwork);
  EXPECT_THAT(error.message(), HasSubstr("redis at " + (folder / "redis.sock").string()));
  EXPECT_EQ(store->warning(), error.message());
  EXPECT_THROW(driver.put(*store, "k", "lost"), Error);
  EXPECT_THROW(driver.erase(*store, {"k"}), Error);
  EXPECT_EQ(store->stats()[0].dropped, 1U);
  EXPECT_EQ(store->stats()[0].errors, 3U);
  server->start();
  EXPECT_EQ(driver.get(*store, "k"), "(miss)");
  EXPECT_EQ(store->warning(), "");
  driver.put(*store, "k", "new");
  EXPECT_EQ(driver.get(*store, "k"), "new");
}

TEST_F(RedisStoreTest, AServerThatWasRestartedBetweenCallsIsNoError) {
  auto store = open();
  driver.put(*store, "k", "v");
  server->stop();
  server->start();
  driver.put(*store, "k", "again");
  server->stop();
  server->start();
  EXPECT_EQ(driver.get(*store, "k"), "(miss)");
  EXPECT_EQ(store->stats()[0].errors, 0U);
}

async::awaitable<void> count_time_outs(Store& store, int& count) {
  std::vector<std::string_view> keys = {"k"};
  try {
    co_await store.get_many(keys);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kTimeout) ++count;
  }
}

TEST_F(RedisStoreTest, AServerThatHangsHoldsUpNobodyForLongerThanTheTimeOut) {
  auto store = open({.command_timeout = 200ms, .connections = 1});
  driver.put(*store, "k", "v");
  server->pause();
  int count = 0;
  auto begin = std::chrono::steady_clock::now();
  auto body = [&](std::size_t) { return count_time_outs(*store, count); };
  testing::run(driver.loop, async::for_each(50, 50, body));
  auto taken = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(count, 50);
  EXPECT_GE(taken, 200ms);
  EXPECT_LT(taken, 5s) << "one of them waited, not each after the other";
  server->resume();
  EXPECT_EQ(driver.get(*store, "k"), "v");
}

TEST_F(RedisStoreTest, SaysThatNobodyListens) {
  auto store = connect({.port = RedisServer::free_port()});
  Error error = error_of(*store);
  EXPECT_EQ(error.code(), ErrorCode::kNetwork);
  EXPECT_THAT(error.message(), HasSubstr("refused"));
}

TEST_F(RedisStoreTest, PasswordsWorkAndNeverStandInErrors) {
  int port = RedisServer::free_port();
  start({.password = "correct-horse", .port = port});
  auto store = connect({.port = port, .password = Secret("correct-horse")});
  driver.put(*store, "k", "v");
  EXPECT_EQ(driver.get(*store, "k"), "v");
  auto wrong = connect({.port = port, .password = Secret("battery-staple")});
  Error error = error_of(*wrong);
  EXPECT_EQ(error.code(), ErrorCode::kNetwork);
  EXPECT_THAT(error.message(), HasSubstr("refuses the password"));
  EXPECT_THAT(error.message() + wrong->warning(), Not(HasSubstr("battery")));
  auto none = connect({.port = port});
  EXPECT_THAT(error_of(*none).message(), HasSubstr("NOAUTH"));
}

TEST_F(RedisStoreTest, WhatTheServerRefusesIsDroppedAndNoMore) {
  auto store = open();
  driver.put(*store, "before", "B");
  ask("CONFIG SET maxmemory %b", "1");
  EXPECT_THROW(driver.put_many(*store, {{"a", record("A")}, {"b", record("B")}}), Error);
  EXPECT_THAT(store->warning(), HasSubstr("OOM"));
  EXPECT_EQ(store->stats()[0].dropped, 2U);
  EXPECT_EQ(driver.get(*store, "before"), "B");
  ask("CONFIG SET maxmemory %b", "0");
  driver.put(*store, "a", "A");
  EXPECT_EQ(driver.get(*store, "a"), "A");
  EXPECT_EQ(store->warning(), "");
}

TEST_F(RedisStoreTest, SendsAndReadsManyMegabytesAtOnce) {
  auto store = open();
  std::vector<Put> puts;
  std::vector<std::string> keys;
  for (int i = 0; i < 3'500; ++i) {
    keys.push_back(std::to_string(i));
    puts.push_back({keys.back(), record(std::string(10'000, static_cast<char>('a' + i % 26)))});
  }
  driver.put_many(*store, puts);
  auto values = driver.get_many(*store, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_TRUE(values[i] == *puts[i].record.bytes);
  driver.erase(*store, keys);
  EXPECT_EQ(driver.get(*store, "3499"), "(miss)");
}

}  // namespace
}  // namespace gantry::store
