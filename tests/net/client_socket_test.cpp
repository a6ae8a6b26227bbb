// Pauses, redirects and credentials as a server sees them.
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/net/client.hpp"
#include "gantry/net/host_gate.hpp"

#include "tests/net/network.hpp"
#include "tests/net/raw_server.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ClientOverSockets : public NetworkTest {
 protected:
  ClientOverSockets() {
    admission_.queue().set_budget("tier1", 1'000, 1s);
    admission_.queue().set_pool("api", 100, net::LaneOrder::kInTurn);
  }

  static net::CallOptions call(int max_retries = 0) {
    net::CallOptions options;
    options.ticket = {.budget = "tier1", .host = "api", .pool = "api"};
    options.retry.max_retries = max_retries;
    return options;
  }
  static net::CallOptions download() {
    net::CallOptions options = call();
    options.ticket.budget = "";
    return options;
  }

  void start(net::HttpRequest request, net::CallOptions options, Result& result) {
    scope_.spawn(keep(client_.send(std::move(request), std::move(options)), result));
  }
  Outcome<net::HttpResponse> send(net::HttpRequest request, net::CallOptions options) {
    Result result;
    start(std::move(request), std::move(options), result);
    run();
    return std::move(*result);
  }

  net::Admission admission_{loop_.get_executor(), clock_, 15min};
  std::vector<std::string> notes_;
  net::Client client_{transport(),
                      admission_,
                      net::EgressPolicy(),
                      clock_,
                      [this](const std::string& note) { notes_.push_back(note); },
                      1};
};

// When each request came and when the last byte of the 429 was handed to the network.
struct Log {
  std::mutex mutex;
  std::vector<async::TimePoint> arrivals;
  std::optional<async::TimePoint> paused;
};

TEST_F(ClientOverSockets, NothingLeavesBetweenA429AndTheEndOfItsPause) {
  Log log;
  serve(
      [&](const httpd::Request&, httpd::Responder responder) {
        std::size_t number = 0;
        {
          const std::lock_guard lock(log.mutex);
          log.arrivals.push_back(clock_.now());
          number = log.arrivals.size();
        }
        if (number == 20) {
          return responder.send({429, {{"Retry-After", "2"}}, "{}"}, [&log, this](bool) {
            const std::lock_guard lock(log.mutex);
            log.paused = clock_.now();
          });
        }
        server_->schedule(2ms, [responder]() mutable { responder.send({200, {}, "{}"}); });
      },
      2);
  // More calls than slots: some are on their way, some in the transport, some wait for a slot.
  std::vector<Result> results(150);
  for (Result& result : results) start(get(url("/")), call(), result);
  run();
  for (const Result& result : results) {
    ASSERT_TRUE(*result) << result->error().message();
    EXPECT_EQ((*result)->status, 200);
  }
  EXPECT_EQ(log.arrivals.size(), 151U);
  ASSERT_TRUE(log.paused);
  for (const async::TimePoint arrival : log.arrivals) {
    const async::Duration after = arrival - *log.paused;
    // What was on its way may take a while to arrive on a busy machine.
    EXPECT_TRUE(after < 500ms || after > 1950ms) << after / 1ms << " ms after the 429";
  }
  EXPECT_EQ(client_.counts().pauses, 1U);
  EXPECT_EQ(client_.counts().retries, 0U);
}

