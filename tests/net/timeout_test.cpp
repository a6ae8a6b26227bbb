// Every way to wait for a peer is bounded.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/network.hpp"
#include "tests/net/raw_server.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Far above what is waited for, far below what an unbounded wait would take.
constexpr auto kBounded = 15s;

class Timeout : public NetworkTest {
 protected:
  void expect_timeout(const Outcome<net::HttpResponse>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kTimeout) << answer.error().message();
    EXPECT_EQ(answer.error().retry(), Retry::kSameRequest);
    EXPECT_LT(clock_.now() - start_, kBounded);
  }
  async::TimePoint start_ = clock_.now();
};

TEST_F(Timeout, OfAConnectionThatNobodyAccepts) {
  const FullListener listener;
  net::HttpRequest request = get("http://127.0.0.1:" + std::to_string(listener.port()));
  request.limits.connect = 300ms;
  auto answer = fetch(std::move(request));
  expect_timeout(answer);
  EXPECT_THAT(answer.error().message(), HasSubstr("not connected"));
  EXPECT_GE(clock_.now() - start_, 250ms);
}

// One must not wait for the time-out of the one before.
TEST_F(Timeout, OfManyTlsConnectionsIsThatOfOne) {
  RawServer silent([](RawConnection& connection) { connection.wait_for_close(); });
  std::vector<net::HttpRequest> requests(40, get("https://" + silent.address()));
  for (net::HttpRequest& request : requests) request.limits.connect = 1s;
  for (const auto& answer : fetch_all(std::move(requests))) expect_timeout(answer);
}

TEST_F(Timeout, OfTheWholeAttemptCountsFromItsStart) {
  RawServer silent([](RawConnection& connection) { connection.wait_for_close(); });
  std::vector<net::HttpRequest> requests(40, get("https://" + silent.address()));
  for (net::HttpRequest& request : requests) request.limits.total = 1s;
  for (const auto& answer : fetch_all(std::move(requests))) expect_timeout(answer);
}

TEST_F(Timeout, OfASilentServer) {
  RawServer silent([](RawConnection& connection) { connection.wait_for_close(); });
  net::HttpRequest request = get("http://" + silent.address());
  request.limits.slow_window = 1s;
  auto answer = fetch(std::move(request));
  expect_timeout(answer);
  EXPECT_THAT(answer.error().message(), HasSubstr("(connected)"));
}

void trickle(httpd::Server& server, httpd::Responder responder, int pieces) {
  if (pieces == 0) return responder.end();
  responder.write("x");
  server.schedule(50ms, [&server, responder, pieces] { trickle(server, responder, pieces - 1); });
}

TEST_F(Timeout, OfABodyThatTrickles) {
  serve([&](const httpd::Request&, httpd::Responder responder) {
    responder.begin(200, {}, 1'000'000, httpd::AfterAnswer::kCloseConnection);
    trickle(*server_, responder, 1'000);
  });
  net::HttpRequest request = get(url("/"));
  request.limits.slow_window = 1s;
  request.limits.slow_bytes_per_second = 1'000;
  expect_timeout(fetch(std::move(request)));
  net::HttpRequest whole = get(url("/"));
  whole.limits.total = 500ms;
  expect_timeout(fetch(std::move(whole)));
}

TEST_F(Timeout, DoesNotEndASlowBodyThatIsFastEnough) {
  serve([&](const httpd::Request&, httpd::Responder responder) {
    responder.begin(200, {}, 40, httpd::AfterAnswer::kCloseConnection);
    trickle(*server_, responder, 40);
  });
  net::HttpRequest request = get(url("/"));
  request.limits.slow_window = 1s;
  request.limits.slow_bytes_per_second = 2;
  auto answer = fetch(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.size(), 40U);
}

TEST_F(Timeout, DoesNotSpoilTheTransport) {
  const FullListener listener;
  net::HttpRequest request = get("http://127.0.0.1:" + std::to_string(listener.port()));
  request.limits.connect = 100ms;
  EXPECT_FALSE(fetch(std::move(request)));
  serve([](const httpd::Request&, httpd::Responder responder) { responder.send({200, {}, "ok"}); });
  EXPECT_EQ(fetch(get(url("/"))).value().body.view(), "ok");
}

}  // namespace
}  // namespace gantry::testing
