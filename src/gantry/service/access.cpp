#include "gantry/service/access.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/net/egress.hpp"
#include "gantry/net/http.hpp"
#include "gantry/service/task.hpp"
#include "gantry/service/webhook.hpp"

namespace gantry::service {
namespace {

constexpr std::uint64_t kLargestKeyFile = 1 << 20;
constexpr std::string_view kBearer = "Bearer ";

std::optional<KeyScope> scope_of(std::string_view word) {
  if (word == "read") return KeyScope::kRead;
  if (word == "create") return KeyScope::kCreate;
  if (word == "admin") return KeyScope::kAdmin;
  return std::nullopt;
}

std::optional<unsigned> scopes_of(std::string_view words) {
  unsigned scopes = 0;
  while (!words.empty()) {
    std::size_t comma = std::min(words.find(','), words.size());
    std::optional<KeyScope> scope = scope_of(words.substr(0, comma));
    if (!scope) return std::nullopt;
    scopes |= static_cast<unsigned>(*scope);
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return scopes == 0 ? std::nullopt : std::optional(scopes);
}

std::vector<std::string> entries_of(std::string_view list) {
  std::vector<std::string> entries;
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) entries.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return entries;
}

std::vector<std::string>* list_named(std::string_view name, AccessKey& key) {
  if (name == "webhooks") return &key.webhooks;
  if (name == "private") return &key.private_hosts;
  return name == "files" ? &key.files : nullptr;
}

// "webhooks=https://a.example/,https://b.example/hook"
void read_list(const std::string& word, AccessKey& key) {
  std::size_t equals = std::min(word.find('='), word.size() - 1);
  std::vector<std::string>* list = list_named(word.substr(0, equals), key);
  std::vector<std::string> entries = entries_of(std::string_view(word).substr(equals + 1));
  if (list == nullptr || entries.empty()) {
    throw Error(
        ErrorCode::kInvalidConfig,
        fmt::format("'{}' is none of webhooks=URL,..., private=HOST,... and files=KEY,...", word));
  }
  if (list == &key.webhooks) {
    for (const std::string& url : entries) {
      try {
        check_webhook_url(url);
      } catch (const Error& error) {
        throw Error(ErrorCode::kInvalidConfig, error.message()).in("webhook '" + url + "'");
      }
    }
  }
  *list = std::move(entries);
}

AccessKey parse_line(const std::string& line, const SourcePosition& position) {
  std::istringstream words(line);
  AccessKey key;
  std::string scopes;
  std::string hash;
  words >> key.name >> scopes >> hash;
  std::optional<unsigned> known_scopes = scopes_of(scopes);
  std::optional<Digest> digest = Digest::from_hex(hash);
  if (!is_id(key.name) || !known_scopes || !digest) {
    throw Error(ErrorCode::kInvalidConfig,
                "not a key; it wants \"NAME SCOPES SHA256\", such as \"ci read,create 9f86...\"")
        .at(position);
  }
  key.scopes = *known_scopes;
  key.hash = *digest;
  try {
    for (std::string word; words >> word;) read_list(word, key);
  } catch (const Error& error) {
    throw error.at(position);
  }
  return key;
}

}  // namespace

Access::Access(std::vector<AccessKey> keys, Secret secret)
    : keys_(std::move(keys)), secret_(std::move(secret)) {}

const AccessKey* Access::key_with_text(std::string_view text) const {
  // Hashes are compared, so that the time tells nothing of the key.
  Digest hash = sha256(text);
  auto known = std::find_if(keys_.begin(), keys_.end(),
                            [&](const AccessKey& key) { return key.hash == hash; });
  return known == keys_.end() ? nullptr : &*known;
}

// With the hash of the key, so that a session ends with its key.
std::string Access::session_of(const AccessKey& key, std::int64_t expiry) const {
  std::string signed_text =
      fmt::format("gantry session\n{}\n{}\n{}", key.name, key.hash.hex(), expiry);
  return fmt::format("{}.{}.{}", key.name, expiry,
                     hmac_sha256(secret_.reveal(), signed_text).hex());
}

std::optional<std::string> Access::begin_session(std::string_view key, async::WallTime now) const {
  const AccessKey* known = key_with_text(key);
  if (known == nullptr) return std::nullopt;
  return session_of(*known, unix_milliseconds(now + kSessionTime));
}

const AccessKey* Access::key_of_session(std::string_view value, async::WallTime now) const {
  std::size_t dot = value.find('.');
  if (dot == std::string_view::npos) return nullptr;
  std::int64_t expiry = 0;
  std::string_view rest = value.substr(dot + 1);
  std::from_chars(rest.data(), rest.data() + rest.size(), expiry);
  if (expiry < unix_milliseconds(now)) return nullptr;
  for (const AccessKey& key : keys_) {
    bool is_its_name = key.name == value.substr(0, dot);
    if (is_its_name && httpd::equal_in_constant_time(value, session_of(key, expiry))) return &key;
  }
  return nullptr;
}

const AccessKey* Access::key_of(const httpd::Request& request, async::WallTime now) const {
  if (auto header = request.header("Authorization")) {
    return header->starts_with(kBearer) ? key_with_text(header->substr(kBearer.size())) : nullptr;
  }
  std::optional<std::string> cookie = httpd::cookie_value(request, kCookie);
  return cookie ? key_of_session(*cookie, now) : nullptr;
}

std::string Access::check(const httpd::Request& request, KeyScope scope,
                          async::WallTime now) const {
  if (is_open()) return {};
  const AccessKey* key = key_of(request, now);
  if (key == nullptr) {
    throw Error(ErrorCode::kUnauthorized,
                "an API key is needed; send it as \"Authorization: Bearer KEY\"");
  }
  bool may = (key->scopes & static_cast<unsigned>(scope)) != 0 ||
             (key->scopes & static_cast<unsigned>(KeyScope::kAdmin)) != 0;
  if (!may) throw Error(ErrorCode::kForbidden, "this API key may not do that");
  return key->name;
}

// Several keys may have one name, while one takes the place of another.
bool Access::may_notify(std::string_view owner, std::string_view url) const {
  if (is_open()) return net::is_loopback_name(net::host_of(url));
  return std::any_of(keys_.begin(), keys_.end(), [owner, url](const AccessKey& key) {
    return key.name == owner &&
           std::any_of(key.webhooks.begin(), key.webhooks.end(),
                       [url](const std::string& entry) { return is_covered(url, entry); });
  });
}

bool Access::may_read_file(std::string_view owner, std::string_view file) const {
  if (is_open()) return true;
  return std::any_of(keys_.begin(), keys_.end(), [owner, file](const AccessKey& key) {
    return key.name == owner &&
           std::find(key.files.begin(), key.files.end(), file) != key.files.end();
  });
}

bool Access::may_be_private(std::string_view host) const {
  if (is_open()) return net::is_loopback_name(host);
  return std::any_of(keys_.begin(), keys_.end(), [host](const AccessKey& key) {
    const std::vector<std::string>& hosts = key.private_hosts;
    return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
  });
}

std::vector<std::string> Access::webhook_owners() const {
  if (is_open()) return {""};
  std::vector<std::string> owners;
  for (const AccessKey& key : keys_) {
    if (!key.webhooks.empty()) owners.push_back(key.name);
  }
  return owners;
}

std::vector<AccessKey> read_access_keys(const std::filesystem::path& file) {
  std::istringstream lines(read_file(file, kLargestKeyFile));
  std::vector<AccessKey> keys;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos || line.front() == '#') continue;
    keys.push_back(parse_line(line, {file.string(), number, 0}));
  }
  if (keys.empty()) {
    throw Error(ErrorCode::kInvalidConfig, "there is no key in it").at({file.string(), 0, 0});
  }
  return keys;
}

}  // namespace gantry::service
