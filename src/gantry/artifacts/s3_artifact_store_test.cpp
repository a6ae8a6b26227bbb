// What an object storage may do wrong, from a script. What it does right is in conformance_test.
#include "gantry/artifacts/s3_artifact_store.hpp"

#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/artifacts/artifact_driver.hpp"
#include "gantry/base/error.hpp"

#include "testing/scripted_transport.hpp"

namespace gantry::artifacts {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using testing::ScriptedTransport;

constexpr std::size_t kMegabyte = 1 << 20;

std::string error_body(const std::string& code) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code +
         "</Code><Message>StringToSign with details</Message></Error>";
}

Outcome<net::HttpResponse> answer(int status, std::string body = "",
                                  std::vector<net::Header> headers = {}) {
  return ScriptedTransport::answer(status, std::move(body), std::move(headers));
}

class S3ArtifactStoreTest : public ::testing::Test {
 protected:
  std::vector<net::Header> headers_of(const Artifact& artifact) {
    return {{"Content-Length", std::to_string(artifact.size)},
            {"x-amz-meta-gantry-crc32", fmt::format("{:08x}", artifact.crc32)},
            {"x-amz-meta-gantry-sha256", artifact.sha256.hex()}};
  }
  Outcome<net::HttpResponse> found(const Artifact& artifact) {
    return answer(200, "", headers_of(artifact));
  }
  Outcome<net::HttpResponse> part(const Artifact& artifact, std::string bytes) {
    auto headers = headers_of(artifact);
    headers.emplace_back("Content-Range",
                         fmt::format("bytes 0-{}/{}", bytes.size() - 1, artifact.size));
    return answer(206, std::move(bytes), std::move(headers));
  }
  Outcome<net::HttpResponse> upload_begun() {
    return answer(200,
                  "<InitiateMultipartUploadResult><UploadId>id/1</UploadId>"
                  "</InitiateMultipartUploadResult>");
  }
  Outcome<net::HttpResponse> part_taken(int number) {
    return answer(200, "", {{"ETag", fmt::format("\"tag{}\"", number)}});
  }
  Outcome<net::HttpResponse> completed() {
    return answer(200,
                  "<CompleteMultipartUploadResult><Key>a</Key>"
                  "</CompleteMultipartUploadResult>");
  }

  template <class... Answers>
  void script(Answers... answers) {
    transport_.answers = {std::move(answers)...};
  }

  // Waits of the client take no time: the clock moves when nothing else does.
  template <class T>
  T run(async::awaitable<T> task) {
    std::optional<T> result;
    auto ended = std::make_shared<std::optional<std::exception_ptr>>();
    boost::asio::co_spawn(driver_.loop, testing::keep_result<T>(std::move(task), result),
                          [ended](const std::exception_ptr& thrown) { *ended = thrown; });
    while (!ended->has_value()) {
      driver_.loop.restart();
      if (driver_.loop.run_one_for(20ms) == 0) clock_.advance_to_next();
    }
    if (**ended) std::rethrow_exception(**ended);
    return std::move(*result);
  }

  Artifact put(const std::string& bytes) {
    testing::write_text(driver_.files / "source", bytes);
    return run(store_.put("a", driver_.files / "source"));
  }
  template <class T>
  std::string failure_of(async::awaitable<T> task) {
    try {
      run(std::move(task));
      return "nothing is thrown";
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), Not(HasSubstr("very secret")));
      EXPECT_THAT(error.message(), Not(HasSubstr("StringToSign")));
      return std::string(to_string(error.code())) + ": " + error.message();
    }
  }
  std::string failure_of_put(const std::string& bytes) {
    testing::write_text(driver_.files / "source", bytes);
    return failure_of(store_.put("a", driver_.files / "source"));
  }

  // "PUT ?partNumber=1" of each request.
  std::vector<std::string> requests() const {
    std::vector<std::string> list;
    for (const net::HttpRequest& request : transport_.requests) {
      std::size_t query = request.url.find('?');
      list.push_back(request.method +
                     (query == std::string::npos ? "" : " " + request.url.substr(query)));
    }
    return list;
  }

  ArtifactDriver driver_;
  async::VirtualClock clock_;
  net::Admission admission_{driver_.loop.get_executor(), clock_, 1min};
  ScriptedTransport transport_{clock_};
  net::Client client_{
      transport_, admission_, net::EgressPolicy(), clock_, [](const std::string&) {}, 1};
  S3ArtifactStore store_{{driver_.loop.get_executor(), clock_, driver_.pool, admission_, client_},
                         {"https://s3.example", "auto", "key", Secret("very secret"), Secret()},
                         {"bucket", "gantry/"}};
};

