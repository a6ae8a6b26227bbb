#include "gantry/service/access.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/base/files.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/service/task.hpp"

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

AccessKey parse_line(const std::string& line, const SourcePosition& position) {
  std::istringstream words(line);
  AccessKey key;
  std::string scopes;
  std::string hash;
  std::string more;
  words >> key.name >> scopes >> hash >> more;
  std::optional<unsigned> known_scopes = scopes_of(scopes);
  std::optional<Digest> digest = Digest::from_hex(hash);
  if (!is_id(key.name) || !known_scopes || !digest || !more.empty()) {
    throw Error(ErrorCode::kInvalidConfig,
                "not a key; it wants \"NAME SCOPES SHA256\", such as \"ci read,create 9f86...\"")
        .at(position);
  }
  key.scopes = *known_scopes;
  key.hash = *digest;
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
