#include "gantry/httpd/event_stream.hpp"

#include <future>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

#include "testing/raw_client.hpp"

namespace gantry::httpd {
namespace {

using namespace std::chrono_literals;
using gantry::testing::RawClient;
using ::testing::HasSubstr;

constexpr std::string_view kAsk = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpEvent, HasTheFormOfTheStandard) {
  EXPECT_EQ(to_wire({.id = "7", .name = "task", .data = "{}", .retry = 2500ms}),
            "id: 7\nevent: task\nretry: 2500\ndata: {}\n\n");
  EXPECT_EQ(to_wire({.data = "one\ntwo\r\nthree\rfour\n"}),
            "data: one\ndata: two\ndata: three\ndata: four\ndata: \n\n");
  EXPECT_EQ(to_wire({}), "data: \n\n");
}

TEST(HttpEvent, CannotBeForgedByItsParts) {
  EXPECT_THROW(to_wire({.id = "7\ndata: x"}), Error);
  EXPECT_THROW(to_wire({.id = std::string("7\0", 2)}), Error);
  EXPECT_THROW(to_wire({.name = "a\rb"}), Error);
  EXPECT_EQ(to_wire({.data = "x\n\nevent: batch"}), "data: x\ndata: \ndata: event: batch\n\n");
}

class HttpEventStream : public ::testing::Test {
 protected:
  // Opens a stream for the first request; `stream()` waits for it.
  void serve(EventStreamLimits limits = {}) {
    server_ =
        std::make_unique<Server>(Options{}, [this, limits](const Request&, Responder responder) {
          opened_.set_value(EventStream::open(
              *server_, std::move(responder), [this] { gone_.set_value(); }, limits));
        });
    server_->start();
  }
  std::shared_ptr<EventStream> stream() { return opened_.get_future().get(); }
  bool is_gone_within(std::chrono::milliseconds time) {
    return gone_.get_future().wait_for(time) == std::future_status::ready;
  }
  ~HttpEventStream() override { server_->stop(); }

  std::unique_ptr<Server> server_;
  std::promise<std::shared_ptr<EventStream>> opened_;
  std::promise<void> gone_;
};

TEST_F(HttpEventStream, SendsEventsAsTheyComeAndEndsWell) {
  serve();
  RawClient client(server_->port());
  client.send(kAsk);
  const auto events = stream();
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, ::testing::Not(HasSubstr("Content-Length")));
  EXPECT_TRUE(events->send(to_wire({.id = "1", .data = "a"})));
  EXPECT_EQ(client.read_until("data: a\n\n\r\n"), "F\r\nid: 1\ndata: a\n\n\r\n");
  EXPECT_TRUE(events->send(to_wire({.data = "b"})));
  events->close();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "9\r\ndata: b\n\n\r\n0\r\n\r\n");
  EXPECT_FALSE(events->send("data: c\n\n"));
  // The connection serves on.
  client.send("GET /events HTTP/1.1\r\n");
  EXPECT_FALSE(client.closes_within(100ms));
}

TEST_F(HttpEventStream, SeesAQuietPeerLeaveAtOnce) {
  serve();
  auto client = std::make_unique<RawClient>(server_->port());
  client->send(kAsk);
  const auto events = stream();
  client->read_until("\r\n\r\n");
  client.reset();
  EXPECT_TRUE(is_gone_within(2s));
  EXPECT_FALSE(events->send("data: x\n\n"));
}

TEST_F(HttpEventStream, SaysThatItLivesWhenThereIsNoNews) {
  serve({.heartbeat = 50ms});
  RawClient client(server_->port());
  client.send(kAsk);
  const auto events = stream();
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_until("\n\n\r\n"), "3\r\n:\n\n\r\n");
  EXPECT_EQ(client.read_until("\n\n\r\n"), "3\r\n:\n\n\r\n");
}

TEST_F(HttpEventStream, DropsAPeerThatStopsReading) {
  serve({.max_waiting_bytes = 64UL * 1024});
  RawClient client(server_->port(), 4096);
  client.send(kAsk);
  const auto events = stream();
  const auto event = to_wire({.data = std::string(1000, 'x')});
  // The kernel's buffers take a few megabytes first.
  std::size_t sent = 0;
  while (sent < 100'000 && events->send(event)) ++sent;
  EXPECT_LT(sent, 100'000U);
  EXPECT_TRUE(is_gone_within(2s));
  EXPECT_TRUE(client.closes_within(2s));
}

TEST_F(HttpEventStream, EndsWithItsOwner) {
  serve();
  RawClient client(server_->port());
  client.send(kAsk);
  client.read_until("\r\n\r\n");
  stream().reset();
  opened_ = {};  // held a reference as well
  EXPECT_TRUE(client.closes_within(2s));
}

TEST_F(HttpEventStream, TakesEventsFromManyThreads) {
  serve();
  RawClient client(server_->port());
  client.send(kAsk);
  const auto events = stream();
  {
    std::vector<std::jthread> senders;
    senders.reserve(4);
    for (int i = 0; i < 4; ++i) {
      senders.emplace_back([&] {
        for (int k = 0; k < 500; ++k) events->send("data: x\n\n");
      });
    }
  }
  events->close();
  const auto all = client.read_until("0\r\n\r\n");
  std::size_t count = 0;
  for (auto place = all.find("data: x"); place != all.npos;
       place = all.find("data: x", place + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 2000U);
}

}  // namespace
}  // namespace gantry::httpd
