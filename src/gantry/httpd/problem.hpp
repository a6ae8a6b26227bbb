// Problem documents (RFC 9457): how an HTTP API says what is wrong with a request. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/error.hpp"
#include "gantry/httpd/message.hpp"

namespace gantry::httpd {

// One fault of a request's body.
struct BodyFault {
  std::string pointer;  // RFC 6901: "/pis/3"; empty for the whole body
  std::string detail;   // "is not 26 characters of 0-9 and A-Z"
};

struct Problem {
  int status = 400;
  std::string detail;  // one sentence about this request; may quote what was sent
  std::vector<BodyFault> errors;
  std::string type = "about:blank";
  std::string title;  // empty: the phrase of the status
  Headers headers;    // more headers of the answer: Allow, Retry-After, ...
};

// application/problem+json with type, title, status and detail; `error` repeats the detail for
// clients that know only that; `errors` stands there if there are any. Bytes that are not UTF-8
// become U+FFFD. Never cached.
Response to_response(const Problem& problem);

// The problem that an Error is for a client. What is Gantry's own affair (kInternal, kIo, kNetwork,
// ...) becomes a 500, 502 or 504 without the message, which belongs in the log.
Problem problem_of(const Error& error);

// "Not Found"; "Error" for a status without a phrase.
std::string_view phrase_of(int status);

}  // namespace gantry::httpd
