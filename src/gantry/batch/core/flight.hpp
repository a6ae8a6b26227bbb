// The parts that a batch is made of while it is under way. Io thread.
//
// A run is one batch. It waits at flights, one for each key in the process. A call brings one
// flight by its own fetch, or many by a planner. A window is the limit of a run on its calls.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/container/small_vector.hpp>

#include "gantry/batch/core/cache.hpp"
#include "gantry/batch/planner.hpp"

namespace gantry::batch::core {

using ErasedFetch = std::function<async::awaitable<Value>(CallContext)>;
using ErasedAnswers = std::unordered_map<std::string, Outcome<Value>>;

// A GroupPlanner without its type.
class ErasedPlanner {
 public:
  virtual ~ErasedPlanner() = default;
  virtual std::optional<Cost> cost(std::string_view group,
                                   std::span<const std::string_view> keys) const = 0;
  virtual async::awaitable<ErasedAnswers> fetch(std::string group, std::vector<std::string> keys,
                                                CallContext context) = 0;
};

// The requests of a caller, read only as far as needed: a cached key costs no copy.
class RequestView {
 public:
  virtual ~RequestView() = default;
  virtual std::size_t size() const = 0;
  virtual std::string_view key(std::size_t index) const = 0;
  virtual Priority priority(std::size_t index) const = 0;
  virtual std::optional<async::Duration> ttl(std::size_t index) const = 0;
  virtual std::string_view host(std::size_t index) const = 0;
  virtual bool agree(std::size_t one, std::size_t other) const = 0;  // want the same
  virtual ErasedFetch fetch(std::size_t index) const = 0;            // a copy that the flight owns
};

// Far ahead, where the sum would be beyond all time.
inline async::TimePoint in(async::TimePoint from, std::chrono::milliseconds time) {
  auto most = async::TimePoint::max() - from;
  return time < std::chrono::floor<std::chrono::milliseconds>(most) ? from + time
                                                                    : async::TimePoint::max();
}

// A place for the answer to each request. Answers from memory are made where the caller gets them:
// of many keys it is the moving about that costs.
class AnswerPlaces {
 public:
  virtual ~AnswerPlaces() = default;
  virtual void make(std::size_t count) = 0;
  virtual Landing& at(std::size_t index) = 0;
};

// The calls that one batch may have under way, and how busy they kept it. A pool of the admission
// queue where the limit can be reached.
class Window {
 public:
  // `limit` 0: none. `most_calls`: as many as the batch can ever have under way.
  Window(net::Admission& admission, const std::string& processor, int limit,
         std::uint64_t most_calls)
      : admission_(admission), limit_(limit) {
    if (limit_ == 0 || most_calls <= static_cast<std::uint64_t>(limit_)) return;
    pool_ = admission_.unique_name(processor);
    admission_.queue().set_pool(pool_, limit_, net::LaneOrder::kInTurn);
  }
  ~Window() {
    if (has_pool()) admission_.queue().remove_pool(pool_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  bool has_pool() const { return !pool_.empty(); }
  const std::string& pool() const { return pool_; }
  int limit() const { return limit_; }  // 0: none

  // A call has been granted a slot of this window, and gives it back.
  void take_slot() { peak_ = std::max(peak_, ++taken_); }
  void give_slot() { --taken_; }
  // Whether the queue counts a slot here that take_slot() has not heard of yet.
  bool has_newcomer() const {
    return has_pool() && admission_.queue().slots_in_use(pool_) > taken_;
  }

  void call_ended(async::Duration busy, bool served_many) {
    ++calls_;
    if (served_many) ++optimized_;
    busy_ += busy;
  }
  int peak() const { return peak_; }
  std::uint64_t calls() const { return calls_; }
  std::uint64_t optimized() const { return optimized_; }
  async::Duration busy() const { return busy_; }

 private:
  net::Admission& admission_;
  std::string pool_;
  int limit_;
  int taken_ = 0;
  int peak_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t optimized_ = 0;
  async::Duration busy_{};
};

// What the requests of a batch were made on: outlives the batch in the flights that it has begun.
struct Terms {
  BatchOptions options;
  std::shared_ptr<Window> window;
};

// A window (null: one without a pool) and a lane in which a call waits, and for how many.
struct WaitingPlace {
  std::shared_ptr<Window> window;
  net::Lane lane;
  std::size_t waiters;
};

struct Call;
struct Run;

struct Waiter {
  Run* run;
  std::uint32_t place;  // in the run
  Priority priority;
  bool joined;                     // a flight that somebody else had begun
  std::unique_ptr<Landing> stale;  // its answer if upstream fails
};

// What a waiter means to a call: it may outlive him.
struct Interest {
  std::shared_ptr<const Terms> terms;
  Priority priority;
};

struct Flight {
  std::string key;
  std::string group;
  std::string host;
  ErasedFetch fetch;  // empty: only a planner can bring it
  async::Duration ttl{};
  StaleWindows windows;
  std::list<Waiter> waiters;
  bool is_shared = true;               // in the table of flights, for others to join
  bool is_refresh = false;             // flies though nobody waits
  bool is_adrift = false;              // nobody waits, and a call under way brings it all the same
  bool is_over = false;                // landed, or everybody has left
  std::shared_ptr<const Terms> terms;  // of whoever began it
  std::weak_ptr<Call> call;
  async::TimePoint since;
  async::Duration queue_wait{};
  int attempts = 0;

  std::uint64_t bytes() const { return sizeof(Flight) + key.size() + group.size() + host.size(); }
  Priority priority() const {
    Priority highest = Priority::kLow;
    for (const Waiter& waiter : waiters) highest = std::min(highest, waiter.priority);
    return highest;
  }
};

using FlightPtr = std::shared_ptr<Flight>;

// One upstream call, from the moment that it is planned.
struct Call {
  enum class State {
    kGathering,  // a planner's call that is not full: keys may still join
    kWaiting,    // for admission; keys may still join
    kAdmitted,   // and asks the cache once more
    kSent,
    kSleeping,  // until the next attempt; holds nothing
    kOver,
  };

  State state = State::kGathering;
  ErasedPlanner* planner = nullptr;  // null: the fetch of the only flight
  std::string group;
  std::vector<FlightPtr> flights;  // those that are over are skipped
  std::size_t live = 0;            // that are neither over nor adrift
  std::size_t capacity = 1;
  std::uint64_t number = 0;            // in the order in which calls were planned
  std::shared_ptr<const Terms> terms;  // of one who waits
  // Where those wait who want it.
  boost::container::small_vector<WaitingPlace, 1> places;
  std::shared_ptr<Window> window;  // that the slot was granted in
  std::shared_ptr<net::Claims> claims = std::make_shared<net::Claims>();
  std::optional<net::TicketId> ticket;
  std::vector<std::string> caps;
  std::optional<async::Clock::AlarmId> alarm;
  std::weak_ptr<boost::asio::cancellation_signal> signal;
  async::TimePoint since;
  async::TimePoint admitted;
  int attempts = 0;
  bool is_answered = false;  // the flights have what they get from it, though it may still run
};

using CallPtr = std::shared_ptr<Call>;

// Which places of a batch ask for the same thing.
struct Places {
  std::vector<std::uint32_t> first;  // the request that stands for each place
  std::vector<std::uint32_t> of;     // the place of each request; empty: each has its own
  std::uint64_t conflicts = 0;       // equal keys that want different things
};
Places find_places(const RequestView& requests, bool deduplication);

// Where a run waits.
struct Seat {
  FlightPtr flight;
  std::list<Waiter>::iterator waiter;  // of the flight, unless that is over
};

// One batch under way.
struct Run {
  explicit Run(const async::any_io_executor& executor) : changed(executor) {}
  virtual ~Run() = default;
  // An answer for a place; never called for one that the run has left.
  virtual void landed(std::uint32_t place, Landing landing) = 0;

  std::shared_ptr<const Terms> terms;
  std::unordered_map<std::uint32_t, Seat> seats;  // by place
  std::size_t pending = 0;
  bool has_left = false;  // and takes nothing any more
  async::Event changed;
  bool is_prefetch = false;  // on a prediction, behind everybody else
  BatchMetrics metrics;
  BytesHeld bytes;
  async::TimePoint started;
  std::optional<async::TimePoint> deadline;
};

inline Interest interest_of(const Waiter& waiter) { return {waiter.run->terms, waiter.priority}; }

}  // namespace gantry::batch::core
