#include "gantry/service/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

#include "testing/files.hpp"

namespace gantry::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AccessTest : public ::testing::Test {
 protected:
  std::vector<AccessKey> read(const std::string& text) {
    testing::write_text(folder_ / "keys", text);
    return read_access_keys(folder_ / "keys");
  }
  // What reading says is wrong.
  std::string fault_of(const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
  const std::string hash_ = sha256("key").hex();
};

TEST_F(AccessTest, AKeyReachesWhatItsLineNames) {
  Access access(read("# who may what\n\n"
                     "ci read,create " +
                     hash_ +
                     " webhooks=https://a.example/hooks/,"
                     "https://in.example/x private=in.example files=AbC,DeF\r\n"
                     "other admin " +
                     sha256("other").hex() + "\n"),
                Secret("s"));
  EXPECT_TRUE(access.may_notify("ci", "https://a.example/hooks/1"));
  EXPECT_TRUE(access.may_notify("ci", "https://in.example/x"));
  EXPECT_FALSE(access.may_notify("ci", "https://a.example/"));
  EXPECT_FALSE(access.may_notify("ci", "http://127.0.0.1/"));
  EXPECT_FALSE(access.may_notify("other", "https://a.example/hooks/1"));
  EXPECT_FALSE(access.may_notify("", "https://a.example/hooks/1"));
  EXPECT_TRUE(access.may_be_private("in.example"));
  EXPECT_FALSE(access.may_be_private("a.example"));
  EXPECT_FALSE(access.may_be_private("localhost"));
  EXPECT_TRUE(access.may_read_file("ci", "DeF"));
  EXPECT_FALSE(access.may_read_file("ci", "def"));
  EXPECT_FALSE(access.may_read_file("other", "DeF"));
  EXPECT_THAT(access.webhook_owners(), ElementsAre("ci"));
}

TEST_F(AccessTest, WithoutKeysWebhooksAreOnThisMachine) {
  Access access({}, Secret("s"));
  EXPECT_TRUE(access.may_notify("", "http://127.0.0.1:9000/x"));
  EXPECT_TRUE(access.may_notify("", "https://localhost/"));
  EXPECT_FALSE(access.may_notify("", "https://a.example/"));
  EXPECT_TRUE(access.may_be_private("127.0.0.1"));
  EXPECT_FALSE(access.may_be_private("a.example"));
  EXPECT_TRUE(access.may_read_file("", "AbC"));
}

TEST_F(AccessTest, WhatIsWrongIsNamedWithItsLine) {
  const std::string key = "ci read " + hash_;
  EXPECT_THAT(fault_of("\n" + key + " webhook=https://a.example/\n"),
              HasSubstr("keys:2: 'webhook=https://a.example/' is none of webhooks="));
  EXPECT_THAT(fault_of(key + " files=\n"), HasSubstr("'files=' is none of"));
  EXPECT_THAT(fault_of(key + " files\n"), HasSubstr("'files' is none of"));
  EXPECT_THAT(fault_of(key + " =x\n"), HasSubstr("'=x' is none of"));
  EXPECT_THAT(fault_of(key + " webhooks=http://a.example/\n"),
              HasSubstr("keys:1: webhook 'http://a.example/': "));
  EXPECT_THAT(fault_of("ci read 12\n"), HasSubstr("keys:1: not a key"));
}

}  // namespace
}  // namespace gantry::service
