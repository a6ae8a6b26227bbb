// What the sandbox has seen, for tests and benches to judge a client by.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apps/sandbox/faults.hpp"
#include "apps/sandbox/limits.hpp"

namespace gantry::sandbox {

enum class Side { kApi, kCdn };

// All calls from any thread.
class Stats {
 public:
  explicit Stats(std::chrono::seconds window) : window_(window) {}

  // A request counts as in flight until the last copy of what this returns has gone.
  std::shared_ptr<void> arrived(Side side);
  void api_call(std::string_view endpoint, int tier, Clock::time_point now);
  // A 429 has been written; `decided` is when its Retry-After began to run.
  void paused(Clock::time_point decided, Clock::time_point written, int retry_after);
  void answered(Side side, int status, std::size_t body_bytes);
  void injected(Side side, Fault fault);
  // A whole picture left under this path.
  void served(const std::string& path);
  // A credential came to a host that is not the API's.
  void credential_seen();
  void reset();

  // See docs/sandbox.md for the fields.
  std::string to_json() const;

 private:
  struct Pause {
    Clock::time_point from;
    Clock::time_point until;
  };
  struct Window {
    std::deque<Clock::time_point> calls;
    std::size_t most = 0;
  };
  struct Traffic {
    std::uint64_t requests = 0;
    std::size_t now = 0;
    std::size_t peak = 0;
    std::uint64_t bytes = 0;
    std::map<int, std::uint64_t> by_status;
    std::map<std::string, std::uint64_t, std::less<>> faults;
  };

  Traffic& of(Side side) { return side == Side::kApi ? api_ : cdn_; }
  void count_in(Window& window, Clock::time_point now);

  const std::chrono::seconds window_;
  mutable std::mutex mutex_;
  Traffic api_;
  Traffic cdn_;
  std::map<std::string, std::uint64_t, std::less<>> by_endpoint_;
  std::array<Window, 3> tiers_;
  Window total_;
  std::vector<Pause> pauses_;
  std::uint64_t requests_during_pause_ = 0;
  std::uint64_t credentials_ = 0;
  std::unordered_map<std::string, std::uint64_t> served_;
};

}  // namespace gantry::sandbox