TEST_F(S3ArtifactStoreTest, PutsOnlyWhatIsNotThereAndSendsNoChecksumHeaders) {
  script(answer(404), answer(200));
  Artifact artifact = put("bytes");
  EXPECT_EQ(artifact, artifact_of("a", "bytes"));
  ASSERT_THAT(requests(), ElementsAre("HEAD", "PUT"));
  const net::HttpRequest& request = transport_.requests[1];
  EXPECT_EQ(request.url, "https://s3.example/bucket/gantry/a");
  EXPECT_EQ(request.body, "bytes");
  EXPECT_EQ(net::find_header(request.headers, "If-None-Match"), "*");
  EXPECT_EQ(net::find_header(request.headers, "x-amz-meta-gantry-crc32"), "b19943ce");
  for (const auto& [name, value] : request.headers) {
    EXPECT_THAT(name, Not(HasSubstr("checksum")));
  }
}

TEST_F(S3ArtifactStoreTest, AcceptsThatAnotherWasFasterWithTheSameBytes) {
  Artifact same = artifact_of("a", "bytes");
  script(answer(404), answer(412, error_body("PreconditionFailed")), found(same));
  EXPECT_EQ(put("bytes"), same);
  script(answer(404), answer(412, error_body("PreconditionFailed")),
         found(artifact_of("a", "other")));
  EXPECT_THAT(failure_of_put("bytes"), StartsWith("conflict: the artifact 'a' is stored already"));
}

