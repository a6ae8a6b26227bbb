#include "gantry/net/egress.hpp"

#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "gantry/base/error.hpp"

namespace gantry::net {
namespace {

struct Case {
  const char* url;
  bool allowed;
};

TEST(EgressPolicy, PlainHttpGoesToThisMachineOnly) {
  EgressPolicy policy;
  for (const Case& c : {Case{"https://api.figma.com/v1", true}, Case{"http://127.0.0.1:80/", true},
                        Case{"http://127.9.9.9/", true}, Case{"http://localhost/", true},
                        Case{"http://[::1]:8080/", true}, Case{"http://api.figma.com/", false},
                        Case{"http://127.0.0.1.example/", false}, Case{"http://0.0.0.0/", false},
                        Case{"ftp://127.0.0.1/", false}, Case{"file://localhost/etc", false}}) {
    if (c.allowed) {
      EXPECT_NO_THROW(policy.check_url(c.url)) << c.url;
    } else {
      EXPECT_THROW(policy.check_url(c.url), Error) << c.url;
    }
  }
  EXPECT_NO_THROW(EgressPolicy(true).check_url("http://api.figma.com/"));
}

TEST(EgressPolicy, ARedirectNeverLeavesHttps) {
  EgressPolicy policy(true);
  EXPECT_THROW(policy.check_redirect("https://a.example/", "http://127.0.0.1/"), Error);
  EXPECT_NO_THROW(policy.check_redirect("https://a.example/", "https://b.example/"));
  EXPECT_NO_THROW(policy.check_redirect("http://127.0.0.1/", "https://b.example/"));
}

bool allowed(const char* text, bool https) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    return EgressPolicy().allows(https, reinterpret_cast<const sockaddr&>(v4));
  }
  EXPECT_EQ(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
  v6.sin6_family = AF_INET6;
  return EgressPolicy().allows(https, reinterpret_cast<const sockaddr&>(v6));
}

TEST(EgressPolicy, JudgesTheAddressThatANameResolvedTo) {
  EXPECT_TRUE(allowed("127.0.0.1", false));
  EXPECT_TRUE(allowed("::1", false));
  EXPECT_TRUE(allowed("::ffff:127.0.0.1", false));
  EXPECT_FALSE(allowed("::ffff:10.0.0.1", false));
  EXPECT_FALSE(allowed("203.0.113.7", false));
  EXPECT_TRUE(allowed("203.0.113.7", true));
}

}  // namespace
}  // namespace gantry::net
