#include "gantry/base/error.hpp"

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

namespace gantry {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kInvalidConfig:
      return "invalid_config";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
    case ErrorCode::kForbidden:
      return "forbidden";
    case ErrorCode::kRateLimited:
      return "rate_limited";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kNetwork:
      return "network";
    case ErrorCode::kServer:
      return "server";
    case ErrorCode::kBadResponse:
      return "bad_response";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kUnsafe:
      return "unsafe";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::string SourcePosition::to_string() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

Error Error::in(std::string_view context) const {
  Error copy = *this;
  copy.text_ = std::string(context) + ": " + text_;
  return copy;
}

Error Error::at(SourcePosition position) const {
  Error copy = in(position.to_string());
  copy.position_ = std::move(position);
  return copy;
}

Error Error::with(Retry retry) const {
  Error copy = *this;
  copy.retry_ = retry;
  return copy;
}

Error Error::with(Scope scope) const {
  Error copy = *this;
  copy.scope_ = scope;
  return copy;
}

Error Error::with_status(int http_status) const {
  Error copy = *this;
  copy.http_status_ = http_status;
  return copy;
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kTooLarge, "out of memory");
  } catch (const std::system_error& error) {
    // Asio reports a cancelled wait as ECANCELED.
    if (error.code().value() == ECANCELED) return Error(ErrorCode::kCancelled, "cancelled");
    return Error(ErrorCode::kIo, error.what());
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, error.what());
  } catch (...) {
    return Error(ErrorCode::kInternal, "unknown exception");
  }
}

Error system_error(std::string_view what, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  if (error_number == ENOSPC || error_number == EDQUOT) code = ErrorCode::kNoSpace;
  if (error_number == ENOENT) code = ErrorCode::kNotFound;
  // strerror_r, not strerror: errors are built on several threads.
  char buffer[128] = {};
  return Error(code, std::string(what) + ": " + strerror_r(error_number, buffer, sizeof buffer));
}

}  // namespace gantry
