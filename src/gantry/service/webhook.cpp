#include "gantry/service/webhook.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gantry/base/error.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/net/egress.hpp"
#include "gantry/net/http.hpp"

namespace gantry::service {
namespace {

constexpr std::size_t kLongestUrl = 2000;
constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kSecretBytes = 32;

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                             reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Nothing if it is none.
std::string from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                             reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()));
  auto padding =
      std::count(text.end() - std::min<std::ptrdiff_t>(2, std::ssize(text)), text.end(), '=');
  bytes.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(size - padding, 0)));
  return bytes;
}

// Without the query; "/" where there is none.
std::string_view path_of(std::string_view url) {
  std::size_t begin = url.find('/', url.find("://") + 3);
  if (begin == std::string_view::npos) return "/";
  return url.substr(begin, url.find_first_of("?#", begin) - begin);
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/'), path.size());
    std::string segment;
    for (std::size_t i = 0; i < end; ++i) {
      bool is_escaped_dot = path.substr(i, 3) == "%2e" || path.substr(i, 3) == "%2E";
      segment += is_escaped_dot ? '.' : path[i];
      if (is_escaped_dot) i += 2;
    }
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

}  // namespace

std::string_view to_string(WebhookEvent event) {
  return event == WebhookEvent::kTaskEnded ? "task.ended" : "batch.ended";
}

void check_webhook_url(std::string_view url) {
  bool is_printable = std::all_of(url.begin(), url.end(), [](char c) {
    return c > ' ' && c < 127 && c != '\\' && c != '"' && c != '<' && c != '>';
  });
  if (url.size() > kLongestUrl || !is_printable) {
    throw Error(ErrorCode::kUnsafe, fmt::format("an address has at most {} characters, none of "
                                                "them a blank or outside of ASCII",
                                                kLongestUrl));
  }
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    throw Error(ErrorCode::kUnsafe, "it does not begin with https://");
  }
  net::EgressPolicy().check_url(url);
  std::string_view authority = url.substr(url.find("://") + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos || url.find('#') != std::string_view::npos) {
    throw Error(ErrorCode::kUnsafe, "it has a user or a fragment");
  }
  if (has_dot_segment(path_of(url))) {
    throw Error(ErrorCode::kUnsafe, "its path has '.' or '..' as a part");
  }
}

bool is_covered(std::string_view url, std::string_view entry) {
  if (net::origin_of(url) != net::origin_of(entry)) return false;
  std::string_view path = path_of(url);
  std::string_view allowed = path_of(entry);
  return allowed.ends_with('/') ? path.starts_with(allowed) : path == allowed;
}

Secret make_webhook_secret() {
  std::string bytes(kSecretBytes, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kSecretBytes);
  return Secret(std::string(kSecretPrefix) + base64(bytes));
}

std::string webhook_signature(const Secret& secret, std::string_view id, std::int64_t timestamp,
                              std::string_view body) {
  std::string_view text = secret.reveal();
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string key;
  if (text.starts_with(kSecretPrefix)) key = from_base64(text.substr(kSecretPrefix.size()));
  if (key.empty()) {
    throw Error(ErrorCode::kInvalidConfig,
                "the secret of a webhook is not \"whsec_\" with base64 after it");
  }
  Digest signature = hmac_sha256(key, fmt::format("{}.{}.{}", id, timestamp, body));
  return "v1," +
         base64({reinterpret_cast<const char*>(signature.bytes.data()), signature.bytes.size()});
}

}  // namespace gantry::service
