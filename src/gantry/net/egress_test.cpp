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

struct Address {
  explicit Address(const char* text) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    storage.ss_family = AF_INET;
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) return;
    storage.ss_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6.sin6_addr), 1) << text;
  }
  const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(storage); }

  sockaddr_storage storage{};
};

bool allowed(const char* text, bool https) {
  return EgressPolicy().allows(https ? "https://a.example/" : "http://a.example/",
                               Address(text).get());
}

TEST(EgressPolicy, JudgesTheAddressThatANameResolvedTo) {
  EXPECT_TRUE(allowed("127.0.0.1", false));
  EXPECT_TRUE(allowed("::1", false));
  EXPECT_TRUE(allowed("::ffff:127.0.0.1", false));
  EXPECT_FALSE(allowed("::ffff:10.0.0.1", false));
  EXPECT_FALSE(allowed("203.0.113.7", false));
  EXPECT_TRUE(allowed("203.0.113.7", true));
}

TEST(EgressPolicy, KnowsWhichAddressesAreOfTheInternet) {
  for (const char* text :
       {"1.1.1.1", "11.0.0.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "223.255.255.254",
        "2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    EXPECT_TRUE(is_public(Address(text).get())) << text;
  }
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "192.0.2.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::a00:1",
                           "2001:db8::1",
                           "2001::1",
                           "2002:a00:1::",
                           "3fff::1",
                           "64:ff9b:1::1"}) {
    EXPECT_FALSE(is_public(Address(text).get())) << text;
  }
}

TEST(EgressPolicy, AServerReachesPrivateAddressesOnlyWhereItIsTold) {
  EgressPolicy policy = EgressPolicy::for_server(
      [](std::string_view host) { return host == "inside.example" || host == "localhost"; });
  EXPECT_TRUE(policy.allows("https://outside.example/", Address("1.1.1.1").get()));
  EXPECT_FALSE(policy.allows("https://outside.example/", Address("10.0.0.1").get()));
  EXPECT_FALSE(policy.allows("https://outside.example/", Address("::1").get()));
  EXPECT_TRUE(policy.allows("https://inside.example/", Address("10.0.0.1").get()));
  EXPECT_FALSE(policy.allows("http://inside.example/", Address("10.0.0.1").get()));
  EXPECT_TRUE(policy.allows("http://localhost:8080/", Address("127.0.0.1").get()));
  EXPECT_FALSE(policy.allows("http://127.0.0.1:8080/", Address("127.0.0.1").get()));
  EXPECT_TRUE(policy.goes_direct("https://outside.example/"));
  EXPECT_FALSE(EgressPolicy().goes_direct("https://outside.example/"));
  EXPECT_TRUE(EgressPolicy().goes_direct("http://127.0.0.1/"));
}

}  // namespace
}  // namespace gantry::net
