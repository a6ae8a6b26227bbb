// What a processor knows already: decoded values in memory, records in the store behind them. Never
// a reason to fail: a store that cannot be read has nothing, one that cannot be written keeps
// nothing, and both are counted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/event.hpp"
#include "gantry/batch/metrics.hpp"
#include "gantry/batch/options.hpp"
#include "gantry/batch/request.hpp"
#include "gantry/store/segmented_lru.hpp"

namespace gantry::batch::core {

// Values as bytes and back, without their type. Both empty: values stay in memory only.
struct ErasedCodec {
  std::function<store::Bytes(const Value&)> encode;
  std::function<Value(const store::Bytes&)> decode;  // throws: the record is damaged
};

// How long past its time a value may still be answered.
struct StaleWindows {
  async::Duration while_revalidate{0};
  async::Duration if_error{0};
};

// What the cache has of a key. Only where it is kFresh or kRevalidate, the landing is an answer;
// where it is kIfError it is one if upstream fails.
enum class Knowledge : std::uint8_t { kNothing, kFresh, kRevalidate, kIfError };

class RequestView;
class AnswerPlaces;

class Cache {
 public:
  // `options` and `metrics` outlive the cache.
  Cache(const Services& services, const ProcessorOptions& options, ErasedCodec codec,
        Metrics& metrics);

  // Fills in `landings[i]` and `known[i]` for every keys[i], which live until the task has ended.
  // Memory is asked first, then the store, once, for what is left. A store that has not answered at
  // the deadline has nothing.
  async::awaitable<void> look_up(std::span<const std::string_view> keys, StaleWindows windows,
                                 std::optional<async::TimePoint> deadline,
                                 std::span<Landing> landings, std::span<Knowledge> known);
  // Requests that memory has answered.
  struct Answered {
    std::uint64_t keys = 0;       // different ones
    std::uint64_t failed = 0;     // of those, that there is no such thing
    std::uint64_t stale = 0;      // of those
    std::uint64_t conflicts = 0;  // equal keys that want different things
  };
  // Answers requests from memory, if it has fresh answers to all of them; else nothing happens.
  std::optional<Answered> answer_all(const RequestView& requests, bool deduplication,
                                     AnswerPlaces& answers);
  bool has_in_memory(std::string_view key) const { return memory_.contains(key); }
  // Memory alone.
  Knowledge look_in_memory(std::string_view key, StaleWindows windows, Landing& landing);

  // Remembers what upstream said: a value for `ttl`, or kNotFound for the processor's negative
  // time. Written to the store in the background, many at a time.
  void keep(const std::string& key, const Value& value, async::Duration ttl, StaleWindows windows);
  void keep_absence(const std::string& key, std::shared_ptr<const Error> failure);

  // What was known of these keys counts no more, from now on.
  async::awaitable<void> forget(std::vector<std::string> keys);

  // Returns when all that was kept is in the store, or lost.
  async::awaitable<void> flush();

 private:
  struct Known {
    Value value;
    std::shared_ptr<const Error> absence;
    async::WallTime fresh_until;
    async::WallTime kept_until;
    // The last answer_all() that found it, and for which request: who finds it there again is a
    // duplicate, and no table of keys is needed.
    std::uint64_t round = 0;
    std::uint32_t first = 0;
  };
  struct Reading;

  Knowledge judge(async::WallTime fresh_until, async::WallTime kept_until, StaleWindows windows,
                  async::WallTime now) const;
  bool reads_store() const;
  static void answer(const Known& known, Provenance::Source source, std::string_view tier,
                     async::WallTime now, Landing& landing);
  void remember(std::string_view key, Known known);
  bool decode(const store::Record& record, Known& known);
  async::awaitable<bool> has_answered(std::shared_ptr<Reading> reading,
                                      std::optional<async::TimePoint> deadline);
  async::awaitable<void> read(std::shared_ptr<Reading> reading);
  void take_over(Reading& reading, StaleWindows windows, std::span<Landing> landings,
                 std::span<Knowledge> known);
  void write_soon(std::string key, store::Record record);
  async::awaitable<void> write_all();
  async::WallTime later(async::WallTime time, async::Duration duration) const;

  Services services_;
  const ProcessorOptions& options_;
  ErasedCodec codec_;
  Metrics& metrics_;
  store::SegmentedLru<Known> memory_;
  std::uint64_t rounds_ = 0;
  std::vector<store::Put> to_write_;
  std::size_t bytes_to_write_ = 0;
  bool writing_ = false;
  async::Event written_;
};

}  // namespace gantry::batch::core