TEST_F(S3ArtifactStoreTest, SendsPartsOfEqualSize) {
  std::string bytes = noise(17 * kMegabyte);
  script(answer(404), upload_begun(), part_taken(1), part_taken(2), part_taken(3), completed());
  EXPECT_EQ(put(bytes), artifact_of("a", bytes));
  ASSERT_THAT(requests(),
              ElementsAre("HEAD", "POST ?uploads=", "PUT ?partNumber=1&uploadId=id%2F1",
                          "PUT ?partNumber=2&uploadId=id%2F1", "PUT ?partNumber=3&uploadId=id%2F1",
                          "POST ?uploadId=id%2F1"));
  EXPECT_EQ(net::find_header(transport_.requests[1].headers, "x-amz-meta-gantry-sha256"),
            sha256(bytes).hex());
  EXPECT_EQ(net::find_header(transport_.requests[1].headers, "Content-Length"), "0");
  EXPECT_EQ(transport_.requests[2].body.size(), 8 * kMegabyte);
  EXPECT_EQ(transport_.requests[3].body.size(), 8 * kMegabyte);
  EXPECT_EQ(transport_.requests[4].body.size(), 1 * kMegabyte);
  EXPECT_EQ(transport_.requests[5].body,
            "<CompleteMultipartUpload>"
            "<Part><PartNumber>1</PartNumber><ETag>\"tag1\"</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>\"tag2\"</ETag></Part>"
            "<Part><PartNumber>3</PartNumber><ETag>\"tag3\"</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST_F(S3ArtifactStoreTest, SendsAPartAgainThatTheServerFailedToTake) {
  script(answer(404), upload_begun(), answer(500, error_body("InternalError")), part_taken(1),
         part_taken(2), completed());
  std::string bytes = noise(9 * kMegabyte);
  EXPECT_EQ(put(bytes), artifact_of("a", bytes));
}

TEST_F(S3ArtifactStoreTest, TakesAnUploadBackThatCannotBeFinished) {
  script(answer(404), upload_begun(), part_taken(1), answer(500, error_body("InternalError")));
  EXPECT_EQ(failure_of_put(noise(9 * kMegabyte)),
            "server: cannot store part 2 of the artifact 'a': the object storage at s3.example "
            "answers 500 InternalError");
  EXPECT_EQ(requests().back(), "DELETE ?uploadId=id%2F1");
}

TEST_F(S3ArtifactStoreTest, SeesAFailureInAnAnswerThatBeganWell) {
  script(answer(404), upload_begun(), part_taken(1), part_taken(2),
         answer(200, error_body("InternalError")), completed());
  std::string bytes = noise(9 * kMegabyte);
  EXPECT_EQ(put(bytes), artifact_of("a", bytes));
  EXPECT_THAT(requests().back(), "POST ?uploadId=id%2F1");

  script(answer(404), upload_begun(), part_taken(1), part_taken(2),
         answer(200, error_body("InvalidPart")), answer(204));
  EXPECT_EQ(failure_of_put(bytes),
            "server: the object storage could not join the parts: InvalidPart");
  EXPECT_THAT(requests().back(), "DELETE ?uploadId=id%2F1");
}

TEST_F(S3ArtifactStoreTest, AcceptsThatTheUploadIsFinishedThoughTheAnswerWasLost) {
  std::string bytes = noise(9 * kMegabyte);
  Artifact artifact = artifact_of("a", bytes);
  Error lost = Error(ErrorCode::kNetwork, "reset").with(Retry::kSameRequest);
  script(answer(404), upload_begun(), part_taken(1), part_taken(2),
         Outcome<net::HttpResponse>(tl::unexpected(lost)), answer(404, error_body("NoSuchUpload")),
         found(artifact));
  EXPECT_EQ(put(bytes), artifact);
}

TEST_F(S3ArtifactStoreTest, LearnsTheTimeFromAServerThatFindsItsClockWrong) {
  // Ten years from the clock of the test.
  script(
      answer(403, error_body("RequestTimeTooSkewed"), {{"Date", "Sat, 01 Jan 2050 10:20:30 GMT"}}),
      answer(404));
  EXPECT_EQ(run(store_.find("a")), std::nullopt);
  ASSERT_EQ(transport_.requests.size(), 2U);
  EXPECT_EQ(net::find_header(transport_.requests[1].headers, "x-amz-date"), "20500101T102030Z");
  run(store_.find("a"));
  EXPECT_EQ(transport_.requests.size(), 3U) << "and remembers it";
}

TEST_F(S3ArtifactStoreTest, SaysWhatToDoAboutARefusal) {
  struct {
    int status;
    std::string code;
    std::string message;
  } cases[] = {
      {403, "SignatureDoesNotMatch",
       "unauthorized: cannot list the artifacts: the object storage at s3.example answers 403 "
       "SignatureDoesNotMatch: check the access key, its secret and the region"},
      {403, "InvalidAccessKeyId", "unauthorized: "},
      {403, "RequestTimeTooSkewed", "set the clock of this machine"},
      {403, "AccessDenied",
       "forbidden: cannot list the artifacts: the object storage at s3.example answers 403 "
       "AccessDenied: let the access key read, write, list and delete in the bucket 'bucket'"},
      {404, "NoSuchBucket", "not_found: "},
      {503, "SlowDown", "server: "},
      {501, "NotImplemented", "server: "},
      {400, "<b>&</b>",
       "bad_response: cannot list the artifacts: the object storage at s3.example "
       "answers 400"},
  };
  for (const auto& [status, code, message] : cases) {
    script(answer(status, error_body(code)));
    EXPECT_THAT(failure_of(store_.list("", "")), HasSubstr(message));
  }
}

TEST_F(S3ArtifactStoreTest, AsksAgainForWhatWasCutShort) {
  Artifact artifact = artifact_of("a", "bytes");
  Error cut = Error(ErrorCode::kNetwork, "cut short").with(Retry::kSameRequest);
  script(Outcome<net::HttpResponse>(tl::unexpected(cut)), part(artifact, "bytes"));
  EXPECT_EQ(run(store_.read(artifact, 0, 5)), "bytes");
  EXPECT_EQ(net::find_header(transport_.requests[1].headers, "Range"), "bytes=0-4");
}

TEST_F(S3ArtifactStoreTest, RefusesBytesThatAreNotThoseItAskedFor) {
  Artifact artifact = artifact_of("a", "bytes");
  auto reading = [&](Outcome<net::HttpResponse> response) {
    script(std::move(response));
    return failure_of(store_.read(artifact, 0, 5));
  };
  EXPECT_EQ(reading(part(artifact, "byt")),
            "bad_response: 5 bytes of the artifact 'a' were asked for and 3 came");
  EXPECT_EQ(reading(part(artifact_of("a", "other"), "other")),
            "bad_response: the artifact 'a' has changed in its store");
  EXPECT_EQ(reading(part(artifact_of("a", "bytes and more"), "bytes")),
            "bad_response: the artifact 'a' has changed in its store");
  EXPECT_EQ(reading(answer(206, "bytes")),
            "bad_response: the artifact 'a' has changed in its store");
  EXPECT_THAT(reading(answer(200, "bytes", headers_of(artifact))), HasSubstr("answers 200"));
  EXPECT_EQ(reading(answer(416)), "bad_response: the artifact 'a' has changed in its store");
  EXPECT_EQ(reading(answer(404)), "not_found: the artifact 'a' is gone");
}

TEST_F(S3ArtifactStoreTest, DoesNotTakeOverWhatOthersHavePut) {
  script(answer(200, "", {{"Content-Length", "5"}}));
  EXPECT_THAT(failure_of_put("bytes"),
              HasSubstr("conflict: the object 'gantry/a' in the bucket 'bucket' is not an artifact "
                        "of Gantry"));
}

TEST_F(S3ArtifactStoreTest, SendsItsSignatureToNoOtherHost) {
  script(answer(307, "", {{"Location", "https://other.example/a"}}), answer(404));
  run(store_.find("a"));
  ASSERT_EQ(transport_.requests.size(), 2U);
  EXPECT_TRUE(transport_.requests[0].credential.has_value());
  EXPECT_FALSE(transport_.requests[1].credential.has_value());
}

TEST_F(S3ArtifactStoreTest, ListsPageAfterPage) {
  auto page = [](std::string keys, bool more) {
    std::string contents;
    for (char key : keys) {
      contents += std::string("<Contents><Key>gantry/") + key + "</Key></Contents>";
    }
    return answer(200, "<ListBucketResult><IsTruncated>" + std::string(more ? "true" : "false") +
                           "</IsTruncated>" + contents + "</ListBucketResult>");
  };
  script(page("ab", true), page("c", false));
  EXPECT_THAT(run(store_.list("", "")), ElementsAre("a", "b", "c"));
  EXPECT_THAT(requests().back(), HasSubstr("start-after=gantry%2Fb"));
  script(answer(200, "<html>"));
  EXPECT_THAT(failure_of(store_.list("", "")), HasSubstr("is no list"));
}

TEST_F(S3ArtifactStoreTest, RefusesAnEndpointABucketOrAPrefixThatCannotBe) {
  auto making = [this](const std::string& endpoint, const std::string& bucket,
                       const std::string& prefix) {
    try {
      S3ArtifactStore({driver_.loop.get_executor(), clock_, driver_.pool, admission_, client_},
                      {endpoint, "auto", "key", Secret("very secret"), Secret()}, {bucket, prefix});
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("made");
  };
  EXPECT_EQ(making("https://s3.example/", "bucket", ""), "made");
  EXPECT_THAT(making("s3.example", "bucket", ""), HasSubstr("is not an absolute address"));
  EXPECT_THAT(making("https://s3.example/bucket", "bucket", ""), HasSubstr("without a path"));
  EXPECT_THAT(making("https://s3.example", "Bucket/x", ""), HasSubstr("not the name of a bucket"));
  EXPECT_THAT(making("https://s3.example", "bucket", "/a/"), HasSubstr("it is empty"));
  EXPECT_THAT(making("https://s3.example", "bucket", std::string(125, 'p')),
              HasSubstr("more than 124 bytes"));
}

}  // namespace
}  // namespace gantry::artifacts
