#include "gantry/net/http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include "gantry/base/error.hpp"

namespace gantry::net {
namespace {

constexpr std::chrono::hours kYear{365 * 24};
constexpr std::size_t kLongestHost = 253;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// libcurl's own parser, so that what is judged here is what is connected to later.
class Url {
 public:
  explicit Url(std::string_view text) : handle_(curl_url()) {
    std::string copy(text);
    if (copy.find("://") == std::string::npos ||
        curl_url_set(handle_, CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
      curl_url_cleanup(handle_);
      throw Error(ErrorCode::kUsage, "'" + copy.substr(0, 200) + "' is not an absolute address");
    }
  }
  ~Url() { curl_url_cleanup(handle_); }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;

  std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle_, which, &text, flags) != CURLUE_OK) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
  }

  // A relative address replaces what it names and keeps the rest.
  bool follow(std::string_view location) {
    std::string copy(location);
    return curl_url_set(handle_, CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME) ==
           CURLUE_OK;
  }

 private:
  CURLU* handle_;
};

// Host and origin of an address that needs no interpretation, as nearly all do: nothing but
// lower case, no user, nothing escaped, a host that is a plain name or four plain numbers, a port
// that is not the usual one. Empty for all others. libcurl takes ten times as long, and a download
// asks five times.
struct PlainUrl {
  std::string_view host;
  std::string_view origin;
};

std::optional<PlainUrl> plain_url(std::string_view url) {
  bool is_https = url.starts_with("https://");
  if (!is_https && !url.starts_with("http://")) return std::nullopt;
  bool is_printable =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 127; });
  std::size_t begin = is_https ? 8 : 7;
  std::size_t end = url.find('/', begin);
  if (!is_printable || end == std::string_view::npos) return std::nullopt;
  std::string_view host = url.substr(begin, end - begin);
  std::size_t colon = host.find(':');
  if (colon != std::string_view::npos) {
    std::string_view digits = host.substr(colon + 1);
    int port = 0;
    auto [last, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    bool is_usual = port == (is_https ? 443 : 80);
    if (failure != std::errc() || last != digits.data() + digits.size() || digits[0] == '0' ||
        port < 1 || port > 65535 || is_usual) {
      return std::nullopt;
    }
    host = host.substr(0, colon);
  }
  bool is_plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (!is_plain || host.empty() || host.size() > kLongestHost) return std::nullopt;
  // libcurl reads 127.1, 0177.0.0.1 and 0x7f.1 as addresses.
  in_addr address{};
  bool is_name = host[0] >= 'a' && host[0] <= 'z';
  if (!is_name && inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return PlainUrl{host, url.substr(0, end)};
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

}  // namespace

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (equal_ignoring_case(header->first, name)) return header->second;
  }
  return {};
}

std::string host_of(std::string_view url) {
  if (auto plain = plain_url(url)) return std::string(plain->host);
  std::string host = in_lower_case(Url(url).part(CURLUPART_HOST));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

std::string origin_of(std::string_view url) {
  if (auto plain = plain_url(url)) return std::string(plain->origin);
  Url parsed(url);
  std::string origin = parsed.part(CURLUPART_SCHEME) + "://" + parsed.part(CURLUPART_HOST);
  std::string port = parsed.part(CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  if (!port.empty()) origin += ":" + port;
  return in_lower_case(std::move(origin));
}

std::string resolve_location(std::string_view base, std::string_view location) {
  Url target(base);
  if (!target.follow(location)) {
    throw Error(ErrorCode::kBadResponse, "a redirect leads to something that is not an address");
  }
  return target.part(CURLUPART_URL);
}

std::string shown_url(std::string_view url) {
  std::size_t end = url.find_first_of("?#");
  std::string shown(url.substr(0, std::min<std::size_t>(end, 300)));
  std::size_t host = shown.find("://");
  std::size_t at = shown.find('@');
  if (host != std::string::npos && at != std::string::npos && at < shown.find('/', host + 3)) {
    shown.erase(host + 3, at - host - 2);
  }
  return shown;
}

std::optional<async::WallTime> parse_http_date(std::string_view text) {
  std::time_t date = curl_getdate(std::string(text).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::chrono::system_clock::from_time_t(date);
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           async::WallTime now) {
  using std::chrono::milliseconds;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  milliseconds wait{0};
  if (failure == std::errc() && end == text.data() + text.size()) {
    if (!(seconds >= 0)) return milliseconds(0);
    seconds = std::min(seconds, std::chrono::duration<double>(kYear).count());
    wait = milliseconds(static_cast<std::int64_t>(seconds * 1000));
  } else {
    auto until = parse_http_date(text);
    if (!until) return std::nullopt;
    wait = std::chrono::duration_cast<milliseconds>(*until - now);
  }
  return std::clamp<milliseconds>(wait, milliseconds(0), kYear);
}

std::chrono::milliseconds rate_limit_pause(const std::vector<Header>& headers,
                                           async::WallTime now) {
  auto said = parse_retry_after(find_header(headers, "Retry-After"), now);
  return said.value_or(std::chrono::minutes(1));
}

}  // namespace gantry::net
