// The one exception type of Gantry, and Outcome<T> for places where failure is part of the answer.
//
// An Error has independent axes: what happened (code), whether the same request may be sent again
// (retry), how far it spreads (scope). Context is added on the way up, once a layer, outermost
// first in the printed message: "icons.yaml: component 'ic/24/x': not an SVG". A message says what
// happened and with which object, in lower case and without a full stop. It never holds a secret.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace gantry {

enum class ErrorCode {
  kUsage,          // the command line is wrong
  kInvalidConfig,  // a configuration is wrong; has a position
  kNotFound,       // the remote object or the path does not exist
  kUnauthorized,   // the credential is missing, wrong or expired
  kForbidden,      // the credential may not do this
  kRateLimited,    // a limit stands in the way for longer than we may wait
  kTimeout,        // no answer in time
  kNetwork,        // the connection failed
  kServer,         // the server answered 5xx
  kBadResponse,    // an answer that does not hold what it must
  kTooLarge,       // more bytes, items or nesting than the limit
  kUnsafe,         // a name, address or content that would do harm
  kConflict,       // two things want the same place
  kIo,             // a file could not be read or written
  kNoSpace,        // the disk is full
  kCancelled,      // somebody asked to stop
  kUnsupported,    // a thing that cannot be expressed
  kInternal,       // a fault of Gantry itself
};

// The name of a code as reports print it: "not_found", "rate_limited", ...
std::string_view to_string(ErrorCode code);

enum class Retry { kNever, kSameRequest };

// How far a failure spreads: to one item, to everything that uses the same credential or host, or
// to the whole run.
enum class Scope { kItem, kRun };

// A place in a file, counted from 1. A line or column of 0 is unknown.
struct SourcePosition {
  std::string file;
  int line = 0;
  int column = 0;

  // "file:3:7", "file:3" or "file".
  std::string to_string() const;
  bool operator==(const SourcePosition&) const = default;
};

class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), text_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  Retry retry() const { return retry_; }
  Scope scope() const { return scope_; }
  // The HTTP status behind the error; 0 where there is none.
  int http_status() const { return http_status_; }
  const std::optional<SourcePosition>& position() const { return position_; }
  // The whole message with its context and, if known, its position in front.
  const std::string& message() const { return text_; }
  const char* what() const noexcept override { return text_.c_str(); }

  // Each returns the changed error, so that one can be built and thrown in one expression.
  Error in(std::string_view context) const;  // "<context>: <message>"
  Error at(SourcePosition position) const;   // also put in front of the message
  Error with(Retry retry) const;
  Error with(Scope scope) const;
  Error with_status(int http_status) const;

 private:
  ErrorCode code_;
  Retry retry_ = Retry::kNever;
  Scope scope_ = Scope::kItem;
  int http_status_ = 0;
  std::string text_;
  std::optional<SourcePosition> position_;
};

template <class T>
using Outcome = tl::expected<T, Error>;

// For a `catch (...)` at the root of a task or thread: whatever was thrown, as an Error.
Error current_error();

// The error of the last system call: kNoSpace for a full disk, kNotFound for a missing path, else
// kIo. `what` names the act and its object: "cannot write out/a.svg".
Error system_error(std::string_view what, int error_number);

}  // namespace gantry
