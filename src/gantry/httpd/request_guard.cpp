#include "gantry/httpd/request_guard.hpp"

#include <algorithm>
#include <charconv>

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "gantry/base/error.hpp"

namespace gantry::httpd {
namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

struct Origin {
  std::string scheme;
  Authority authority;
};

std::optional<std::uint16_t> default_port(std::string_view scheme) {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  return std::nullopt;
}

std::optional<Origin> parse_origin(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == text.npos) return std::nullopt;
  auto scheme = lower_case(text.substr(0, colon));
  auto authority = parse_authority(text.substr(colon + 3));
  if (!authority || !default_port(scheme)) return std::nullopt;
  return Origin{std::move(scheme), *std::move(authority)};
}

// Behind a proxy that ends TLS the server cannot know its own scheme, so the origin's decides what
// a missing port means.
bool is_same(const Origin& origin, const Authority& host) {
  const auto fallback = default_port(origin.scheme);
  const auto origin_port = origin.authority.port ? origin.authority.port : fallback;
  const auto host_port = host.port ? host.port : fallback;
  return origin.authority.host == host.host && origin_port == host_port;
}

std::optional<std::string_view> only_header(const Request& request, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : request.headers) {
    if (!equal_without_case(key, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_cookie_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const auto parsed = boost::urls::parse_authority(text);
  if (!parsed || parsed->has_userinfo() || parsed->host().empty()) return std::nullopt;
  Authority authority;
  switch (parsed->host_type()) {
    case boost::urls::host_type::ipv6:
      authority.host = parsed->host_ipv6_address().to_string();
      break;
    case boost::urls::host_type::ipv4:
    case boost::urls::host_type::name:
      authority.host = lower_case(parsed->host());
      break;
    default:
      return std::nullopt;
  }
  if (parsed->has_port()) {
    const auto digits = parsed->port();
    std::uint16_t port = 0;
    const auto* end = digits.data() + digits.size();
    if (const auto [rest, error] = std::from_chars(digits.data(), end, port);
        error != std::errc() || rest != end) {
      return std::nullopt;
    }
    authority.port = port;
  }
  return authority;
}

bool host_is_allowed(const Request& request, const std::vector<std::string>& allowed) {
  const auto header = only_header(request, "host");
  if (!header) return false;
  const auto host = parse_authority(*header);
  if (!host) return false;
  return std::ranges::any_of(allowed, [&](const std::string& text) {
    const auto entry = parse_authority(text);
    return entry && entry->host == host->host && (!entry->port || entry->port == host->port);
  });
}

bool origin_is_allowed(const Request& request, const std::vector<std::string>& allowed) {
  if (!request.header("origin")) {
    const auto site = request.header("sec-fetch-site");
    return !site || *site == "same-origin" || *site == "none";
  }
  const auto header = only_header(request, "origin");
  const auto origin = header ? parse_origin(*header) : std::nullopt;
  if (!origin) return false;
  const auto host_header = only_header(request, "host");
  const auto host = host_header ? parse_authority(*host_header) : std::nullopt;
  if (host && is_same(*origin, *host)) return true;
  return std::ranges::any_of(allowed, [&](const std::string& text) {
    const auto entry = parse_origin(text);
    return entry && entry->scheme == origin->scheme && is_same(*origin, entry->authority);
  });
}

std::optional<std::string> cookie_value(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (!equal_without_case(key, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      const auto pair = trimmed(rest.substr(0, end));
      const auto equals = pair.find('=');
      if (equals != pair.npos && pair.substr(0, equals) == name) {
        return std::string(pair.substr(equals + 1));
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

std::string to_set_cookie(const Cookie& cookie) {
  if (!is_token(cookie.name) || !is_cookie_value(cookie.value)) {
    throw Error(ErrorCode::kInternal,
                fmt::format("the cookie '{}' holds a character that cookies cannot", cookie.name));
  }
  std::string text =
      fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", cookie.name, cookie.value);
  if (cookie.max_age) text += fmt::format("; Max-Age={}", cookie.max_age->count());
  if (cookie.secure) text += "; Secure";
  return text;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Headers page_policy() {
  return {{"Content-Security-Policy",
           "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
           "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"}};
}

Headers download_policy() {
  return {{"Content-Security-Policy", "sandbox; default-src 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"Cross-Origin-Resource-Policy", "same-origin"}};
}

}  // namespace gantry::httpd
