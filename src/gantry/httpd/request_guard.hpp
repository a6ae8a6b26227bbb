// What keeps other sites' pages away from a server that a browser can reach: the names it answers
// to, the origins it takes requests from, and cookies that only its own pages send. Pure.
//
// A page of another site can make its visitor's browser send requests here. If its name is made to
// resolve to this server (DNS rebinding), the Host header shows it; else Origin or Sec-Fetch-Site
// does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/httpd/message.hpp"

namespace gantry::httpd {

// A host and a port as they stand in a Host header or an origin.
struct Authority {
  std::string host;  // lower case; IPv6 without its brackets, in its shortest form
  std::optional<std::uint16_t> port;

  bool operator==(const Authority&) const = default;
};

// Nothing for what is no host: empty, with user information, a path, blanks, a port beyond 65535.
std::optional<Authority> parse_authority(std::string_view text);

// True if the request has exactly one Host header and it is among `allowed`: "example.org" stands
// for any port, "example.org:8080" and "[::1]:8080" for that one.
bool host_is_allowed(const Request& request, const std::vector<std::string>& allowed);

// False for what a page of another site has made the browser send: an Origin that is neither the
// request's own Host nor one of `allowed` ("https://example.org"), or Sec-Fetch-Site "cross-site"
// or "same-site" without an Origin. Programs send neither header, which is well.
bool origin_is_allowed(const Request& request, const std::vector<std::string>& allowed = {});

// The first value of a cookie, over all Cookie headers; nothing if there is none.
std::optional<std::string> cookie_value(const Request& request, std::string_view name);

// A cookie that scripts cannot read and that other sites' pages do not send.
struct Cookie {
  std::string name;
  std::string value;
  std::optional<std::chrono::seconds> max_age;  // nothing: until the browser ends; 0 removes it
  bool secure = false;                          // sent over https only
};
// The value of Set-Cookie: HttpOnly, SameSite=Strict, for all paths. kInternal if name or value
// holds a character that a cookie cannot.
std::string to_set_cookie(const Cookie& cookie);

// Whether two texts are equal, in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

// The headers of a page that loads nothing but this server's own scripts, styles and data, and that
// no other page may frame.
Headers page_policy();
// The headers of a file of foreign making that is only to be saved.
Headers download_policy();

}  // namespace gantry::httpd
