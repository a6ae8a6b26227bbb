#include "gantry/httpd/problem.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace gantry::httpd {
namespace {

boost::json::object body_of(const Problem& problem) {
  return boost::json::parse(std::get<std::string>(to_response(problem).body)).as_object();
}

TEST(HttpProblem, SaysWhatIsWrongInTheFormOfTheStandard) {
  const Problem problem{.status = 400,
                        .detail = "2 PIs are malformed",
                        .errors = {{"/pis/0", "is empty"}, {"/pis/7", "is no text"}},
                        .headers = {{"Retry-After", "3"}}};
  const auto response = to_response(problem);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.front(), (std::pair<std::string, std::string>{"Retry-After", "3"}));
  EXPECT_EQ(std::ranges::count(
                response.headers,
                std::pair<std::string, std::string>{"Content-Type", "application/problem+json"}),
            1);
  const auto expected = boost::json::parse(R"({
    "type": "about:blank", "title": "Bad Request", "status": 400,
    "detail": "2 PIs are malformed", "error": "2 PIs are malformed",
    "errors": [{"pointer": "/pis/0", "detail": "is empty"},
               {"pointer": "/pis/7", "detail": "is no text"}]})");
  EXPECT_EQ(body_of(problem), expected.as_object());
}

TEST(HttpProblem, LeavesOutTheListOfNoFaults) {
  EXPECT_FALSE(body_of({.status = 404, .detail = "no"}).contains("errors"));
}

TEST(HttpProblem, StaysUtf8WhateverIsQuoted) {
  const auto detail = [](std::string_view text) {
    return std::string(body_of({.detail = std::string(text)})["detail"].as_string());
  };
  EXPECT_EQ(detail("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(detail("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(detail("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(detail("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(detail("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut
  EXPECT_EQ(detail("<b>\"\n"), "<b>\"\n");
}

TEST(HttpProblem, TellsAClientOnlyWhatIsItsOwnAffair) {
  EXPECT_EQ(problem_of(Error(ErrorCode::kNotFound, "no batch 'x'")).status, 404);
  EXPECT_EQ(problem_of(Error(ErrorCode::kNotFound, "no batch 'x'")).detail, "no batch 'x'");
  EXPECT_EQ(problem_of(Error(ErrorCode::kConflict, "runs")).status, 409);
  const auto inner = problem_of(Error(ErrorCode::kServer, "fly said: token figd_abc is bad"));
  EXPECT_EQ(inner.status, 502);
  EXPECT_EQ(inner.detail.find("figd"), std::string::npos);
  EXPECT_EQ(problem_of(Error(ErrorCode::kIo, "cannot open /srv/db")).detail.find("/srv"),
            std::string::npos);
}

}  // namespace
}  // namespace gantry::httpd
