// What a transfer brings home: connections, encodings, bodies, files.
#include <filesystem>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gantry/base/hash.hpp"

#include "testing/files.hpp"
#include "tests/net/network.hpp"
#include "tests/net/raw_server.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class Transfer : public NetworkTest {};

TEST_F(Transfer, RequestsInARowShareOneConnection) {
  std::set<std::uint16_t> ports;
  serve([&](const httpd::Request& request, httpd::Responder responder) {
    ports.insert(request.remote.port);
    responder.send({200, {}, request.path});
  });
  for (int i = 0; i < 200; ++i) {
    const std::string path = "/" + std::to_string(i);
    auto answer = fetch(get(url(path)));
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_EQ(answer->body.view(), path);
  }
  EXPECT_EQ(ports.size(), 1U);
}

TEST_F(Transfer, ManyAtOnceEachGetTheirOwnAnswer) {
  serve(
      [&](const httpd::Request& request, httpd::Responder responder) {
        server_->schedule(1ms, [responder, body = request.path]() mutable {
          responder.send({200, {}, body});
        });
      },
      2);
  std::vector<net::HttpRequest> requests;
  for (int i = 0; i < 400; ++i) requests.push_back(get(url("/" + std::to_string(i))));
  auto answers = fetch_all(std::move(requests));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i]) << answers[i].error().message();
    EXPECT_EQ(answers[i]->body.view(), "/" + std::to_string(i));
  }
}

// Were they to wait for the first answer to learn the protocol, this would never end.
TEST_F(Transfer, RequestsToANewHostDoNotWaitForTheFirstAnswer) {
  std::vector<httpd::Responder> waiting;
  serve([&](const httpd::Request&, httpd::Responder responder) {
    waiting.push_back(responder);
    if (waiting.size() < 10) return;
    // Nothing of this test is used any more once the last answer has left.
    for (httpd::Responder& each : std::exchange(waiting, {})) each.send({200, {}, "together"});
  });
  std::vector<net::HttpRequest> requests(10, get(url("/")));
  for (net::HttpRequest& request : requests) request.limits.total = 10s;
  for (const auto& answer : fetch_all(std::move(requests))) {
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body.view(), "together");
  }
}

constexpr std::string_view kPlain =
    "the same bytes, the same bytes, the same bytes, again and again";
const std::string kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xc9\x48\x55\x28\x4e\xcc\x4d\x55\x48\xaa\x2c\x49"
    "\x2d\xd6\x51\x28\x21\xc0\x4f\x4c\x4f\xcc\xcc\x53\x48\xcc\x4b\x81\xb0\x00\xa3\x7e\x1f\x0c\x3f"
    "\x00\x00\x00",
    49);
const std::string kBrotli(
    "\x1b\x3e\x00\xf8\x8d\x54\xb5\xbf\x06\x11\x9b\xcb\x93\x2c\x65\x74\x39\xc8\x21\xf5\xf4\x00\x19"
    "\x20\xf3\x90\x32\x97\x5f\xc0\x01\x09",
    32);

TEST_F(Transfer, DecodesGzipAndBrotli) {
  std::string accepted;
  serve([&](const httpd::Request& request, httpd::Responder responder) {
    accepted = request.header("accept-encoding").value_or("");
    const bool gzip = request.path == "/gzip";
    responder.send({200, {{"Content-Encoding", gzip ? "gzip" : "br"}}, gzip ? kGzip : kBrotli});
  });
  for (const auto* path : {"/gzip", "/br"}) {
    auto answer = fetch(get(url(path)));
    ASSERT_TRUE(answer) << path << ": " << answer.error().message();
    EXPECT_EQ(answer->body.view(), kPlain) << path;
    EXPECT_EQ(answer->body.digest(), sha256(kPlain)) << path;
    EXPECT_THAT(accepted, HasSubstr("gzip"));
    EXPECT_THAT(accepted, HasSubstr("br"));
  }
}

