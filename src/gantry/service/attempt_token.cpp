#include "gantry/service/attempt_token.hpp"

#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "gantry/base/hash.hpp"
#include "gantry/httpd/request_guard.hpp"
#include "gantry/service/task.hpp"

namespace gantry::service {
namespace {

std::string text_of(const Secret& key, std::string_view task_id, std::int64_t attempt,
                    std::int64_t expiry) {
  std::string signed_text = fmt::format("gantry attempt\n{}\n{}\n{}", task_id, attempt, expiry);
  return fmt::format("{}.{}.{}", attempt, expiry, hmac_sha256(key.reveal(), signed_text).hex());
}

// The number up to the next dot, which is taken away with it; -1 if there is none.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = -1;
  auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  auto length = static_cast<std::size_t>(stop - text.data());
  if (fault != std::errc() || length >= text.size() || *stop != '.') return -1;
  text.remove_prefix(length + 1);
  return number;
}

}  // namespace

Secret attempt_token(const Secret& key, std::string_view task_id, int attempt,
                     async::WallTime expiry) {
  return Secret(text_of(key, task_id, attempt, unix_milliseconds(expiry)));
}

std::optional<int> attempt_of_token(const Secret& key, std::string_view task_id,
                                    std::string_view token, async::WallTime now) {
  std::string_view rest = token;
  std::int64_t attempt = take_number(rest);
  std::int64_t expiry = take_number(rest);
  bool is_known = httpd::equal_in_constant_time(token, text_of(key, task_id, attempt, expiry));
  if (!is_known || attempt < 1 || attempt > INT32_MAX) return std::nullopt;
  if (expiry < unix_milliseconds(now)) return std::nullopt;
  return static_cast<int>(attempt);
}

}  // namespace gantry::service