// Ten calls are in the transport, their connections not yet open, when another call of the same
// host meets a 429.
TEST_F(ClientOverSockets, CallsThatTheTransportHoldsBackCostNoRetry) {
  std::atomic<int> calls = 0;
  serve([&](const httpd::Request&, httpd::Responder responder) {
    if (calls++ > 0) return responder.send({200, {}, "{}"});
    responder.send({429, {{"Retry-After", "3"}}, "{}"});
  });
  FullListener full;
  const std::string slow = "http://127.0.0.1:" + std::to_string(full.port());
  std::vector<Result> held(10);
  for (Result& result : held) start(get(slow), call(), result);
  loop_.poll();
  Result paused;
  start(get(url("/")), call(), paused);
  while (admission_.pause_left("api") == async::Duration::zero()) loop_.run_one();
  const async::TimePoint over = clock_.now() + admission_.pause_left("api");

  std::mutex mutex;
  std::vector<async::TimePoint> arrivals;
  RawServer server(full.relieve(), [&](RawConnection& connection) {
    while (!connection.read_head().empty()) {
      {
        const std::lock_guard lock(mutex);
        arrivals.push_back(clock_.now());
      }
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
  });
  run();
  for (const Result& result : held) {
    ASSERT_TRUE(*result) << result->error().message();
    EXPECT_EQ((*result)->status, 200);
  }
  EXPECT_EQ(arrivals.size(), held.size());
  for (const async::TimePoint arrival : arrivals) EXPECT_GE(arrival, over);
  EXPECT_EQ(client_.counts().retries, 0U);
  EXPECT_EQ(client_.counts().api_calls, held.size() + 2);
}

TEST_F(ClientOverSockets, AClosedGateHoldsBackAllThatIsHandedToTheTransport) {
  std::atomic<int> arrived = 0;
  serve([&](const httpd::Request&, httpd::Responder responder) {
    ++arrived;
    responder.send({429, {{"Retry-After", "60"}}, "{}"});
  });
  auto gate = std::make_shared<net::HostGate>();
  net::HttpRequest request = get(url("/"));
  request.gate = gate;
  EXPECT_EQ(fetch(request).value().status, 429);
  EXPECT_TRUE(gate->is_closed(clock_.now() + 50s));
  EXPECT_FALSE(gate->is_closed(clock_.now() + 61s));
  for (const auto& answer : fetch_all(std::vector<net::HttpRequest>(50, request))) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kRateLimited);
    EXPECT_EQ(answer.error().retry(), Retry::kSameRequest);
  }
  EXPECT_EQ(arrived, 1);
}

TEST_F(ClientOverSockets, DownloadsGoOnDuringAPause) {
  serve([](const httpd::Request&, httpd::Responder responder) { responder.send({200, {}, "x"}); });
  admission_.queue().gate("api")->close_until(clock_.now() + 1h);
  auto answer = send(get(url("/")), download());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.view(), "x");
}

// curl repeats a request by itself when a kept connection turns out to be closed. The server has
// counted the first one all the same, so a call with a budget must not be repeated unseen.
TEST_F(ClientOverSockets, EveryCallThatLeavesIsCounted) {
  std::atomic<std::uint64_t> arrived = 0;
  RawServer server([&](RawConnection& connection) {
    for (int i = 0; i < 2 && !connection.read_head().empty(); ++i) {
      ++arrived;
      // The second request of a connection gets no answer.
      if (i == 0) connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
  });
  net::CallOptions options = call(4);
  options.retry.first_delay = 1ms;
  for (int i = 0; i < 10; ++i) {
    auto answer = send(get("http://" + server.address()), options);
    ASSERT_TRUE(answer) << answer.error().message();
  }
  EXPECT_EQ(client_.counts().api_calls, arrived);
  EXPECT_EQ(admission_.queue().budget_state("tier1", clock_.now()).total, arrived);
}

class Redirects : public ClientOverSockets {
 protected:
  // /N leads to /N-1, and /0 is the end.
  void serve_steps() {
    serve([this](const httpd::Request& request, httpd::Responder responder) {
      tokens_.emplace_back(request.header("X-Token").value_or("-"));
      const int steps = std::stoi(request.path.substr(1));
      if (steps == 0) return responder.send({200, {}, "arrived"});
      responder.send({302, {{"Location", "/" + std::to_string(steps - 1)}}, ""});
    });
  }
  net::HttpRequest with_token(std::string address) const {
    net::HttpRequest request = get(std::move(address));
    request.credential =
        net::Credential{"X-Token", Secret("figd_secret"), net::origin_of(url("/"))};
    return request;
  }
  std::vector<std::string> tokens_;
};

TEST_F(Redirects, FiveAreFollowedAndSixAreNot) {
  serve_steps();
  auto answer = send(with_token(url("/5")), call());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.view(), "arrived");
  EXPECT_EQ(tokens_, std::vector<std::string>(6, "figd_secret"));
  EXPECT_EQ(send(with_token(url("/6")), call()).error().code(), ErrorCode::kBadResponse);
  EXPECT_EQ(tokens_.size(), 12U);
}

