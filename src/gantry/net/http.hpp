// HTTP messages, and what a transfer may cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/blob.hpp"
#include "gantry/base/secret.hpp"

namespace gantry::net {

class HostGate;

using Header = std::pair<std::string, std::string>;

// The value of the last header of this name, case ignored; empty if there is none.
std::string_view find_header(const std::vector<Header>& headers, std::string_view name);

// A secret header and the one origin it may be sent to.
struct Credential {
  std::string header;  // "X-Figma-Token"
  Secret value;
  std::string origin;  // "https://api.figma.com", as origin_of() writes it
};

// Each bounds one attempt; zero means no bound.
struct TransferLimits {
  std::chrono::milliseconds connect{30'000};
  // The whole attempt.
  std::chrono::milliseconds total{0};
  // Fewer than `slow_bytes_per_second`, averaged over `slow_window`, end the attempt; this bounds
  // silence too.
  std::chrono::seconds slow_window{30};
  std::uint64_t slow_bytes_per_second = 1;
  // Larger bodies, after decompression, end the attempt.
  std::uint64_t body_bytes = 1ULL << 30;
  // Larger bodies go to a file while they arrive.
  std::uint64_t memory_bytes = Blob::kMemoryLimit;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<Header> headers;
  std::string body;
  std::optional<Credential> credential;
  TransferLimits limits;
  // Where bodies above limits.memory_bytes go; empty: the system's temporary folder.
  std::filesystem::path spill_folder;
  // Closed by a 429; the transport asks it just before the request leaves. May be null.
  std::shared_ptr<HostGate> gate;
};

struct HttpResponse {
  int status = 0;
  std::vector<Header> headers;
  Blob body;
  // When the request left and when its answer was complete.
  async::TimePoint departed;
  async::TimePoint answered;
};

// "https://host:port" in lower case, without a default port; kUsage if `url` has none.
std::string origin_of(std::string_view url);
// The host of a URL in lower case, without brackets and port.
std::string host_of(std::string_view url);
// `location` of a redirect, absolute.
std::string resolve_location(std::string_view base, std::string_view location);
// A URL as it may be shown: without user, query and fragment.
std::string shown_url(std::string_view url);

// The time in a header such as Date; nothing if it is none.
std::optional<async::WallTime> parse_http_date(std::string_view text);

// Retry-After in seconds or as an HTTP date; nothing if it is neither. Never negative, at most a
// year. `now` is the wall clock, for dates.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           async::WallTime now);

// How long a 429 with these headers asks to wait; a minute if it does not say.
std::chrono::milliseconds rate_limit_pause(const std::vector<Header>& headers, async::WallTime now);

}  // namespace gantry::net
