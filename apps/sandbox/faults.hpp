// Which requests go wrong, and how: drawn from a seed, so that a run can be repeated.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gantry::sandbox {

enum class Fault {
  kNone,
  kServerError,  // 500, 502, 503 or 504
  kReset,        // a TCP reset instead of an answer
  kTruncate,     // the connection closes in the middle of the body
  kHtml,         // a page with status 200
  kSlow,         // the body trickles
  kLength,       // a Content-Length that is not the body's
  kRedirect,     // 302 to another host
};
constexpr std::size_t kFaultKinds = 8;

// "5xx", "reset", "truncate", "html", "slow", "length", "redirect"; "none"
std::string_view name_of(Fault fault);

enum class FaultTarget { kCdn, kApi, kBoth };

struct FaultOptions {
  std::array<double, kFaultKinds> percent{};  // by Fault; kNone is not used
  FaultTarget target = FaultTarget::kBoth;
  std::uint64_t seed = 1;
  // So many faults an address has at most; later attempts succeed. 0: no such mercy.
  int per_address = 2;
  int slow_ms = 1000;  // how long a slow body takes
};

struct FaultDecision {
  Fault fault = Fault::kNone;
  std::uint64_t variant = 0;  // picks among forms of one fault
};

class Faults {
 public:
  explicit Faults(FaultOptions options) : options_(options) {}

  // The fate of the next attempt at `address`: it depends on the seed, the address and the number
  // of attempts before, on nothing else. Any thread.
  FaultDecision next(bool is_api, std::string_view address);
  // Forgets all attempts.
  void reset();

 private:
  struct Attempts {
    std::uint64_t count = 0;
    int faults = 0;
  };

  const FaultOptions options_;
  std::mutex mutex_;
  std::unordered_map<std::string, Attempts> attempts_;
};

}  // namespace gantry::sandbox
