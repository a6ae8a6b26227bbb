// Where requests may go: judged by scheme and host before a request is made, and by the address
// that the host resolved to before a connection is opened. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace gantry::net {

// Whether `host` can only mean this machine: "localhost", 127.x.x.x, ::1.
bool is_loopback_name(std::string_view host);
bool is_loopback(const sockaddr& address);
// Whether the address is one that the whole Internet means the same by: no private network, no
// link, no loopback, no multicast, nothing reserved.
bool is_public(const sockaddr& address);
// "203.0.113.7" or "2001:db8::1"; the family's number for others.
std::string address_text(const sockaddr& address);

class EgressPolicy {
 public:
  // For programs a person runs: https to anywhere; http to loopback, elsewhere only if
  // `plain_http` is asked for.
  explicit EgressPolicy(bool plain_http = false) : plain_http_(plain_http) {}

  // For servers, which send to where others say: https, past any proxy, to public addresses. Only
  // hosts for which `may_be_private` is true may be elsewhere, and those on this machine may speak
  // http. It is called on any thread.
  static EgressPolicy for_server(std::function<bool(std::string_view host)> may_be_private);

  // Error kUnsafe, naming the address and what to do.
  void check_url(std::string_view url) const;
  // The hop from one URL to another: as check_url, and never from https to http.
  void check_redirect(std::string_view from, std::string_view to) const;
  // Whether a connection for a request to this URL may be opened to this address.
  bool allows(std::string_view url, const sockaddr& address) const;
  // Whether requests to this URL go past proxies, so that the address that is judged is the peer's.
  bool goes_direct(std::string_view url) const;

 private:
  bool plain_http_;
  std::function<bool(std::string_view)> may_be_private_;  // of a server only
};

}  // namespace gantry::net
