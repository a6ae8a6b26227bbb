#include "gantry/net/http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <curl/curl.h>

#include "gantry/base/error.hpp"

namespace gantry::net {
namespace {

constexpr std::chrono::hours kYear{365 * 24};

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
  std::string host = in_lower_case(Url(url).part(CURLUPART_HOST));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

std::string origin_of(std::string_view url) {
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
    std::time_t date = curl_getdate(std::string(text).c_str(), nullptr);
    if (date < 0) return std::nullopt;
    auto until = std::chrono::system_clock::from_time_t(date);
    wait = std::chrono::duration_cast<milliseconds>(until - now);
  }
  return std::clamp<milliseconds>(wait, milliseconds(0), kYear);
}

std::chrono::milliseconds rate_limit_pause(const std::vector<Header>& headers,
                                           async::WallTime now) {
  auto said = parse_retry_after(find_header(headers, "Retry-After"), now);
  return said.value_or(std::chrono::minutes(1));
}

}  // namespace gantry::net
