#include "gantry/httpd/request_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::httpd {
namespace {

Request with(Headers headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(RequestGuard, ReadsHostsAndPorts) {
  struct Case {
    std::string_view text;
    std::optional<Authority> expected;
  };
  const std::vector<Case> cases = {
      {"example.org", Authority{"example.org", {}}},
      {"EXAMPLE.org:8080", Authority{"example.org", 8080}},
      {"127.0.0.1:1", Authority{"127.0.0.1", 1}},
      {"[::1]:8080", Authority{"::1", 8080}},
      {"[0:0:0:0:0:0:0:1]", Authority{"::1", {}}},
      {"[2001:DB8::A]", Authority{"2001:db8::a", {}}},
      {"", {}},
      {":80", {}},
      {"user@example.org", {}},
      {"example.org:65536", {}},
      {"example.org:80x", {}},
      {"example.org/x", {}},
      {"exa mple.org", {}},
      {"::1", {}},
      {"[::1", {}},
  };
  for (const auto& each : cases) EXPECT_EQ(parse_authority(each.text), each.expected) << each.text;
}

TEST(RequestGuard, TakesOnlyTheHostsOfTheList) {
  const std::vector<std::string> allowed = {"localhost", "example.org:8080", "[::1]:8080"};
  for (const auto* host :
       {"localhost", "localhost:9", "LOCALHOST", "example.org:8080", "[::1]:8080", "[0::1]:8080"}) {
    EXPECT_TRUE(host_is_allowed(with({{"Host", host}}), allowed)) << host;
  }
  for (const auto* host : {"example.org", "example.org:8081", "evil.example", "localhost.evil.org",
                           "localhost.", "[::1]", "", "localhost@evil.org"}) {
    EXPECT_FALSE(host_is_allowed(with({{"Host", host}}), allowed)) << host;
  }
  EXPECT_FALSE(host_is_allowed({}, allowed));
  EXPECT_FALSE(host_is_allowed(with({{"Host", "localhost"}, {"host", "localhost"}}), allowed));
}

TEST(RequestGuard, TakesRequestsFromItsOwnPagesAndFromPrograms) {
  const Headers own = {{"Host", "localhost:8080"}};
  const auto from = [&](Headers more) {
    Headers headers = own;
    headers.insert(headers.end(), more.begin(), more.end());
    return origin_is_allowed(with(headers), {"https://console.example.org"});
  };
  EXPECT_TRUE(from({}));
  EXPECT_TRUE(from({{"Origin", "http://localhost:8080"}}));
  EXPECT_TRUE(from({{"Origin", "https://LOCALHOST:8080"}}));
  EXPECT_TRUE(from({{"Origin", "https://console.example.org"}}));
  EXPECT_TRUE(from({{"Origin", "https://console.example.org:443"}}));
  EXPECT_TRUE(from({{"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_TRUE(from({{"Sec-Fetch-Site", "none"}}));
  EXPECT_TRUE(origin_is_allowed(with({{"Host", "a.org"}, {"Origin", "https://a.org"}})));
  EXPECT_TRUE(origin_is_allowed(with({{"Host", "a.org:80"}, {"Origin", "http://a.org"}})));

  EXPECT_FALSE(from({{"Origin", "null"}}));
  EXPECT_FALSE(from({{"Origin", ""}}));
  EXPECT_FALSE(from({{"Origin", "http://localhost"}}));
  EXPECT_FALSE(from({{"Origin", "http://localhost:8081"}}));
  EXPECT_FALSE(from({{"Origin", "http://console.example.org"}}));
  EXPECT_FALSE(from({{"Origin", "file://localhost:8080"}}));
  EXPECT_FALSE(from({{"Origin", "http://localhost:8080"}, {"Origin", "http://localhost:8080"}}));
  EXPECT_FALSE(from({{"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_FALSE(from({{"Sec-Fetch-Site", "same-site"}}));
}

TEST(RequestGuard, FindsACookieAmongMany) {
  const auto request = with({{"Cookie", "a=1; session=abc=d ;b="}, {"cookie", "late=2"}});
  EXPECT_EQ(cookie_value(request, "a"), "1");
  EXPECT_EQ(cookie_value(request, "session"), "abc=d");
  EXPECT_EQ(cookie_value(request, "b"), "");
  EXPECT_EQ(cookie_value(request, "late"), "2");
  EXPECT_EQ(cookie_value(request, "ession"), std::nullopt);
  EXPECT_EQ(cookie_value({}, "a"), std::nullopt);
}

TEST(RequestGuard, MakesCookiesThatStayWithThisSite) {
  EXPECT_EQ(to_set_cookie({.name = "session", .value = "abc"}),
            "session=abc; Path=/; HttpOnly; SameSite=Strict");
  EXPECT_EQ(
      to_set_cookie(
          {.name = "session", .value = "", .max_age = std::chrono::seconds(0), .secure = true}),
      "session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure");
  for (const auto* value : {"a;b", "a b", "a\r\nSet-Cookie: x", "a,b", "\"a\"", "a\\"}) {
    EXPECT_THROW(to_set_cookie({.name = "session", .value = value}), Error) << value;
  }
  EXPECT_THROW(to_set_cookie({.name = "a=b", .value = "x"}), Error);
}

TEST(RequestGuard, ComparesTexts) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secres"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secret1"));
}

TEST(RequestGuard, PagesRunNoForeignCode) {
  const auto policy = page_policy().front().second;
  EXPECT_THAT(policy, ::testing::StartsWith("default-src 'none'"));
  EXPECT_THAT(policy, ::testing::Not(::testing::HasSubstr("unsafe")));
  EXPECT_THAT(policy, ::testing::HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(download_policy().front().second, ::testing::StartsWith("sandbox"));
}

}  // namespace
}  // namespace gantry::httpd
