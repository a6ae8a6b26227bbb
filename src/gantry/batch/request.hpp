// What a caller hands to a BatchProcessor and what it gets back.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gantry/async/awaitable.hpp"
#include "gantry/async/clock.hpp"
#include "gantry/base/error.hpp"
#include "gantry/batch/job_context.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/net/claims.hpp"

namespace gantry::batch {

using Priority = net::TicketClass;

// What an upstream call knows of those who wait for it. A fetch that goes through net::Client hands
// `grant` and `claims` on, so that the call has waited once and for all of them; any other fetch
// may ignore everything here. The slot is given back when the fetch has ended.
struct CallContext {
  JobContext job;                                // of the first who asked
  int attempt = 1;                               // 2 and more: retries
  std::shared_ptr<net::Admission::Grant> grant;  // null where nothing limits the calls
  std::shared_ptr<net::Claims> claims;
};

// One keyed thing that is wanted. Equal keys mean equal values: a key names the credential too,
// where different ones see different things.
template <class T>
struct Request {
  std::string key;
  // Gets the value from upstream. Called at most once an attempt, and not at all if the value is
  // known, under way, or brought by a planner. It belongs to the flight: it captures copies, or
  // what outlives the processor. May be empty where a planner serves the key. What it throws is the
  // outcome: kNotFound may be remembered, Retry::kSameRequest is tried again.
  std::function<async::awaitable<T>(CallContext)> fetch;
  std::optional<async::Duration> ttl;  // absent: the processor's; zero: the value is not kept
  Priority priority = Priority::kNormal;
  std::string host;  // whom it burdens, for caps per host; may be empty
};

// Where a value came from and what it cost, so that a slow or old one explains itself.
struct Provenance {
  enum class Source : std::uint8_t {
    kNone,    // there is no answer: cancelled, timed out
    kMemory,  // the processor's own memory
    kStore,   // `tier` says which
    kUpstream,
  };
  Source source = Source::kNone;
  bool shared = false;    // somebody else's flight brought it, or an equal key of the same batch
  bool stale = false;     // past its time: being refreshed, or upstream has failed
  int attempts = 0;       // calls that were made for this key
  std::string_view tier;  // "memory", "sqlite", ..., "upstream"; lives as long as the store
  async::Duration queue_wait{};  // until the call was admitted
  async::Duration latency{};     // from the request to the answer
  std::string group;             // that the key was fetched in; empty for cached ones
};

namespace core {

// A value whose type only the typed front knows, shared and never changed.
struct Value {
  std::shared_ptr<const void> object;
  std::size_t bytes = 0;  // held in memory, about
};

// What became of one request: a value, or a failure.
struct Landing {
  Value value;
  std::shared_ptr<const Error> failure;
  Provenance provenance;
};

template <class T>
class TypedAnswers;

}  // namespace core

// The answer to one request: a value or an error, and where it came from. Cheap to copy; equal keys
// share one value.
template <class T>
class Item {
 public:
  explicit Item(core::Landing landing) : landing_(std::move(landing)) {}

  bool ok() const { return landing_.failure == nullptr; }
  explicit operator bool() const { return ok(); }
  // Throws the error if there is one.
  const T& value() const {
    if (!ok()) throw *landing_.failure;
    return *static_cast<const T*>(landing_.value.object.get());
  }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }
  std::shared_ptr<const T> share() const {
    return std::static_pointer_cast<const T>(landing_.value.object);
  }
  // Only if there is no value.
  const Error& error() const { return *landing_.failure; }
  std::size_t bytes() const { return landing_.value.bytes; }
  const Provenance& provenance() const { return landing_.provenance; }

 private:
  friend core::TypedAnswers<T>;
  core::Landing landing_;
};

}  // namespace gantry::batch
