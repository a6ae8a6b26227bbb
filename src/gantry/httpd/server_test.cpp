#include "gantry/httpd/server.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>

#include <curl/curl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::httpd {
namespace {

using namespace std::chrono_literals;

struct Fetched {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
  std::string head;
  double length = -1;
  long new_connections = 0;
};

std::size_t append(char* data, std::size_t size, std::size_t count, void* target) {
  static_cast<std::string*>(target)->append(data, size * count);
  return size * count;
}

// A client of its own connection, kept between calls.
class Client {
 public:
  explicit Client(const Server& server) : port_(server.port()), handle_(curl_easy_init()) {}
  ~Client() { curl_easy_cleanup(handle_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Fetched get(const std::string& target, bool head_only = false) {
    Fetched fetched;
    const std::string url = fmt::format("http://127.0.0.1:{}{}", port_, target);
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle_, CURLOPT_NOBODY, head_only ? 1L : 0L);
    if (!head_only) curl_easy_setopt(handle_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &fetched.body);
    curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, append);
    curl_easy_setopt(handle_, CURLOPT_HEADERDATA, &fetched.head);
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, 10'000L);
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    fetched.code = curl_easy_perform(handle_);
    curl_off_t length = -1;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &fetched.status);
    curl_easy_getinfo(handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_easy_getinfo(handle_, CURLINFO_NUM_CONNECTS, &fetched.new_connections);
    fetched.length = static_cast<double>(length);
    return fetched;
  }

  Fetched post(const std::string& target, const std::string& body) {
    curl_easy_setopt(handle_, CURLOPT_COPYPOSTFIELDS, body.c_str());
    Fetched fetched;
    const std::string url = fmt::format("http://127.0.0.1:{}{}", port_, target);
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &fetched.body);
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, 10'000L);
    fetched.code = curl_easy_perform(handle_);
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &fetched.status);
    return fetched;
  }

 private:
  std::uint16_t port_;
  CURL* handle_;
};

class Httpd : public ::testing::Test {
 protected:
  void serve(Handler handler, unsigned threads = 1) {
    Options options;
    options.threads = threads;
    server_ = std::make_unique<Server>(options, std::move(handler));
    server_->start();
  }
  std::unique_ptr<Server> server_;
};

TEST_F(Httpd, PassesOnWhatWasAskedFor) {
  Request seen;
  serve([&](const Request& request, Responder responder) {
    seen = request;
    responder.send({201, {{"X-Thing", "7"}}, "made"});
  });
  Client client(*server_);
  const auto fetched = client.get("/a%20b/c?ids=1%3A2,I3:4;5:6&empty=&plus=a+b");
  EXPECT_EQ(fetched.status, 201);
  EXPECT_EQ(fetched.body, "made");
  EXPECT_THAT(fetched.head, ::testing::HasSubstr("X-Thing: 7\r\n"));
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.path, "/a b/c");
  EXPECT_EQ(seen.raw_query, "ids=1%3A2,I3:4;5:6&empty=&plus=a+b");
  EXPECT_EQ(seen.query_value("ids"), "1:2,I3:4;5:6");
  EXPECT_EQ(seen.query_value("empty"), "");
  EXPECT_EQ(seen.query_value("plus"), "a b");
  EXPECT_EQ(seen.query_value("none"), std::nullopt);
  EXPECT_EQ(seen.header("HOST"), fmt::format("127.0.0.1:{}", server_->port()));
  EXPECT_EQ(seen.remote.address, "127.0.0.1");
}

TEST_F(Httpd, KeepsTheConnectionBetweenAnswers) {
  serve([](const Request&, Responder responder) {
    responder.send({200, {}, std::make_shared<const std::string>("shared")});
  });
  Client client(*server_);
  EXPECT_EQ(client.get("/1").new_connections, 1);
  const auto second = client.get("/2");
  EXPECT_EQ(second.body, "shared");
  EXPECT_EQ(second.new_connections, 0);
}

TEST_F(Httpd, ReadsBodies) {
  serve([](const Request& request, Responder responder) {
    responder.send({200, {}, request.method + " " + request.body});
  });
  Client client(*server_);
  EXPECT_EQ(client.post("/", "hello").body, "POST hello");
}

TEST_F(Httpd, AnswersHeadWithTheLengthAlone) {
  serve([&](const Request& request, Responder responder) {
    if (request.path == "/whole") return responder.send({200, {}, std::string(1234, 'x')});
    responder.begin(200, {}, 77, AfterAnswer::kKeepConnection);
    responder.write(std::string(77, 'x'));
    responder.end();
  });
  Client client(*server_);
  const auto whole = client.get("/whole", true);
  EXPECT_EQ(whole.code, CURLE_OK);
  EXPECT_EQ(whole.length, 1234);
  const auto pieces = client.get("/pieces", true);
  EXPECT_EQ(pieces.code, CURLE_OK);
  EXPECT_EQ(pieces.length, 77);
  EXPECT_EQ(client.get("/whole").body.size(), 1234U);
}

TEST_F(Httpd, AnswersLaterFromATimer) {
  serve([&](const Request&, Responder responder) {
    server_->schedule(80ms, [responder]() mutable { responder.send({200, {}, "late"}); });
  });
  Client client(*server_);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client.get("/").body, "late");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 80ms);
}

void trickle(Server& server, Responder responder, int pieces) {
  if (pieces == 0) return responder.end();
  responder.write("0123456789");
  server.schedule(20ms, [&server, responder, pieces] { trickle(server, responder, pieces - 1); });
}

