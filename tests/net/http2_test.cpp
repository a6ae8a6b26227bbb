// HTTP/2 with a server of another make: nghttpd of Debian's nghttp2-server.
#include <cstdlib>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testing/files.hpp"
#include "testing/process.hpp"
#include "tests/net/network.hpp"
#include "tests/net/raw_server.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null").c_str()) == 0;
}

bool accepts(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return connected;
}

std::uint16_t free_port() {
  return RawServer([](RawConnection&) {}).port();
}

class Http2 : public NetworkTest {
 protected:
  void SetUp() override {
    if (!has_program("nghttpd") || !has_program("openssl")) {
      GTEST_SKIP() << "skipped: there is no nghttpd (nghttp2-server) or no openssl here";
    }
    const auto made =
        testing::run({.program = "openssl",
                      .arguments = {"req", "-x509", "-newkey", "ec", "-pkeyopt",
                                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                                    "-keyout", folder_ / "key.pem", "-out", certificate_}});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    write_text(folder_ / "files" / "page", "over two");
    for (int attempt = 0; attempt < 5 && !is_up_; ++attempt) start_server();
    ASSERT_TRUE(is_up_) << http2_->out() << http2_->err();
  }

  // The free port may be taken by another program before nghttpd has it.
  void start_server() {
    port_ = free_port();
    http2_.emplace(Command{.program = "nghttpd",
                           .arguments = {"-v", "-d", folder_ / "files", std::to_string(port_),
                                         folder_ / "key.pem", certificate_}});
    const auto deadline = clock_.now() + 20s;
    while (!is_up_ && http2_->running() && clock_.now() < deadline) {
      is_up_ = accepts(port_);
      if (!is_up_) std::this_thread::sleep_for(5ms);
    }
  }

  std::string page() const { return "https://127.0.0.1:" + std::to_string(port_) + "/page"; }

  TemporaryFolder folder_;
  std::string certificate_ = folder_ / "certificate.pem";
  std::optional<Process> http2_;
  std::uint16_t port_ = 0;
  bool is_up_ = false;
};

TEST_F(Http2, ManyAtOnceShareOneConnection) {
  const ScopedVariable trust("CURL_CA_BUNDLE", certificate_);
  const auto answers = fetch_all(std::vector<net::HttpRequest>(60, get(page())));
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body.view(), "over two");
  }
  // Each line of nghttpd's log has the number of its connection; number 1 was the probe's.
  EXPECT_THAT(http2_->out(), HasSubstr("[id=2]"));
  EXPECT_THAT(http2_->out(), HasSubstr("stream_id=119>"));
  EXPECT_THAT(http2_->out(), Not(HasSubstr("[id=3]")));
}

TEST_F(Http2, CancellingOneStreamLeavesTheOthers) {
  const ScopedVariable trust("CURL_CA_BUNDLE", certificate_);
  std::vector<Result> results(40);
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto task = scope_.spawn(keep(transport().send(get(page())), results[i]));
    if (i % 2 == 0) continue;
    loop_.poll();
    if (auto signal = task.lock()) signal->emit(boost::asio::cancellation_type::terminal);
  }
  run();
  for (std::size_t i = 0; i < results.size(); i += 2) {
    ASSERT_TRUE(*results[i]) << results[i]->error().message();
    EXPECT_EQ((*results[i])->body.view(), "over two");
  }
}

TEST_F(Http2, AnUnknownCertificateIsRefusedForGood) {
  auto answer = fetch(get(page()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork);
  EXPECT_EQ(answer.error().retry(), Retry::kNever);
  EXPECT_THAT(answer.error().message(), HasSubstr("certificate"));
}

}  // namespace
}  // namespace gantry::testing
