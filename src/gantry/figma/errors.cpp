#include "gantry/figma/errors.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gantry/figma/model/model.hpp"

namespace gantry::figma {
namespace {

// What Figma says, in one line of bounded length; empty if the body is a page of some edge server.
std::string message_of(const net::HttpResponse& response) {
  auto problem = parse_problem(response.body.head(64UL * 1024));
  if (!problem) return {};
  std::string message = problem->message.substr(0, 300);
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  return message;
}

bool contains(std::string_view text, std::string_view part) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [lower](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

Error unauthorised(int status, const std::string& said) {
  return Error(ErrorCode::kUnauthorized,
               fmt::format("Figma refuses the token ({}{}{}): check FIGMA_PERSONAL_TOKEN; a "
                           "personal token lasts 90 days at most",
                           status, said.empty() ? "" : " ", said))
      .with(Scope::kRun);
}

Error forbidden(const std::string& said, const std::string& file_key, std::string_view needs) {
  if (contains(said, "token") && (contains(said, "invalid") || contains(said, "expired"))) {
    return unauthorised(403, said);
  }
  std::string_view hint = "check that this token's owner can open the file";
  if (contains(said, "scope")) hint = "make a token with the scope that Figma names";
  if (contains(said, "plan")) hint = "the plan that owns the file does not include this call";
  if (!needs.empty()) hint = needs;
  return Error(ErrorCode::kForbidden, fmt::format("Figma denies access to file {}{}{}: {}",
                                                  file_key, said.empty() ? "" : ": ", said, hint));
}

}  // namespace

Error refusal(const net::HttpResponse& response, const std::string& file_key,
              std::string_view needs) {
  std::string said = message_of(response);
  int status = response.status;
  switch (status) {
    case 401:
      return unauthorised(401, said).with_status(401);
    case 403:
      return forbidden(said, file_key, needs).with_status(403);
    case 404:
      return Error(
                 ErrorCode::kNotFound,
                 fmt::format("Figma finds no file {}: check the file id, which follows /design/ in "
                             "its address, and that this token's owner can open it",
                             file_key))
          .with_status(404);
    case 413:
      return Error(ErrorCode::kTooLarge,
                   fmt::format("file {}: Figma finds the request too large", file_key))
          .with_status(413);
    default:
      break;
  }
  if (status >= 500) {
    return Error(ErrorCode::kServer,
                 fmt::format("file {}: Figma answers {}{}{} after all retries: try again later",
                             file_key, status, said.empty() ? "" : " ", said))
        .with_status(status);
  }
  return Error(ErrorCode::kBadResponse, fmt::format("file {}: Figma answers {}{}{}", file_key,
                                                    status, said.empty() ? "" : ": ", said))
      .with_status(status);
}

bool asked_for_too_much(const net::HttpResponse& response) {
  if (response.status == 413) return true;
  return response.status == 400 && contains(message_of(response), "timeout");
}

std::string describe_limit(const net::HttpResponse& response) {
  std::string_view plan = net::find_header(response.headers, "X-Figma-Plan-Tier");
  std::string_view seat = net::find_header(response.headers, "X-Figma-Rate-Limit-Type");
  std::string said;
  if (!plan.empty()) said += fmt::format("plan {}", plan.substr(0, 40));
  if (seat == "low") said += fmt::format("{}seat low (View or Collab)", said.empty() ? "" : ", ");
  if (seat == "high") said += fmt::format("{}seat high (Dev or Full)", said.empty() ? "" : ", ");
  return said;
}

}  // namespace gantry::figma
