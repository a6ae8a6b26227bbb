#include "gantry/httpd/problem.hpp"

#include <array>
#include <cstdint>
#include <utility>

#include <boost/json.hpp>

namespace gantry::httpd {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array kPhrases = {
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{425, "Too Early"},
    Phrase{426, "Upgrade Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{507, "Insufficient Storage"},
};

// The bytes of the UTF-8 character at the front of `text`; 0 if there is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  const auto second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return size;
}

std::string as_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto size = character_size(text);
    result += size > 0 ? text.substr(0, size) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(size > 0 ? size : 1);
  }
  return result;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
    case ErrorCode::kInvalidConfig:
    case ErrorCode::kUnsafe:
    case ErrorCode::kUnsupported:
      return 400;
    case ErrorCode::kUnauthorized:
      return 401;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kRateLimited:
      return 429;
    case ErrorCode::kNetwork:
    case ErrorCode::kServer:
    case ErrorCode::kBadResponse:
      return 502;
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kNoSpace:
      return 507;
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

std::string_view text_without_secrets(int status) {
  switch (status) {
    case 502:
      return "a service behind this one did not answer as it should";
    case 503:
      return "the request was stopped; send it again later";
    case 504:
      return "a service behind this one did not answer in time";
    case 507:
      return "there is no space left to store the result";
    default:
      return "the server has failed; its log says why";
  }
}

}  // namespace

std::string_view phrase_of(int status) {
  for (const auto& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Error";
}

Response to_response(const Problem& problem) {
  const std::string detail = as_utf8(problem.detail);
  boost::json::object body;
  body["type"] = problem.type;
  body["title"] = problem.title.empty() ? phrase_of(problem.status) : problem.title;
  body["status"] = problem.status;
  body["detail"] = detail;
  body["error"] = detail;
  if (!problem.errors.empty()) {
    boost::json::array errors;
    for (const auto& fault : problem.errors) {
      errors.push_back({{"pointer", as_utf8(fault.pointer)}, {"detail", as_utf8(fault.detail)}});
    }
    body["errors"] = std::move(errors);
  }
  Response response;
  response.status = problem.status;
  response.headers = problem.headers;
  response.headers.emplace_back("Content-Type", "application/problem+json");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = boost::json::serialize(body) + "\n";
  return response;
}

Problem problem_of(const Error& error) {
  Problem problem;
  problem.status = status_of(error.code());
  problem.detail =
      problem.status < 500 ? error.message() : std::string(text_without_secrets(problem.status));
  return problem;
}

}  // namespace gantry::httpd
