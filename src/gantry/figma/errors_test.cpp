#include "gantry/figma/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::figma {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

net::HttpResponse answer(int status, std::string body, std::vector<net::Header> headers = {}) {
  net::HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = Blob::from_bytes(std::move(body));
  return response;
}

struct Case {
  int status;
  const char* body;
  ErrorCode code;
  Scope scope;
  const char* says;
};

TEST(Refusal, SaysWhatFigmaSaidAndWhatToDo) {
  const Case cases[] = {
      {401, R"({"error":true,"status":401,"message":"token missing"})", ErrorCode::kUnauthorized,
       Scope::kRun, "FIGMA_PERSONAL_TOKEN"},
      {403, R"({"status":403,"err":"Invalid token"})", ErrorCode::kUnauthorized, Scope::kRun,
       "Invalid token"},
      {403, R"({"status":403,"err":"Token expired"})", ErrorCode::kUnauthorized, Scope::kRun,
       "90 days"},
      {403, R"({"status":403,"err":"Invalid scope(s): x. This endpoint requires the y scope"})",
       ErrorCode::kForbidden, Scope::kItem, "make a token with the scope"},
      {403, R"({"error":true,"status":403,"message":"Limited by Figma plan"})",
       ErrorCode::kForbidden, Scope::kItem, "plan that owns the file"},
      {403, "<html>", ErrorCode::kForbidden, Scope::kItem, "file KEY"},
      {404, R"({"status":404,"err":"Not found"})", ErrorCode::kNotFound, Scope::kItem,
       "check the file id"},
      {413, "<html>too large</html>", ErrorCode::kTooLarge, Scope::kItem, "too large"},
      {400, R"({"status":400,"err":"ids malformed"})", ErrorCode::kBadResponse, Scope::kItem,
       "ids malformed"},
      {502, "<html><b>Bad gateway</b>", ErrorCode::kServer, Scope::kItem, "502"},
  };
  for (const Case& c : cases) {
    Error error = refusal(answer(c.status, c.body), "KEY");
    EXPECT_EQ(error.code(), c.code) << c.body;
    EXPECT_EQ(error.scope(), c.scope) << c.body;
    EXPECT_EQ(error.http_status(), c.status) << c.body;
    EXPECT_THAT(error.message(), HasSubstr(c.says));
    EXPECT_THAT(error.message(), Not(HasSubstr("<html>")));
  }
}

TEST(Refusal, SaysWhatTheCallNeedsWhereItNeedsMore) {
  auto said = [](std::string body) {
    return refusal(answer(403, std::move(body)), "KEY", "only giants may read it").message();
  };
  EXPECT_EQ(said(R"({"error":true,"status":403,"message":"Limited by Figma plan"})"),
            "Figma denies access to file KEY: Limited by Figma plan: only giants may read it");
  EXPECT_EQ(said("<html>"), "Figma denies access to file KEY: only giants may read it");
  EXPECT_THAT(said(R"({"status":403,"err":"Invalid token"})"), Not(HasSubstr("giants")));
}

TEST(Refusal, AHostileMessageIsOneBoundedLine) {
  std::string body = R"({"status":400,"err":"a\n\u001b[2J)" + std::string(5000, 'x') + "\"}";
  std::string message = refusal(answer(400, body), "KEY").message();
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(AskedForTooMuch, Is413AndTheRenderTimeout) {
  EXPECT_TRUE(asked_for_too_much(answer(413, "<html>")));
  EXPECT_TRUE(asked_for_too_much(answer(
      400, R"({"status":400,"err":"Render timeout, try requesting fewer or smaller images"})")));
  EXPECT_FALSE(asked_for_too_much(answer(400, R"({"status":400,"err":"bad ids"})")));
  EXPECT_FALSE(asked_for_too_much(answer(200, "{}")));
}

TEST(DescribeLimit, NamesPlanAndSeat) {
  EXPECT_EQ(describe_limit(answer(
                429, "", {{"x-figma-plan-tier", "pro"}, {"X-Figma-Rate-Limit-Type", "low"}})),
            "plan pro, seat low (View or Collab)");
  EXPECT_EQ(describe_limit(answer(429, "")), "");
}

}  // namespace
}  // namespace gantry::figma
