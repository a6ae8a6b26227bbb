// Who may use the service: API keys with scopes, of which only hashes are kept, and the sessions of
// browsers that have shown one.
//
// A file of keys has a line for each: "NAME SCOPES SHA256", scopes joined by commas, the hash in
// hex of the key's text. Blank lines and those that begin with '#' are left out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/hash.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/httpd/message.hpp"

namespace gantry::service {

enum class KeyScope { kRead = 1, kCreate = 2, kAdmin = 4 };

struct AccessKey {
  std::string name;
  unsigned scopes = 0;
  Digest hash;
};

class Access {
 public:
  // Without keys everybody may do everything. `secret` signs sessions.
  Access(std::vector<AccessKey> keys, Secret secret);

  bool is_open() const { return keys_.empty(); }

  // The name of whose request this is, empty without keys: by "Authorization: Bearer KEY" or the
  // session's cookie. kUnauthorized without a valid one, kForbidden if it lacks the scope.
  std::string check(const httpd::Request& request, KeyScope scope, async::WallTime now) const;

  // The value of a cookie for whoever has this key; nothing if it is none.
  std::optional<std::string> begin_session(std::string_view key, async::WallTime now) const;

  static constexpr std::string_view kCookie = "gantry_session";
  static constexpr std::chrono::hours kSessionTime{12};

 private:
  const AccessKey* key_of(const httpd::Request& request, async::WallTime now) const;
  const AccessKey* key_of_session(std::string_view value, async::WallTime now) const;
  const AccessKey* key_with_text(std::string_view text) const;
  std::string session_of(const AccessKey& key, std::int64_t expiry) const;

  std::vector<AccessKey> keys_;
  Secret secret_;
};

// kInvalidConfig with file and line. Blocks.
std::vector<AccessKey> read_access_keys(const std::filesystem::path& file);

}  // namespace gantry::service
