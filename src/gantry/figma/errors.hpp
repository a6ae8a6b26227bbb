// Figma's refusals in words that say what to do. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gantry/base/error.hpp"
#include "gantry/net/http.hpp"

namespace gantry::figma {

// The error of an answer that is not 2xx, for a call about this file. `needs`: what the call needs
// besides a file that the token's owner can open, as a clause; empty for most calls.
Error refusal(const net::HttpResponse& response, const std::string& file_key,
              std::string_view needs = {});

// Whether the answer says that one call asked for too much: 413, or 400 for a render that timed
// out.
bool asked_for_too_much(const net::HttpResponse& response);

// What the headers of a 429 tell of the plan and the seat: "plan pro, seat high (Dev or Full)".
std::string describe_limit(const net::HttpResponse& response);

}  // namespace gantry::figma
