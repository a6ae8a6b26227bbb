// One connection to a Redis server. All calls block, none for longer than the time-outs say; one
// thread at a time. After an Error it is good for nothing but its destructor.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gantry/async/clock.hpp"
#include "gantry/base/error.hpp"
#include "gantry/store/redis_store.hpp"

struct redisContext;
struct redisReply;

namespace gantry::store {

struct FreeReply {
  void operator()(redisReply* reply) const;
};
using RedisReply = std::unique_ptr<redisReply, FreeReply>;

// "redis at 127.0.0.1:6379", for messages.
std::string shown_address(const RedisStoreOptions& options);

class RedisConnection {
 public:
  // Connects and authenticates. kNetwork, kTimeout.
  RedisConnection(const async::Clock& clock, const RedisStoreOptions& options);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // A command that is sent with the others when an answer is read.
  void add(std::span<const std::string_view> words);
  // The answer to the first command that has none yet. kNetwork, kTimeout: the command time-out has
  // passed since the call. What the server refuses is an answer too.
  RedisReply read();

  // For an answer that is not what it should be: what the server refused, or nonsense.
  Error unexpected(const redisReply& reply) const;

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };

  void connect();
  void authenticate();
  void wait_for(short events, async::TimePoint deadline);
  void send();
  void receive();
  Error failure(std::string_view what) const;

  const async::Clock& clock_;
  const RedisStoreOptions& options_;
  std::unique_ptr<redisContext, FreeContext> context_;
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
};

}  // namespace gantry::store
