#include "gantry/service/webhook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::service {
namespace {

// The example of the standard's own libraries.
TEST(Webhook, SignsAsTheStandardDoes) {
  Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  EXPECT_EQ(webhook_signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                              R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_THROW(webhook_signature(Secret("plain"), "id", 1, ""), Error);
  EXPECT_THROW(webhook_signature(Secret("whsec_!"), "id", 1, ""), Error);
}

TEST(Webhook, MakesSecretsThatDiffer) {
  Secret secret = make_webhook_secret();
  EXPECT_EQ(secret.reveal().size(), 6 + 44u);
  EXPECT_NE(secret.reveal(), make_webhook_secret().reveal());
  EXPECT_NO_THROW(webhook_signature(secret, "id", 1, ""));
}

TEST(Webhook, ATargetIsHttpsOrOnThisMachineAndPlain) {
  for (const char* url :
       {"https://a.example/", "https://a.example", "https://a.example:8443/hook?token=x",
        "https://a.example/..a/b.c", "http://127.0.0.1:9000/x", "http://localhost/"}) {
    EXPECT_NO_THROW(check_webhook_url(url)) << url;
  }
  for (const char* url :
       {"", "a.example", "http://a.example/", "ftp://a.example/", "https://",
        "https://a b.example/", "https://user@a.example/", "https://user:word@a.example/",
        "https://a.example/#x", "https://a.example/a/../b", "https://a.example/a/%2e%2E/b",
        "https://a.example/.", "https://a.example\\@b.example/", "https://a.example/\n",
        "file:///etc/passwd"}) {
    EXPECT_THROW(check_webhook_url(url), Error) << url;
  }
  EXPECT_THROW(check_webhook_url("https://a.example/" + std::string(2000, 'a')), Error);
}

TEST(Webhook, AnEntryCoversItsPathOrAllBelowIt) {
  EXPECT_TRUE(is_covered("https://a.example/hooks/x?y=1", "https://a.example/hooks/"));
  EXPECT_TRUE(is_covered("https://A.example:443/hooks/x", "https://a.example/"));
  EXPECT_TRUE(is_covered("https://a.example", "https://a.example/"));
  EXPECT_TRUE(is_covered("https://a.example/hook?y=1", "https://a.example/hook"));
  EXPECT_FALSE(is_covered("https://a.example/hook/x", "https://a.example/hook"));
  EXPECT_FALSE(is_covered("https://a.example/hooks", "https://a.example/hooks/"));
  EXPECT_FALSE(is_covered("https://a.example.evil.example/", "https://a.example/"));
  EXPECT_FALSE(is_covered("https://a.example:444/", "https://a.example/"));
  EXPECT_FALSE(is_covered("http://localhost/", "https://localhost/"));
}

}  // namespace
}  // namespace gantry::service
