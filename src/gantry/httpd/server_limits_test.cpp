// What a server does with peers that are slow, too large, too many, or hostile.
#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"
#include "gantry/httpd/byte_range.hpp"
#include "gantry/httpd/server.hpp"

#include "testing/raw_client.hpp"

namespace gantry::httpd {
namespace {

using namespace std::chrono_literals;
using gantry::testing::RawClient;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

class HttpLimits : public ::testing::Test {
 protected:
  void serve(Options options, Handler handler) {
    server_ = std::make_unique<Server>(options, std::move(handler));
    server_->start();
  }
  // Answers with the size of the body and counts.
  void serve_sizes(Options options) {
    serve(options, [this](const Request& request, Responder responder) {
      ++handled_;
      responder.send({200, {}, fmt::format("{} bytes", request.body.size())});
    });
  }
  std::string ask(std::string_view bytes) {
    RawClient client(server_->port());
    client.send(bytes);
    return client.read_all();
  }
  std::atomic<int> handled_ = 0;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpLimits, AnswersALargeBodyWhileItIsStillBeingSent) {
  serve_sizes({});
  RawClient client(server_->port());
  client.send(fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 10'000'000));
  // The peer does not look at the answer before it has sent all, as many do.
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.send(piece)) << i;
  const auto answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("application/problem+json"));
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpLimits, AnswersALargeBodyOfUnknownLength) {
  Options options;
  options.max_body_bytes = 1000;
  serve_sizes(options);
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  EXPECT_THAT(ask(head + chunk + chunk + chunk + "0\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  RawClient client(server_->port());
  client.send(head + chunk + chunk + "0\r\n\r\n");
  EXPECT_THAT(client.read_until("bytes"), EndsWith("1000 bytes"));
  EXPECT_EQ(handled_, 1);
}

TEST_F(HttpLimits, AnswersTargetsAndHeadersThatAreTooLarge) {
  Options options;
  options.max_target_bytes = 1000;
  options.max_head_bytes = 2000;
  options.max_headers = 10;
  serve_sizes(options);
  EXPECT_THAT(ask("GET /" + std::string(1000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: x\r\n" + std::string(3000, 'a') + ": x\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  std::string several = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 3; ++i) several += fmt::format("X{}: {}\r\n", i, std::string(900, 'a'));
  EXPECT_THAT(ask(several + "\r\n"), StartsWith("HTTP/1.1 431 "));
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 11; ++i) many += fmt::format("X{}: y\r\n", i);
  EXPECT_THAT(ask(many + "\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpLimits, NeverTakesTheRestOfARefusedRequestForAnother) {
  Options options;
  options.max_body_bytes = 10;
  std::promise<Responder> first;
  std::atomic<int> handled = 0;
  serve(options, [&](const Request& request, Responder responder) {
    ++handled;
    if (request.path == "/slow") return first.set_value(std::move(responder));
    responder.send({200, {}, "smuggled"});
  });
  const std::string inner = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  RawClient client(server_->port());
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  auto waiting = first.get_future().get();
  client.send(fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}",
                          inner.size(), inner));
  std::this_thread::sleep_for(100ms);
  waiting.send({200, {}, "slow"});
  client.closes_within(2s);
  EXPECT_EQ(handled, 1);
}

TEST_F(HttpLimits, ClosesPeersThatSendTooSlowly) {
  Options options;
  options.request_timeout = 1s;
  serve_sizes(options);
  RawClient silent(server_->port());
  RawClient head(server_->port());
  RawClient body(server_->port());
  head.send("GET / HTTP/1.1\r\nHost: x\r\nX-A: ");
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  // A byte now and then does not help: the time is that of the whole request.
  const auto end = std::chrono::steady_clock::now() + 2500ms;
  bool is_head_open = true;
  bool is_body_open = true;
  while (std::chrono::steady_clock::now() < end && (is_head_open || is_body_open)) {
    is_head_open = is_head_open && head.send("a") && !head.closes_within(50ms);
    is_body_open = is_body_open && body.send("a") && !body.closes_within(50ms);
  }
  EXPECT_FALSE(is_head_open);
  EXPECT_FALSE(is_body_open);
  EXPECT_TRUE(silent.closes_within(1s));
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpLimits, ClosesConnectionsBeyondTheBound) {
  Options options;
  options.max_connections = 3;
  serve_sizes(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(clients.back()->read_until("bytes"), StartsWith("HTTP/1.1 200 "));
  }
  RawClient fourth(server_->port());
  EXPECT_TRUE(fourth.closes_within(2s));
  clients.pop_back();
  std::string answer;
  for (int i = 0; i < 50 && answer.empty(); ++i) {
    std::this_thread::sleep_for(20ms);
    RawClient next(server_->port());
    next.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    answer = next.read_until("bytes");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpLimits, AnswersPipelinedRequestsInTheirOrder) {
  std::vector<Responder> kept;
  std::promise<void> both;
  serve({}, [&](const Request& request, Responder responder) {
    if (request.path == "/1") return kept.push_back(std::move(responder));
    responder.send({200, {}, "answer of " + request.path});
    if (request.path == "/2") both.set_value();
  });
  RawClient client(server_->port());
  std::string all;
  for (int i = 1; i <= 5; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
  client.send(all);
  both.get_future().wait();
  kept.front().send({200, {}, "answer of /1"});
  kept.clear();
  for (int i = 1; i <= 5; ++i) {
    EXPECT_THAT(client.read_until(fmt::format("answer of /{}", i)), StartsWith("HTTP/1.1 200 "));
  }
}

TEST_F(HttpLimits, AnswersAllThatAPeerHasSentAhead) {
  serve({}, [](const Request& request, Responder responder) {
    responder.send({200, {}, "answer of " + request.path + "."});
  });
  RawClient client(server_->port());
  std::string all;
  for (int i = 1; i <= 50; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
  all += "GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /late HTTP/1.1\r\n\r\n";
  client.send(all);
  for (int i = 1; i <= 50; ++i) {
    EXPECT_THAT(client.read_until(fmt::format("answer of /{}.", i)), StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_THAT(client.read_all(), EndsWith("answer of /end."));
}

TEST_F(HttpLimits, RefusesHeadersThatWouldSplitTheAnswer) {
  serve({}, [](const Request& request, Responder responder) {
    const auto value = std::string(*request.query_value("v"));
    const std::string name = request.path.substr(1);
    responder.send({200, {{name, value}}, "fine"});
  });
  const auto get = [&](std::string_view target) {
    return ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target));
  };
  EXPECT_THAT(get("/X-Thing?v=caf%C3%A9%20%22x%22"), HasSubstr("X-Thing: caf\xC3\xA9 \"x\"\r\n"));
  for (const auto* target : {"/X?v=a%0D%0ASet-Cookie:%20x=1", "/X?v=a%0Ab", "/X?v=a%0Db",
                             "/X?v=%00", "/X?v=%7F", "/X%0D%0AY?v=a", "/X%3A?v=a", "/?v=a",
                             "/X%20Y?v=a", "/content-LENGTH?v=1", "/Transfer-Encoding?v=chunked"}) {
    const auto answer = get(target);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 ")) << target;
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie"))) << target;
  }
}

TEST_F(HttpLimits, GivesNoLengthToAnswersThatHaveNoBody) {
  serve({}, [](const Request& request, Responder responder) {
    responder.send({request.path == "/204" ? 204 : 304, {{"ETag", "\"1\""}}, ""});
  });
  for (const auto* path : {"/204", "/304"}) {
    const auto answer =
        ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path));
    EXPECT_THAT(answer, HasSubstr("ETag: \"1\"\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  }
}

TEST_F(HttpLimits, SendsHeadOfAStreamWithoutChunks) {
  serve({}, [](const Request&, Responder responder) {
    responder.begin_unsized(200, {});
    responder.write("x");
    responder.end();
  });
  RawClient client(server_->port());
  client.send(
      "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("chunked"));
  EXPECT_THAT(client.read_all(), EndsWith("\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
}

TEST_F(HttpLimits, EndsAStreamToAnOldClientWithTheConnection) {
  serve({}, [](const Request&, Responder responder) {
    responder.begin_unsized(200, {});
    responder.write("one");
    responder.write("two");
    responder.end();
  });
  const auto answer = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(answer, EndsWith("\r\n\r\nonetwo"));
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
}

// A body whose byte at `offset` is a function of the offset.
std::string pattern(std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>((offset + i) * 2654435761U >> 24U);
  return bytes;
}

void serve_range(const Request& request, Responder responder, std::uint64_t size) {
  const auto part = choose_part(request.header("Range"), std::nullopt, "\"1\"", size);
  auto offset = std::make_shared<std::uint64_t>(part.offset);
  send_streamed(std::move(responder), part.status, {}, part.length,
                [offset, end = part.offset + part.length] {
                  const auto count = std::min<std::uint64_t>(256UL * 1024, end - *offset);
                  auto piece = pattern(*offset, count);
                  *offset += count;
                  return piece;
                });
}

TEST_F(HttpLimits, KeepsOnePieceInMemoryForASlowReaderOfALargeRange) {
  constexpr std::uint64_t kSize = 5'000'000'000;
  serve({}, [](const Request& request, Responder responder) {
    serve_range(request, std::move(responder), kSize);
  });
  RawClient client(server_->port(), 64 * 1024);
  client.send("GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=1000000007-4000000000\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 2999999994\r\n"));
  [[maybe_unused]] const auto before = resident_bytes();
  std::uint64_t offset = 1'000'000'007;
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(client.read(500'000), pattern(offset, 500'000)) << offset;
    offset += 500'000;
    std::this_thread::sleep_for(5ms);
  }
#ifndef GANTRY_SANITIZED  // sanitizers keep what is freed for a while
  EXPECT_LT(resident_bytes(), before + 16UL * 1024 * 1024);
#endif
}

TEST_F(HttpLimits, ShowsThatAStreamedBodyIsCut) {
  serve({}, [](const Request& request, Responder responder) {
    auto pieces = std::make_shared<int>(0);
    const bool throws = request.path == "/throws";
    send_streamed(std::move(responder), 200, {}, 100, [pieces, throws]() -> std::string {
      if (++*pieces == 1) return "0123456789";
      if (throws) throw Error(ErrorCode::kIo, "a member has changed");
      return {};
    });
  });
  for (const auto* path : {"/throws", "/ends"}) {
    const auto answer = ask(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 100\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n0123456789"));
  }
}

TEST_F(HttpLimits, TellsOfAPeerThatLeavesBeforeItsAnswer) {
  std::promise<void> gone;
  std::promise<Responder> asked;
  serve({}, [&](const Request&, Responder responder) {
    responder.on_gone([&] { gone.set_value(); });
    asked.set_value(std::move(responder));
  });
  auto client = std::make_unique<RawClient>(server_->port());
  client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = asked.get_future().get();
  client.reset();
  EXPECT_EQ(gone.get_future().wait_for(2s), std::future_status::ready);
  std::promise<void> late;
  responder.on_gone([&] { late.set_value(); });
  EXPECT_EQ(late.get_future().wait_for(2s), std::future_status::ready);
  std::promise<bool> written;
  responder.send({200, {}, "x"}, [&](bool sent) { written.set_value(sent); });
  EXPECT_FALSE(written.get_future().get());
}

TEST_F(HttpLimits, LeavesRespondersHarmlessAfterItsEnd) {
  std::promise<Responder> asked;
  serve({}, [&](const Request&, Responder responder) { asked.set_value(std::move(responder)); });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  {
    auto kept = asked.get_future().get();
    server_.reset();
  }
  EXPECT_TRUE(client.closes_within(2s));
}

class HttpDrain : public HttpLimits {
 protected:
  // "/later" waits in `kept_`.
  void serve_kept() {
    serve({}, [this](const Request& request, Responder responder) {
      if (request.path == "/later") return kept_.set_value(std::move(responder));
      responder.send({200, {}, "at once"});
    });
  }
  std::promise<Responder> kept_;
};

TEST_F(HttpDrain, LetsAnswersUnderWayEnd) {
  serve_kept();
  RawClient busy(server_->port());
  RawClient idle(server_->port());
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.read_until("at once");
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = std::make_unique<Responder>(kept_.get_future().get());
  const auto port = server_->port();
  auto drained = std::async(std::launch::async, [&] { return server_->drain(5s); });
  std::this_thread::sleep_for(100ms);
  EXPECT_THROW(RawClient late(port), std::runtime_error);
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(idle.read_all(), HasSubstr("Connection: close\r\n"));
  responder->send({200, {}, std::string(3'000'000, 'x')});
  responder.reset();
  EXPECT_THAT(busy.read_until("\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(busy.read_all().size(), 3'000'000U);
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpDrain, CutsWhatTakesTooLong) {
  serve_kept();
  RawClient busy(server_->port());
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = kept_.get_future().get();
  EXPECT_FALSE(server_->drain(100ms));
  EXPECT_TRUE(busy.closes_within(2s));
}

}  // namespace
}  // namespace gantry::httpd
