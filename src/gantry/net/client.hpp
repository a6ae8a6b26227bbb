// The path of a call: retry { admission -> egress -> auth -> (record or replay) -> curl }.
//
// Redirects are followed here, at most five, each hop judged and authorised anew: a credential goes
// to its own origin only. Io thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "gantry/async/clock.hpp"
#include "gantry/net/admission.hpp"
#include "gantry/net/egress.hpp"
#include "gantry/net/retry_policy.hpp"
#include "gantry/net/transport.hpp"

namespace gantry::net {

// Told how attempts went, while they still hold their slots. Outlives the client.
class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  // `failed`: for a reason that a server under less load might not have: a 429, a 5xx, a reset, a
  // time-out.
  virtual void attempt_ended(const TicketRequest& ticket, async::Duration took, bool failed) = 0;
};

struct CallOptions {
  TicketRequest ticket;
  AttemptObserver* observer = nullptr;
  // What the first attempt goes on, if whoever calls has waited for it already; taken from there.
  // Null: it waits for its own, as every further attempt does.
  std::shared_ptr<Admission::Grant> grant;
  RetryPolicy retry;
  // Judges a 2xx answer; what it throws counts as this attempt's failure. May be empty.
  std::function<void(const HttpResponse&)> check;
  // How long an answer asks to wait because of a limit, after so many pauses of this call; nothing
  // if it speaks of none. Empty: a 429 does, and its Retry-After says how long.
  std::function<std::optional<std::chrono::milliseconds>(const HttpResponse&, async::WallTime now,
                                                         int pauses)>
      asked_pause;
  // What the headers of such an answer say of the limit, for people. May be empty.
  std::function<std::string(const HttpResponse&)> describe_limit;
};

// Counts of everything that went through one client, or of what one lane has carried.
struct TrafficCounts {
  std::uint64_t requests = 0;      // that left, retries and redirects included
  std::uint64_t api_calls = 0;     // of those, with a budget
  std::uint64_t shared_calls = 0;  // with a budget, wanted by a lane and carried by another
  std::uint64_t retries = 0;
  std::uint64_t pauses = 0;  // answers 429
  std::uint64_t bytes = 0;   // of bodies
};

class Client {
 public:
  // `note` gets a line for every retry and pause. `seed` is for jitter.
  Client(Transport& transport, Admission& admission, EgressPolicy egress, async::Clock& clock,
         std::function<void(const std::string&)> note, std::uint64_t seed);

  // The last answer, whatever its status, once it is good or not worth another attempt. Throws what
  // Transport::send and Admission::admit throw, and what `options.check` threw, after the retries.
  // Each attempt takes a new ticket, with the claims of that moment.
  async::awaitable<HttpResponse> send(HttpRequest request, CallOptions options);

  // No further call with a budget goes to the host of `url`: its credential has been refused.
  void refuse_further(std::string_view url, const Error& reason) {
    admission_.close(host_of(url), reason);
  }

  const TrafficCounts& counts() const { return counts_; }
  // Of all lanes together, the api_calls are those of counts(), for each call has one payer.
  TrafficCounts counts(Lane lane) const;

 private:
  async::awaitable<HttpResponse> attempt(HttpRequest request, TicketRequest ticket,
                                         std::shared_ptr<Admission::Grant> given,
                                         AttemptObserver* observer);
  async::awaitable<HttpResponse> follow_redirects(HttpRequest request, HttpResponse response,
                                                  TicketRequest ticket, Lane payer);
  std::optional<std::chrono::milliseconds> pause_of(const HttpResponse& response,
                                                    const CallOptions& options, int pauses) const;
  void note_pause(const HttpRequest& request, const HttpResponse& response,
                  const CallOptions& options, std::chrono::milliseconds pause);
  static void authorise(HttpRequest& request);
  void count(bool is_api_call, Lane payer, const TicketRequest& ticket);

  Transport& transport_;
  Admission& admission_;
  EgressPolicy egress_;
  async::Clock& clock_;
  std::function<void(const std::string&)> note_;
  std::mt19937_64 random_;
  TrafficCounts counts_;
  std::map<Lane, TrafficCounts> of_lane_;
};

}  // namespace gantry::net
