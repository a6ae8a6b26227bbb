// Who may use the service: API keys with scopes, of which only hashes are kept, and the sessions of
// browsers that have shown one.
//
// A file of keys has a line for each: "NAME SCOPES SHA256", scopes joined by commas, the hash in
// hex of the key's text. What the service may reach for the key can follow, each a list joined by
// commas: "webhooks=URL" (with '/' at the end: all below it), "private=HOST" (of those webhooks
// that are in a private network), "files=KEY" (of Figma). Blank lines and those that begin with '#'
// are left out.
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
  std::vector<std::string> webhooks;
  std::vector<std::string> private_hosts;
  std::vector<std::string> files;
};

class Access {
 public:
  // Without keys everybody may do everything. `secret` signs sessions.
  Access(std::vector<AccessKey> keys, Secret secret);

  bool is_open() const { return keys_.empty(); }

  // The name of whose request this is, empty without keys: by "Authorization: Bearer KEY" or the
  // session's cookie. kUnauthorized without a valid one, kForbidden if it lacks the scope.
  std::string check(const httpd::Request& request, KeyScope scope, async::WallTime now) const;

  // What the service may reach for this owner, whose name check() has given. Without keys, webhooks
  // are on this machine, and every file is allowed.
  bool may_notify(std::string_view owner, std::string_view url) const;
  bool may_read_file(std::string_view owner, std::string_view file) const;
  // Whether the operator has said that this host of a webhook may have a private address.
  bool may_be_private(std::string_view host) const;
  // Of those whose webhooks need a secret.
  std::vector<std::string> webhook_owners() const;

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
