#include "gantry/artifacts/s3_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::artifacts {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

S3Access published_access() {
  return {.endpoint = "https://examplebucket.s3.amazonaws.com",
          .region = "us-east-1",
          .access_key_id = "AKIAIOSFODNN7EXAMPLE",
          .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
          .session_token = Secret()};
}

// 2013-05-24 00:00:00.
const async::WallTime kPublishedTime = async::WallTime::clock::from_time_t(1'369'353'600);

std::string authorization(S3Request request) {
  return signed_request(std::move(request), published_access(), kPublishedTime)
      .credential->value.reveal();
}

TEST(SignedRequest, HasThePublishedSignatures) {
  EXPECT_EQ(authorization({.path = "/test.txt", .headers = {{"Range", "bytes=0-9"}}}),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_THAT(authorization({.method = "PUT",
                             .path = "/test$file.text",
                             .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                         {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                             .body = "Welcome to Amazon S3."}),
              EndsWith("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
  EXPECT_THAT(authorization({.query = {{"lifecycle", ""}}}),
              EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  EXPECT_THAT(authorization({.query = {{"prefix", "J"}, {"max-keys", "2"}}}),
              EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(SignedRequest, HasTheTokenOfASessionAmongWhatIsSigned) {
  S3Access access = published_access();
  const std::string without = signed_request({}, access, kPublishedTime).credential->value.reveal();
  access.session_token = Secret("session/1");
  net::HttpRequest sent = signed_request({}, access, kPublishedTime);
  EXPECT_EQ(net::find_header(sent.headers, "x-amz-security-token"), "session/1");
  EXPECT_THAT(
      sent.credential->value.reveal(),
      HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
  EXPECT_THAT(without, Not(HasSubstr("security-token")));
  EXPECT_THAT(presigned_url({}, access, kPublishedTime, std::chrono::seconds(60)),
              HasSubstr("&X-Amz-Security-Token=session%2F1&"));
}

TEST(PresignedUrl, HasThePublishedSignature) {
  EXPECT_EQ(presigned_url({.path = "/test.txt"}, published_access(), kPublishedTime,
                          std::chrono::seconds(86'400)),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
            "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&"
            "X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
            "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SignedRequest, IsSentAsItIsSigned) {
  S3Access access = published_access();
  access.endpoint = "http://127.0.0.1:9000/";
  S3Request request{.method = "PUT",
                    .path = "/bucket/\u00fc b+c/d.xml",
                    .query = {{"uploadId", "a/b="}, {"partNumber", "1"}},
                    .headers = {{"x-amz-meta-a", "b"}},
                    .body = "body"};
  net::HttpRequest sent = signed_request(std::move(request), access, kPublishedTime);
  EXPECT_EQ(sent.method, "PUT");
  EXPECT_EQ(sent.url,
            "http://127.0.0.1:9000/bucket/%C3%BC%20b%2Bc/d.xml?partNumber=1&uploadId=a%2Fb%3D");
  EXPECT_EQ(sent.body, "body");
  EXPECT_EQ(net::find_header(sent.headers, "x-amz-date"), "20130524T000000Z");
  EXPECT_EQ(net::find_header(sent.headers, "x-amz-content-sha256"),
            "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5");
}

TEST(SignedRequest, KeepsItsSignatureForItsOwnOriginAndShowsNoSecret) {
  net::HttpRequest sent = signed_request({}, published_access(), kPublishedTime);
  EXPECT_EQ(sent.credential->origin, "https://examplebucket.s3.amazonaws.com");
  EXPECT_EQ(net::find_header(sent.headers, "Authorization"), "");
  EXPECT_THAT(sent.credential->value.reveal(), Not(HasSubstr("wJalr")));
}

}  // namespace
}  // namespace gantry::artifacts
