#include "gantry/net/egress.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

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

struct Network {
  std::uint32_t address;
  int bits;

  constexpr bool has(std::uint32_t other) const { return (other ^ address) >> (32 - bits) == 0; }
};

// The special-purpose registry of IANA (RFC 6890), and multicast.
constexpr std::array kSpecialNetworks = {
    Network{0x00000000, 8},   // this host
    Network{0x0A000000, 8},   // private
    Network{0x64400000, 10},  // carriers' translation
    Network{0x7F000000, 8},   // loopback
    Network{0xA9FE0000, 16},  // link; metadata of clouds
    Network{0xAC100000, 12},  // private
    Network{0xC0000000, 24},  // protocols
    Network{0xC0000200, 24},  // documentation
    Network{0xC0586300, 24},  // 6to4 relays
    Network{0xC0A80000, 16},  // private
    Network{0xC6120000, 15},  // benchmarks
    Network{0xC6336400, 24},  // documentation
    Network{0xCB007100, 24},  // documentation
    Network{0xE0000000, 3},   // multicast, reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(kSpecialNetworks.begin(), kSpecialNetworks.end(),
                      [address](const Network& network) { return network.has(address); });
}

bool is_public_v6(const in6_addr& address) {
  const std::uint8_t* bytes = address.s6_addr;
  auto word = [bytes](int at) {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
           std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
  };
  bool is_translated = word(0) == 0x0064FF9B && word(4) == 0 && word(8) == 0;
  if (IN6_IS_ADDR_V4MAPPED(&address) || is_translated) return is_public_v4(word(12));
  bool is_global = bytes[0] >> 5 == 1;                                        // 2000::/3
  bool is_protocol = word(0) >> 9 == 0x20010000 >> 9;                         // 2001::/23, Teredo
  bool is_documentation = word(0) == 0x20010DB8 || word(0) >> 12 == 0x3FFF0;  // 3fff::/20
  bool is_6to4 = word(0) >> 16 == 0x2002;
  return is_global && !is_protocol && !is_documentation && !is_6to4;
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

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return is_public_v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  return address.sa_family == AF_INET6 &&
         is_public_v6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
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

EgressPolicy EgressPolicy::for_server(std::function<bool(std::string_view host)> may_be_private) {
  EgressPolicy policy;
  policy.may_be_private_ = std::move(may_be_private);
  return policy;
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

bool EgressPolicy::allows(std::string_view url, const sockaddr& address) const {
  if (may_be_private_ && !is_public(address) && !may_be_private_(host_of(url))) return false;
  return is_https(normal_scheme(url)) || plain_http_ || is_loopback(address);
}

bool EgressPolicy::goes_direct(std::string_view url) const {
  return may_be_private_ != nullptr || is_loopback_name(host_of(url));
}

}  // namespace gantry::net
