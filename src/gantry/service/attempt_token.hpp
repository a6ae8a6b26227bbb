// The token by which a worker shows that it is the one attempt of one task: a MAC of both and of a
// time, so that nobody can make, change or keep one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gantry/async/clock.hpp"
#include "gantry/base/secret.hpp"

namespace gantry::service {

// "1.1763061234567.<64 hex digits>": the attempt, its expiry in Unix milliseconds, and
// HMAC-SHA-256 of task, attempt and expiry.
Secret attempt_token(const Secret& key, std::string_view task_id, int attempt,
                     async::WallTime expiry);

// The attempt that a token stands for; nothing if it is not one of this task and key, or too old.
// Takes as long for any token of the same length.
std::optional<int> attempt_of_token(const Secret& key, std::string_view task_id,
                                    std::string_view token, async::WallTime now);

}  // namespace gantry::service