TEST_F(Redirects, EveryStepOfTheApiHostIsPaidFor) {
  serve_steps();
  net::CallOptions options = call();
  options.ticket.host = "127.0.0.1";
  ASSERT_TRUE(send(with_token(url("/3")), options));
  EXPECT_EQ(client_.counts().api_calls, 4U);
  EXPECT_EQ(admission_.queue().budget_state("tier1", clock_.now()).used, 4);
}

TEST_F(Redirects, AnotherOriginNeverSeesTheCredentialAndTheWayBackDoes) {
  std::vector<std::string> elsewhere_tokens;
  std::string back;
  httpd::Server elsewhere({}, [&](const httpd::Request& request, httpd::Responder responder) {
    elsewhere_tokens.emplace_back(request.header("X-Token").value_or("-"));
    responder.send({307, {{"Location", back}}, ""});
  });
  elsewhere.start();
  const std::string away = "http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/";
  serve([&](const httpd::Request& request, httpd::Responder responder) {
    tokens_.emplace_back(request.header("X-Token").value_or("-"));
    if (request.path == "/end") return responder.send({200, {}, "arrived"});
    responder.send({302, {{"Location", away}}, ""});
  });
  back = url("/end");
  auto answer = send(with_token(url("/")), call());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.view(), "arrived");
  EXPECT_THAT(elsewhere_tokens, ElementsAre("-"));
  // Once dropped, the credential stays so: who was elsewhere may have chosen where to come back.
  EXPECT_THAT(tokens_, ElementsAre("figd_secret", "-"));
}

TEST_F(Redirects, AnotherNameOfTheSameMachineIsAnotherOrigin) {
  serve([&](const httpd::Request& request, httpd::Responder responder) {
    tokens_.emplace_back(request.header("X-Token").value_or("-"));
    if (request.path == "/end") return responder.send({200, {}, "arrived"});
    const std::string port = std::to_string(server_->port());
    responder.send({302, {{"Location", "http://localhost:" + port + "/end"}}, ""});
  });
  ASSERT_TRUE(send(with_token(url("/")), call()));
  EXPECT_THAT(tokens_, ElementsAre("figd_secret", "-"));
}

TEST_F(Redirects, ToPlainHttpElsewhereAreRefused) {
  for (const std::string target : {"http://192.0.2.1/", "ftp://127.0.0.1/", "file:///etc/passwd",
                                   "http://127.0.0.1.example.invalid/"}) {
    serve([&](const httpd::Request&, httpd::Responder responder) {
      responder.send({301, {{"Location", target}}, ""});
    });
    auto answer = send(with_token(url("/")), call());
    ASSERT_FALSE(answer) << target;
    EXPECT_EQ(answer.error().code(), ErrorCode::kUnsafe) << answer.error().message();
  }
}

TEST_F(Redirects, ARequestWithABodyIsNotSentOn) {
  serve_steps();
  net::HttpRequest request = with_token(url("/1"));
  request.method = "POST";
  request.body = "private";
  EXPECT_EQ(send(std::move(request), call()).value().status, 302);
  EXPECT_EQ(tokens_.size(), 1U);
}

}  // namespace
}  // namespace gantry::testing
