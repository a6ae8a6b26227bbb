// The seam between Gantry and the network: one request, one answer, no policy. Limits, retries,
// redirects and credentials are the client's.
#pragma once

#include "gantry/async/awaitable.hpp"
#include "gantry/net/http.hpp"

namespace gantry::net {

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends one request and returns its whole answer, whatever the status; never follows a redirect.
  // Errors: kNetwork and kTimeout (with Retry::kSameRequest), kTooLarge, kUnsafe (the address is
  // not allowed), kIo and kNoSpace (the body could not be kept), kCancelled, kRateLimited with
  // Retry::kSameRequest if the host's gate closed before the request left. Io thread.
  virtual async::awaitable<HttpResponse> send(HttpRequest request) = 0;
};

}  // namespace gantry::net
