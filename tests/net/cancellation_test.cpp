// A transfer may be cancelled, and the transport destroyed, at any moment.
#include <filesystem>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"
#include "tests/net/network.hpp"
#include "tests/net/raw_server.hpp"

namespace gantry::testing {
namespace {

using namespace std::chrono_literals;

class Cancellation : public NetworkTest {};

// Cancels `victim` at a random moment while `busy` others keep the transport at work.
async::awaitable<void> cancel_after(async::Clock& clock, async::Duration delay,
                                    std::weak_ptr<boost::asio::cancellation_signal> victim) {
  co_await clock.sleep(delay);
  if (auto signal = victim.lock()) signal->emit(boost::asio::cancellation_type::terminal);
}

TEST_F(Cancellation, AtRandomMomentsEndsThatTransferAloneAndLeavesNoFile) {
  const std::string large(200'000, 'x');
  serve(
      [&](const httpd::Request& request, httpd::Responder responder) {
        if (request.path == "/later") {
          return server_->schedule(3ms, [responder]() mutable { responder.send({}); });
        }
        responder.send({200, {}, request.path == "/large" ? large : "small"});
      },
      2);
  const TemporaryFolder folder;
  std::mt19937_64 random(7);
  const std::vector<std::string> paths = {"/later", "/large", "/small"};
  std::vector<Result> victims(200);
  std::vector<Result> others(200);
  for (std::size_t i = 0; i < victims.size(); ++i) {
    net::HttpRequest request = get(url(paths[i % paths.size()]));
    request.spill_folder = folder.path();
    scope_.spawn(keep(transport().send(request), others[i]));
    auto victim = scope_.spawn(keep(transport().send(request), victims[i]));
    const std::chrono::microseconds delay(random() % 8'000);
    scope_.spawn(cancel_after(clock_, delay, victim));
    if (i % 20 == 19) run();
  }
  run();
  std::size_t cancelled = 0;
  for (std::size_t i = 0; i < victims.size(); ++i) {
    ASSERT_TRUE(victims[i]);
    ASSERT_TRUE(others[i]);
    EXPECT_TRUE(*others[i]) << others[i]->error().message();
    if (*victims[i]) continue;
    EXPECT_EQ(victims[i]->error().code(), ErrorCode::kCancelled);
    ++cancelled;
  }
  EXPECT_GT(cancelled, 20U);
  victims.clear();
  others.clear();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(fetch(get(url("/small"))).value().body.view(), "small");
}

async::awaitable<net::HttpResponse> send_when_told(net::Transport& transport, async::Event& go,
                                                   net::HttpRequest request) {
  try {
    co_await go.wait();
  } catch (const Error&) {
    // A task that swallows its cancellation must not get another transfer all the same.
  }
  co_return co_await transport.send(std::move(request));
}

TEST_F(Cancellation, ACancelledTaskStartsNoTransfer) {
  RawServer silent([](RawConnection& connection) { connection.wait_for_close(); });
  async::Event go(loop_.get_executor());
  Result result;
  net::HttpRequest request = get("http://" + silent.address());
  request.limits.total = 10s;
  scope_.spawn(keep(send_when_told(transport(), go, std::move(request)), result));
  loop_.poll();
  scope_.cancel();
  run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(silent.connections(), 0);
}

TEST_F(Cancellation, DestructionEndsWhatIsUnderWayInBoundedTime) {
  RawServer silent([](RawConnection& connection) { connection.wait_for_close(); });
  const FullListener full;
  std::vector<Result> results(51);
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::string address = "http://" + silent.address();
    if (i % 3 == 1) address = "https://" + silent.address();
    if (i % 3 == 2) address = "http://127.0.0.1:" + std::to_string(full.port());
    scope_.spawn(keep(transport().send(get(address)), results[i]));
  }
  loop_.poll();
  while (silent.connections() == 0) std::this_thread::yield();
  const auto start = clock_.now();
  transport_.reset();
  EXPECT_LT(clock_.now() - start, 5s);
  // A cancellation that comes too late finds nobody and does no harm.
  scope_.cancel();
  run();
  for (const Result& result : results) {
    ASSERT_TRUE(result);
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code(), ErrorCode::kCancelled);
  }
}

TEST_F(Cancellation, DestructionDoesNotWaitForAName) {
  net::HttpRequest request = get("https://a-name-that-takes-its-time.example.invalid/");
  Result result;
  scope_.spawn(keep(transport().send(request), result));
  loop_.poll();
  const auto start = clock_.now();
  transport_.reset();
  EXPECT_LT(clock_.now() - start, 3s);
  run();
  ASSERT_TRUE(result);
}

TEST_F(Cancellation, NoCompletionIsLostWhenTheServerResetsOneInTen) {
  std::atomic<int> count = 0;
  serve(
      [&](const httpd::Request& request, httpd::Responder responder) {
        if (++count % 10 == 0) return responder.reset();
        responder.send({200, {}, request.path});
      },
      2);
  int failed = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<net::HttpRequest> requests;
    for (int i = 0; i < 50; ++i) requests.push_back(get(url("/" + std::to_string(i))));
    auto answers = fetch_all(std::move(requests));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i]) {
        EXPECT_EQ(answers[i]->body.view(), "/" + std::to_string(i));
        continue;
      }
      ++failed;
      EXPECT_EQ(answers[i].error().code(), ErrorCode::kNetwork);
      EXPECT_EQ(answers[i].error().retry(), Retry::kSameRequest);
    }
  }
  EXPECT_GE(count, 1'000);
  EXPECT_LT(failed, 200);
}

}  // namespace
}  // namespace gantry::testing