TEST_F(Transfer, AnEncodingThatIsBrokenIsANetworkErrorAndNotAnAnswer) {
  serve([&](const httpd::Request&, httpd::Responder responder) {
    responder.send({200, {{"Content-Encoding", "gzip"}}, "<html>not gzip at all</html>"});
  });
  auto answer = fetch(get(url("/")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork);
  EXPECT_EQ(answer.error().retry(), Retry::kSameRequest);
}

TEST_F(Transfer, AHeadHasNoBodyAndAPostHasOne) {
  serve([](const httpd::Request& request, httpd::Responder responder) {
    responder.send({200, {{"X-Method", request.method}}, "got " + request.body});
  });
  net::HttpRequest head = get(url("/"));
  head.method = "HEAD";
  auto answer = fetch(std::move(head));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.size(), 0U);
  EXPECT_EQ(net::find_header(answer->headers, "x-method"), "HEAD");
  net::HttpRequest post = get(url("/"));
  post.method = "POST";
  post.body = "this";
  EXPECT_EQ(fetch(std::move(post)).value().body.view(), "got this");
  EXPECT_EQ(fetch(get(url("/"))).value().body.view(), "got ");
}

TEST_F(Transfer, ALargeBodyIsAPrivateFileThatGoesWithItsLastOwner) {
  std::string large(300'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 7) large[i] = static_cast<char>(i);
  serve([&](const httpd::Request&, httpd::Responder responder) {
    responder.send({200, {}, large});
  });
  const TemporaryFolder folder;
  {
    net::HttpRequest request = get(url("/"));
    request.spill_folder = folder.path();
    auto answer = fetch(std::move(request));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_FALSE(answer->body.in_memory());
    EXPECT_EQ(answer->body.size(), large.size());
    EXPECT_EQ(answer->body.digest(), sha256(large));
    EXPECT_EQ(answer->body.read(1 << 20), large);
    const auto files = std::filesystem::directory_iterator(folder.path());
    struct stat status {};
    ASSERT_EQ(::stat(files->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(Transfer, ABodyOfTheLimitStaysInMemoryAndOneByteMoreDoesNot) {
  serve([](const httpd::Request& request, httpd::Responder responder) {
    responder.send({200, {}, std::string(request.path == "/more" ? 1'001 : 1'000, 'x')});
  });
  for (const auto* path : {"/less", "/more"}) {
    net::HttpRequest request = get(url(path));
    request.limits.memory_bytes = 1'000;
    EXPECT_EQ(fetch(std::move(request)).value().body.in_memory(), std::string(path) == "/less");
  }
}

TEST_F(Transfer, AFailureLeavesNoFile) {
  serve([](const httpd::Request&, httpd::Responder responder) {
    responder.begin(200, {}, 400'000, httpd::AfterAnswer::kCloseConnection);
    responder.write(std::string(200'000, 'x'));
    responder.end();
  });
  const TemporaryFolder folder;
  net::HttpRequest request = get(url("/"));
  request.spill_folder = folder.path();
  auto answer = fetch(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork);
  EXPECT_EQ(answer.error().retry(), Retry::kSameRequest);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(Transfer, AFolderThatCannotTakeTheBodyIsAnErrorOfTheFile) {
  serve([](const httpd::Request&, httpd::Responder responder) {
    responder.send({200, {}, std::string(200'000, 'x')});
  });
  net::HttpRequest request = get(url("/"));
  request.spill_folder = "/nowhere/at/all";
  auto answer = fetch(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message(), HasSubstr("/nowhere/at/all"));
  EXPECT_EQ(answer.error().retry(), Retry::kNever);
}

class Hostile : public NetworkTest {};

TEST_F(Hostile, AnEndlessBodyIsCutAtTheLimit) {
  std::size_t sent = 0;
  {
    RawServer server([&](RawConnection& connection) {
      connection.read_head();
      connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      const std::string piece(64 * 1024, 'x');
      while (sent < (1U << 28) && connection.write(piece)) sent += piece.size();
    });
    const TemporaryFolder folder;
    net::HttpRequest request = get("http://" + server.address());
    request.limits.body_bytes = 100'000;
    request.spill_folder = folder.path();
    auto answer = fetch(std::move(request));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kTooLarge);
    EXPECT_EQ(answer.error().retry(), Retry::kNever);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
  EXPECT_LT(sent, 1U << 27);
}

// 132 bytes that unpack to 100,000.
std::string packed_zeros() {
  std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5"
      "\x4f\x6d\x0d\x0f\xa0",
      25);
  packed.append(96, '\0');
  packed.append("\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\x00", 11);
  return packed;
}

TEST_F(Hostile, TheLimitCountsWhatABodyUnpacksTo) {
  serve([](const httpd::Request&, httpd::Responder responder) {
    responder.send({200, {{"Content-Encoding", "gzip"}}, packed_zeros()});
  });
  EXPECT_EQ(fetch(get(url("/"))).value().body.size(), 100'000U);
  net::HttpRequest request = get(url("/"));
  request.limits.body_bytes = 50'000;
  EXPECT_EQ(fetch(std::move(request)).error().code(), ErrorCode::kTooLarge);
}

// A head that never ends: long lines, short lines, interim answers.
struct Flood {
  const char* name;
  std::string piece;
  std::string start = "HTTP/1.1 200 OK\r\n";
};

void PrintTo(const Flood& flood, std::ostream* out) { *out << flood.name; }

class HeaderFlood : public NetworkTest, public ::testing::WithParamInterface<Flood> {};

TEST_P(HeaderFlood, IsBounded) {
  std::size_t sent = 0;
  {
    RawServer server([&](RawConnection& connection) {
      connection.read_head();
      connection.write(GetParam().start);
      std::string many;
      while (many.size() < 64 * 1024) many += GetParam().piece;
      while (sent < (1U << 28) && connection.write(many)) sent += many.size();
    });
    net::HttpRequest request = get("http://" + server.address());
    request.limits.total = 20s;
    auto answer = fetch(std::move(request));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().code(), ErrorCode::kTimeout) << answer.error().message();
  }
  EXPECT_LT(sent, 1U << 25);
}

INSTANTIATE_TEST_SUITE_P(
    Pieces, HeaderFlood,
    ::testing::Values(Flood{"LongHeaders", "X: " + std::string(30'000, 'y') + "\r\n"},
                      Flood{"ShortHeaders", "X: y\r\n"}, Flood{"LinesThatAreNoHeaders", "X\r\n"},
                      Flood{"InterimAnswers", "HTTP/1.1 103 Early Hints\r\n\r\n", ""},
                      Flood{"OneEndlessLine", std::string(30'000, 'y')}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(Hostile, ALineBreakInARequestIsRefusedBeforeAnythingLeaves) {
  RawServer server([](RawConnection& connection) { connection.read_head(); });
  const std::string address = "http://" + server.address();
  std::vector<net::HttpRequest> requests(6, get(address));
  requests[0].headers = {{"X-Good", "yes"}, {"X-Bad", "a\r\nX-Injected: b"}};
  requests[1].headers = {{"X-Bad\nX-Injected", "b"}};
  requests[2].credential = net::Credential{"X-Token", Secret("figd_secret\n"), address};
  requests[3].method = "GET / HTTP/1.1\r\nX-Injected: b";
  requests[4].url = address + "/a b";
  requests[5].url = address + "/a\r\nX-Injected: b";
  for (const auto& answer : fetch_all(std::move(requests))) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kUsage) << answer.error().message();
    EXPECT_THAT(answer.error().message(), Not(HasSubstr("figd_secret")));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Hostile, OtherSchemesAreRefused) {
  for (const auto* address : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"}) {
    EXPECT_EQ(fetch(get(address)).error().code(), ErrorCode::kUsage) << address;
  }
}

TEST_F(Hostile, PlainHttpToAnotherMachineIsRefusedAtTheSocket) {
  const auto start = clock_.now();
  auto answer = fetch(get("http://192.0.2.1/"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnsafe);
  EXPECT_THAT(answer.error().message(), HasSubstr("192.0.2.1"));
  EXPECT_LT(clock_.now() - start, 5s);
}

TEST_F(Hostile, AnAnswerThatIsNotHttpIsANetworkError) {
  RawServer server([](RawConnection& connection) {
    connection.read_head();
    connection.write("220 mail.example ESMTP\r\n\r\n");
  });
  EXPECT_EQ(fetch(get("http://" + server.address())).error().code(), ErrorCode::kNetwork);
}

}  // namespace
}  // namespace gantry::testing
