#include "gantry/net/http.hpp"

#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::net {
namespace {

using namespace std::chrono_literals;

TEST(Url, OriginIsSchemeHostAndUnusualPort) {
  EXPECT_EQ(origin_of("https://API.Figma.com/v1/files?x=1"), "https://api.figma.com");
  EXPECT_EQ(origin_of("https://api.figma.com:443/"), "https://api.figma.com");
  EXPECT_EQ(origin_of("http://127.0.0.1:8080/a"), "http://127.0.0.1:8080");
  EXPECT_EQ(origin_of("https://user:pass@api.figma.com/"), "https://api.figma.com");
  EXPECT_EQ(origin_of("http://[::1]:80/"), "http://[::1]");
  EXPECT_THROW(origin_of("api.figma.com"), Error);
  EXPECT_THROW(origin_of(""), Error);
}

// Whatever a plain reading would take for a host, the answer is that of the parser that connects.
TEST(Url, HostsAreReadAsTheyAreConnectedTo) {
  struct {
    std::string url;
    std::string host;
    std::string origin;
  } cases[] = {
      {"https://cdn.example/a.svg", "cdn.example", "https://cdn.example"},
      {"https://cdn.example:8443/a.svg", "cdn.example", "https://cdn.example:8443"},
      {"https://cdn.example:80/", "cdn.example", "https://cdn.example:80"},
      {"http://cdn.example:80/", "cdn.example", "http://cdn.example"},
      {"http://cdn.example:080/", "cdn.example", "http://cdn.example"},
      {"https://cdn.example", "cdn.example", "https://cdn.example"},
      {"https://cdn.example?a=/", "cdn.example", "https://cdn.example"},
      {"https://cdn.example#a/b", "cdn.example", "https://cdn.example"},
      {"https://good.example@bad.example/", "bad.example", "https://bad.example"},
      {"https://good.example:1@bad.example/", "bad.example", "https://bad.example"},
      {"https://c%64n.example/", "cdn.example", "https://cdn.example"},
      {"HTTPS://CDN.Example/", "cdn.example", "https://cdn.example"},
      {"http://127.0.0.1:81/", "127.0.0.1", "http://127.0.0.1:81"},
      {"http://127.1/", "127.0.0.1", "http://127.0.0.1"},
      {"http://0177.0.0.1/", "127.0.0.1", "http://127.0.0.1"},
      {"http://0x7f.0.0.1/", "127.0.0.1", "http://127.0.0.1"},
      {"http://2130706433/", "127.0.0.1", "http://127.0.0.1"},
      {"https:///cdn.example/", "cdn.example", "https://cdn.example"},
      {"http://[::1]:8080/", "::1", "http://[::1]:8080"},
  };
  for (const auto& [url, host, origin] : cases) {
    EXPECT_EQ(host_of(url), host) << url;
    EXPECT_EQ(origin_of(url), origin) << url;
  }
  for (const char* url : {"https://cdn.example/a b", "https://cdn.example:/\n",
                          "https://cdn.example:0x50/", "https://cdn.example:65536/"}) {
    EXPECT_THROW(host_of(url), Error) << url;
  }
}

TEST(Url, ShownWithoutWhatMayBeSecret) {
  EXPECT_EQ(shown_url("https://u:p@cdn.example/a/b.svg?Signature=abc#x"),
            "https://cdn.example/a/b.svg");
  EXPECT_EQ(shown_url("https://cdn.example/a@b"), "https://cdn.example/a@b");
}

TEST(Url, LocationsResolveAgainstTheirBase) {
  EXPECT_EQ(resolve_location("https://a.example/x/y?z=1", "/b"), "https://a.example/b");
  EXPECT_EQ(resolve_location("https://a.example/x/y", "http://b.example/c"), "http://b.example/c");
  EXPECT_EQ(resolve_location("https://a.example/x", "//c.example/d"), "https://c.example/d");
  EXPECT_THROW(resolve_location("https://a.example/x", "https://[zz"), Error);
}

TEST(RetryAfter, ReadsSecondsAndDatesAndNothingElse) {
  async::WallTime now = std::chrono::system_clock::from_time_t(1'700'000'000);  // 22:13:20 UTC
  EXPECT_EQ(parse_retry_after("3", now), 3'000ms);
  EXPECT_EQ(parse_retry_after(" 1.5 ", now), 1'500ms);
  EXPECT_EQ(parse_retry_after("-7", now), 0ms);
  EXPECT_EQ(parse_retry_after("397777", now), 397'777'000ms);
  EXPECT_EQ(parse_retry_after("1e300", now), std::chrono::hours(365 * 24));
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:13:50 GMT", now), 30'000ms);
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2000 22:13:50 GMT", now), 0ms);
  EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("nan", now), 0ms);
}

TEST(RetryAfter, IsAMinuteIfA429DoesNotSay) {
  EXPECT_EQ(rate_limit_pause({}, async::WallTime()), 60'000ms);
  EXPECT_EQ(rate_limit_pause({{"retry-after", "2"}}, async::WallTime()), 2'000ms);
}

TEST(Headers, AreFoundWhateverTheirCase) {
  std::vector<Header> headers = {{"content-TYPE", "a"}, {"X", "1"}, {"x", "2"}};
  EXPECT_EQ(find_header(headers, "Content-Type"), "a");
  EXPECT_EQ(find_header(headers, "X"), "2");
  EXPECT_EQ(find_header(headers, "Y"), "");
}

}  // namespace
}  // namespace gantry::net