TEST_F(Httpd, StreamsSlowly) {
  serve([&](const Request&, Responder responder) {
    responder.begin(200, {}, 50, AfterAnswer::kKeepConnection);
    trickle(*server_, responder, 5);
  });
  Client client(*server_);
  const auto start = std::chrono::steady_clock::now();
  const auto fetched = client.get("/");
  EXPECT_EQ(fetched.code, CURLE_OK);
  EXPECT_EQ(fetched.body.size(), 50U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 80ms);
  EXPECT_EQ(client.get("/").new_connections, 0);
}

TEST_F(Httpd, CutsAnAnswerShort) {
  serve([](const Request&, Responder responder) {
    responder.begin(200, {}, 100, AfterAnswer::kCloseConnection);
    responder.write("only this");
    responder.end();
  });
  Client client(*server_);
  const auto fetched = client.get("/");
  EXPECT_EQ(fetched.code, CURLE_PARTIAL_FILE);
  EXPECT_EQ(fetched.body, "only this");
  EXPECT_EQ(fetched.status, 200);
}

TEST_F(Httpd, ResetsWhenAKeptAnswerIsShort) {
  serve([](const Request&, Responder responder) {
    responder.begin(200, {}, 100, AfterAnswer::kKeepConnection);
    responder.write("x", [responder](bool) mutable { responder.end(); });
  });
  Client client(*server_);
  EXPECT_EQ(client.get("/").code, CURLE_RECV_ERROR);
}

TEST_F(Httpd, ResetsTheConnection) {
  serve([&](const Request& request, Responder responder) {
    if (request.path == "/now") return responder.reset();
    if (request.path == "/later") {
      return server_->schedule(10ms, [responder]() mutable { responder.reset(); });
    }
    responder.begin(200, {}, 1000, AfterAnswer::kKeepConnection);
    responder.write("half", [responder](bool) mutable { responder.reset(); });
  });
  for (const auto* path : {"/now", "/later", "/half"}) {
    Client client(*server_);
    EXPECT_EQ(client.get(path).code, CURLE_RECV_ERROR) << path;
  }
}

TEST_F(Httpd, SendsMoreThanItDeclared) {
  serve([](const Request&, Responder responder) {
    responder.begin(200, {}, 4, AfterAnswer::kCloseConnection);
    responder.write("0123456789");
    responder.end();
  });
  Client client(*server_);
  const auto fetched = client.get("/");
  EXPECT_EQ(fetched.length, 4);
  EXPECT_EQ(fetched.body, "0123");
}

TEST_F(Httpd, AnswersWhatTheHandlerLeavesOpen) {
  serve([](const Request& request, Responder) {
    if (request.path == "/throw") throw Error(ErrorCode::kInternal, "it broke");
  });
  Client client(*server_);
  EXPECT_EQ(client.get("/drop").status, 500);
  const auto thrown = client.get("/throw");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body, ::testing::HasSubstr("it broke"));
}

TEST_F(Httpd, TellsWhenTheAnswerHasLeft) {
  std::promise<bool> written;
  serve([&](const Request&, Responder responder) {
    responder.send({200, {}, "x"}, [&](bool sent) { written.set_value(sent); });
  });
  Client client(*server_);
  EXPECT_EQ(client.get("/").body, "x");
  EXPECT_TRUE(written.get_future().get());
}

TEST_F(Httpd, ServesManyAtOnceOnManyThreads) {
  std::atomic<int> handled = 0;
  serve(
      [&](const Request& request, Responder responder) {
        ++handled;
        server_->schedule(1ms, [responder, body = request.path]() mutable {
          responder.send({200, {}, body});
        });
      },
      4);
  std::atomic<int> good = 0;
  std::vector<std::jthread> clients;
  clients.reserve(16);
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([&, c] {
      Client client(*server_);
      for (int i = 0; i < 50; ++i) {
        const auto path = fmt::format("/{}/{}", c, i);
        if (client.get(path).body == path) ++good;
      }
    });
  }
  clients.clear();
  EXPECT_EQ(good, 16 * 50);
  EXPECT_EQ(handled, 16 * 50);
}

TEST_F(Httpd, StopsWhileRequestsWait) {
  std::promise<void> arrived;
  std::vector<Responder> kept;
  serve([&](const Request& request, Responder responder) {
    if (request.path == "/scheduled") {
      server_->schedule(1h, [responder]() mutable { responder.send({}); });
    }
    arrived.set_value();
  });
  Client client(*server_);
  auto fetched = std::async(std::launch::async, [&] { return client.get("/scheduled"); });
  arrived.get_future().wait();
  server_->stop();
  EXPECT_NE(fetched.get().code, CURLE_OK);
}

TEST(HttpdAddresses, ListensOnOnePortOfSeveralAddresses) {
  Options options;
  options.addresses = {"127.0.0.1", "127.0.0.2"};
  Server server(options, [](const Request& request, Responder responder) {
    responder.send({200, {}, std::string(*request.header("host"))});
  });
  server.start();
  Options taken;
  taken.port = server.port();
  Server second(taken, [](const Request&, Responder) {});
  try {
    second.start();
    FAIL() << "two servers listen on one port";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(),
                ::testing::StartsWith(fmt::format("cannot listen on 127.0.0.1:{}: ", taken.port)));
  }
}

TEST(HttpdRequest, RejectsTargetsThatAreNoPath) {
  for (const auto* target : {"", "x", "http://host/", "/a b", "/%zz", "*"}) {
    Request request;
    request.target = target;
    EXPECT_FALSE(request.parse_target()) << target;
  }
}

}  // namespace
}  // namespace gantry::httpd
