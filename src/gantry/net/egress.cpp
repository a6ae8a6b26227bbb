#include "gantry/net/egress.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "gantry/base/error.hpp"
#include "gantry/net/http.hpp"

namespace gantry::net {
namespace {

bool is_https(std::string_view url) { return url.starts_with("https://"); }
bool is_http(std::string_view url) { return url.starts_with("http://"); }

std::string normal_scheme(std::string_view url) {
  std::string origin = origin_of(url);
  return origin.substr(0, origin.find("://") + 3);
}

bool is_loopback_v4(std::uint32_t address_in_host_order) {
  return address_in_host_order >> 24 == 127;
}

}  // namespace

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return is_loopback_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) return true;
    return IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127;
  }
  return false;
}

bool is_loopback_name(std::string_view host) {
  if (host == "localhost") return true;
  std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return is_loopback_v4(ntohl(v4.s_addr));
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string address_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (address.sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  if (bytes == nullptr || inet_ntop(address.sa_family, bytes, text, sizeof text) == nullptr) {
    return "address family " + std::to_string(address.sa_family);
  }
  return text;
}

void EgressPolicy::check_url(std::string_view url) const {
  std::string scheme = normal_scheme(url);
  if (is_https(scheme)) return;
  if (!is_http(scheme)) {
    throw Error(ErrorCode::kUnsafe, shown_url(url) + " is refused: only https is allowed");
  }
  if (plain_http_ || is_loopback_name(host_of(url))) return;
  throw Error(ErrorCode::kUnsafe, shown_url(url) +
                                      " is refused: plain http goes to this machine only "
                                      "(--allow-http permits more; use https)");
}

void EgressPolicy::check_redirect(std::string_view from, std::string_view to) const {
  check_url(to);
  if (is_https(normal_scheme(from)) && !is_https(normal_scheme(to))) {
    throw Error(ErrorCode::kUnsafe, "the redirect from " + shown_url(from) + " to " +
                                        shown_url(to) + " is refused: it leaves https");
  }
}

bool EgressPolicy::allows(bool https, const sockaddr& address) const {
  return https || plain_http_ || is_loopback(address);
}

}  // namespace gantry::net
