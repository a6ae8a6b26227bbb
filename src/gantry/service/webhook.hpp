// Webhooks: what the service tells others of the ends of tasks and batches, by HTTP requests that
// are signed as https://www.standardwebhooks.com says. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/secret.hpp"

namespace gantry::service {

enum class WebhookEvent : unsigned { kTaskEnded = 1, kBatchEnded = 2 };

// "task.ended", "batch.ended"
std::string_view to_string(WebhookEvent event);

// Who is told of what.
struct Webhook {
  std::string url;
  unsigned events = 0;  // of WebhookEvent

  bool wants(WebhookEvent event) const { return (events & static_cast<unsigned>(event)) != 0; }
  void add(WebhookEvent event) { events |= static_cast<unsigned>(event); }
};

// How the webhook of a batch fares.
struct WebhookState {
  Webhook webhook;
  std::uint64_t pending = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;  // given up
  std::string last_error;
};

// An event on its way.
struct Notice {
  std::int64_t event = 0;
  std::int64_t batch = 0;  // its number
  std::string id;          // the same whenever it is sent
  std::string owner;       // of the batch
  std::string url;
  std::string body;
  int attempts = 0;  // so far
};

// kUnsafe with what is wrong: a target is https, or http to this machine, at most 2,000 printable
// characters, without user, fragment, and '.' or '..' in its path.
void check_webhook_url(std::string_view url);

// Whether an entry of a list of allowed targets covers `url`: both of one origin, and the same path
// or, where that of the entry ends with '/', a path below it. Queries are not compared.
bool is_covered(std::string_view url, std::string_view entry);

// A new secret in the form that receivers take: "whsec_" and 32 random bytes in base64.
Secret make_webhook_secret();
// "v1,..." over id, seconds since 1970 and body. kInvalidConfig if the secret is none.
std::string webhook_signature(const Secret& secret, std::string_view id, std::int64_t timestamp,
                              std::string_view body);

}  // namespace gantry::service
