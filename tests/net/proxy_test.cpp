// Proxies come from the usual variables, and this machine is always reached directly.
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/network.hpp"
#include "tests/net/raw_server.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Proxy : public NetworkTest {
 protected:
  Proxy() { egress_ = net::EgressPolicy(true); }

  // Answers plain requests itself and refuses tunnels; keeps the head of both.
  void serve_proxy(RawConnection& connection) {
    for (std::string head = connection.read_head(); !head.empty(); head = connection.read_head()) {
      const bool tunnel = head.starts_with("CONNECT ");
      const std::lock_guard lock(mutex_);
      heads_.push_back(std::move(head));
      connection.write(tunnel ? "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"
                              : "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nby proxy!");
    }
  }
  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  static net::HttpRequest with_token(std::string address) {
    net::HttpRequest request = get(std::move(address));
    request.credential = net::Credential{"X-Token", Secret("figd_secret"), "https://192.0.2.1"};
    request.limits.connect = 300ms;
    return request;
  }

  std::mutex mutex_;
  std::vector<std::string> heads_;
  RawServer proxy_{[this](RawConnection& connection) { serve_proxy(connection); }};
  std::string address_ = "http://" + proxy_.address();
};

TEST_F(Proxy, HttpGoesThroughTheProxyWithItsWholeAddress) {
  const ScopedVariable variable("http_proxy", address_);
  auto answer = fetch(get("http://192.0.2.1/a?b=c"));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.view(), "by proxy!");
  ASSERT_EQ(heads().size(), 1U);
  EXPECT_THAT(heads().front(), StartsWith("GET http://192.0.2.1/a?b=c HTTP/1.1\r\n"));
}

TEST_F(Proxy, HttpsGoesThroughATunnelAndTheProxyNeverSeesTheCredential) {
  for (const auto* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY"}) {
    const ScopedVariable variable(name, address_);
    const std::size_t before = heads().size();
    auto answer = fetch(with_token("https://192.0.2.1/private"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork) << answer.error().message();
    ASSERT_EQ(heads().size(), before + 1) << name;
    EXPECT_THAT(heads().back(), StartsWith("CONNECT 192.0.2.1:443 HTTP/1.1\r\n"));
    EXPECT_THAT(heads().back(), Not(HasSubstr("figd_secret")));
    EXPECT_THAT(heads().back(), Not(HasSubstr("private")));
  }
}

TEST_F(Proxy, NoProxyNamesWhatIsReachedDirectly) {
  const ScopedVariable all("ALL_PROXY", address_);
  const ScopedVariable except("NO_PROXY", "elsewhere.example,192.0.2.1");
  EXPECT_FALSE(fetch(with_token("https://192.0.2.1/")));
  EXPECT_TRUE(heads().empty());
}

TEST_F(Proxy, ThisMachineIsReachedDirectly) {
  const ScopedVariable http("http_proxy", address_);
  const ScopedVariable all("ALL_PROXY", address_);
  serve([](const httpd::Request&, httpd::Responder responder) {
    responder.send({200, {}, "directly"});
  });
  const std::string port = std::to_string(server_->port());
  for (const std::string host : {"127.0.0.1", "localhost", "LOCALHOST", "127.1"}) {
    auto answer = fetch(get("http://" + host + ":" + port + "/"));
    ASSERT_TRUE(answer) << host << ": " << answer.error().message();
    EXPECT_EQ(answer->body.view(), "directly") << host;
  }
  EXPECT_TRUE(heads().empty());
}

}  // namespace
}  // namespace gantry::testing
