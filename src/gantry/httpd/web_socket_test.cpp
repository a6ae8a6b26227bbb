#include "gantry/httpd/web_socket.hpp"

#include <future>
#include <mutex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/raw_client.hpp"

namespace gantry::httpd {
namespace {

using namespace std::chrono_literals;
using gantry::testing::RawClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The key and its answer are those of RFC 6455.
constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// A frame as clients send it, masked with zeros.
std::string frame(int opcode, std::string_view payload) {
  std::string bytes = {static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
  return bytes + std::string(4, '\0') + std::string(payload);
}

class HttpWebSocket : public ::testing::Test {
 protected:
  void serve(WebSocketLimits limits = {}) {
    server_ =
        std::make_unique<Server>(Options{}, [=, this](const Request& request, Responder responder) {
          if (!wants_web_socket(request))
            return responder.send({426, {{"Upgrade", "websocket"}}, ""});
          WebSocketEvents events;
          events.text = [this](const std::string& text) { came_.set_value(text); };
          events.gone = [this] { gone_.set_value(); };
          opened_.set_value(
              WebSocket::accept(request, std::move(responder), std::move(events), limits));
        });
    server_->start();
  }
  // Shakes hands; the header of the answer.
  std::string connect(RawClient& client) {
    client.send(kUpgrade);
    return client.read_until("\r\n\r\n");
  }
  bool is_gone_within(std::chrono::milliseconds time) {
    return gone_.get_future().wait_for(time) == std::future_status::ready;
  }
  ~HttpWebSocket() override { server_->stop(); }

  std::unique_ptr<Server> server_;
  std::promise<WebSocket> opened_;
  std::promise<std::string> came_;
  std::promise<void> gone_;
};

TEST_F(HttpWebSocket, SendsAndTakesTexts) {
  serve();
  RawClient client(server_->port());
  const auto head = connect(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  auto socket = opened_.get_future().get();
  EXPECT_TRUE(socket.send("hello"));
  EXPECT_TRUE(socket.send(std::string(200, 'y')));
  EXPECT_EQ(client.read(7), "\x81\x05hello");
  EXPECT_EQ(client.read(4 + 200), std::string("\x81\x7E\x00\xC8", 4) + std::string(200, 'y'));
  client.send(frame(1, "resume 7"));
  EXPECT_EQ(came_.get_future().get(), "resume 7");
  client.send(frame(9, "are you there"));
  EXPECT_EQ(client.read(15),
            "\x8A\x0D"
            "are you there");
  socket.close();
  EXPECT_EQ(client.read(4), std::string("\x88\x02\x03\xE8"));
  client.send(frame(8, "\x03\xE8"));
  EXPECT_TRUE(client.closes_within(2s));
  EXPECT_FALSE(socket.send("late"));
  client.close();
  EXPECT_TRUE(is_gone_within(2s));
}

TEST_F(HttpWebSocket, SeesThePeerLeave) {
  serve();
  auto client = std::make_unique<RawClient>(server_->port());
  connect(*client);
  auto socket = opened_.get_future().get();
  client.reset();
  EXPECT_TRUE(is_gone_within(2s));
  EXPECT_FALSE(socket.send("late"));
}

TEST_F(HttpWebSocket, MakesNoRoomForWhatAFrameOnlyClaims) {
  serve({.max_incoming_bytes = 1000});
  RawClient client(server_->port());
  connect(client);
  auto socket = opened_.get_future().get();
  // A frame of 4 EiB, of which nothing comes.
  client.send(std::string("\x81\xFF\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14));
  EXPECT_EQ(client.read(4), std::string("\x88\x02\x03\xF1"));  // 1009
  client.close();
  EXPECT_TRUE(is_gone_within(2s));
}

TEST_F(HttpWebSocket, DropsAPeerThatStopsReading) {
  serve({.max_waiting_bytes = 64UL * 1024});
  RawClient client(server_->port(), 4096);
  connect(client);
  auto socket = opened_.get_future().get();
  const std::string text(1000, 'x');
  int sent = 0;
  while (sent < 100'000 && socket.send(text)) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_TRUE(is_gone_within(2s));
  EXPECT_TRUE(client.closes_within(2s));
}

TEST_F(HttpWebSocket, PingsAQuietPeerAndDropsADeadOne) {
  serve({.idle_timeout = 2s});
  RawClient client(server_->port());
  connect(client);
  auto socket = opened_.get_future().get();
  EXPECT_EQ(client.read(2), std::string("\x89\x00", 2));
  EXPECT_TRUE(is_gone_within(4s));
}

TEST_F(HttpWebSocket, EndsWithItsOwner) {
  serve();
  RawClient client(server_->port());
  connect(client);
  { const auto socket = opened_.get_future().get(); }
  opened_ = {};  // held a copy as well
  EXPECT_EQ(client.read(2), "\x88\x02");
}

TEST_F(HttpWebSocket, RefusesOtherRequests) {
  serve();
  RawClient client(server_->port());
  client.send("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
  const auto answer = client.read_until("\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

}  // namespace
}  // namespace gantry::httpd
