#include "gantry/httpd/router.hpp"

#include <future>
#include <mutex>
#include <thread>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

#include "testing/raw_client.hpp"

namespace gantry::httpd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

RouteHandler answers(std::string text) {
  return [text](const Request&, const Parameters&, Responder responder) {
    responder.send({200, {}, text});
  };
}

Router sample() {
  Router router;
  router.add("GET", "/status/{task}", answers("task"));
  router.add("GET", "/status/batch/{batch}", answers("batch"));
  router.add("POST", "/export/{format}", answers("one"));
  router.add("POST", "/export/mods/batch", answers("many"));
  router.add("GET", "/batches/{id}", answers("look"));
  router.add("DELETE", "/batches/{id}", answers("delete"));
  router.add("GET", "/", answers("page"));
  return router;
}

// "batch x": the literals of the pattern's parameter and its value.
std::string batch_of(const Router& router, std::string_view target) {
  const auto match = router.match("GET", target);
  return match.handler ? match.parameters["batch"] : "none";
}

TEST(HttpRouter, PrefersLiterals) {
  const auto router = sample();
  EXPECT_EQ(batch_of(router, "/status/batch/x"), "x");
  EXPECT_EQ(router.match("GET", "/status/batch").parameters["task"], "batch");
  EXPECT_TRUE(router.match("GET", "/").handler);
  EXPECT_TRUE(router.match("GET", "/?a=b").handler);
}

TEST(HttpRouter, FallsBackToAParameterWhereTheLiteralFitsNot) {
  Router router;
  router.add("GET", "/a/b/d", answers("literal"));
  router.add("GET", "/a/{x}/c", answers("parameter"));
  EXPECT_EQ(router.match("GET", "/a/b/c").parameters["x"], "b");
  EXPECT_TRUE(router.match("GET", "/a/b/d").handler);
}

TEST(HttpRouter, DecodesParametersOnce) {
  const auto router = sample();
  EXPECT_EQ(batch_of(router, "/status/batch/a%2Fb"), "a/b");
  EXPECT_EQ(batch_of(router, "/status/batch/a%252Fb"), "a%2Fb");
  EXPECT_EQ(batch_of(router, "/status/batch/a+b?x=y"), "a+b");
  EXPECT_EQ(batch_of(router, "/status/b%61tch/x"), "x");
  EXPECT_EQ(batch_of(router, "/status/batch/.."), "..");
}

TEST(HttpRouter, KnowsNoOtherPath) {
  const auto router = sample();
  for (const auto* target : {"/status", "/status/", "/status/batch/", "/status/batch/x/", "//",
                             "/status/batch/x/y", "/STATUS/x", "/status%2Fx", "x", ""}) {
    const auto match = router.match("GET", target);
    EXPECT_FALSE(match.handler) << target;
    EXPECT_EQ(match.allow, "") << target;
  }
}

TEST(HttpRouter, NamesTheMethodsOfAPath) {
  const auto router = sample();
  EXPECT_EQ(router.match("PUT", "/batches/x").allow, "DELETE, GET, HEAD");
  EXPECT_FALSE(router.match("PUT", "/batches/x").handler);
  EXPECT_EQ(router.match("GET", "/export/mods").allow, "POST");
  EXPECT_TRUE(router.match("HEAD", "/batches/x").handler);
  EXPECT_FALSE(router.match("HEAD", "/export/mods").handler);
}

TEST(HttpRouter, RefusesTablesThatMakeNoSense) {
  Router router = sample();
  EXPECT_THROW(router.add("GET", "/status/{task}", answers("again")), Error);
  for (const auto* pattern :
       {"", "status", "/a//b", "/a/", "/{}", "/{a", "/a}", "/x{a}", "/{a}{b}"}) {
    EXPECT_THROW(router.add("GET", pattern, answers("x")), Error) << pattern;
  }
}

class HttpRouterOverSockets : public ::testing::Test {
 protected:
  void serve(Handler handler) {
    server_ = std::make_unique<Server>(Options{}, std::move(handler));
    server_->start();
  }
  std::string ask(const std::string& method, const std::string& target) {
    gantry::testing::RawClient client(server_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.read_all();
  }
  std::unique_ptr<Server> server_;
};

TEST_F(HttpRouterOverSockets, AnswersProblems) {
  Router router = sample();
  router.add("GET", "/throws", [](const Request&, const Parameters&, Responder) {
    throw Error(ErrorCode::kConflict, "the batch runs");
  });
  router.add("GET", "/breaks", [](const Request&, const Parameters&, Responder) {
    throw std::runtime_error("secret of the house");
  });
  serve(router.handler());
  EXPECT_THAT(ask("GET", "/status/batch/x"), HasSubstr("\r\n\r\nbatch"));
  EXPECT_THAT(ask("GET", "/nothing"), StartsWith("HTTP/1.1 404 "));
  const auto refused = ask("PUT", "/batches/x");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(refused, HasSubstr("Allow: DELETE, GET, HEAD\r\n"));
  EXPECT_THAT(refused, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(ask("GET", "/throws"), HasSubstr("\"error\":\"the batch runs\""));
  const auto broken = ask("GET", "/breaks");
  EXPECT_THAT(broken, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(broken, ::testing::Not(HasSubstr("secret of the house")));
}

TEST_F(HttpRouterOverSockets, AnswersHeadFromGetWithoutABody) {
  serve(sample().handler());
  const auto answer = ask("HEAD", "/batches/x");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
}

// The thread of an application that takes actions one by one.
class OneThread {
 public:
  OneThread() : thread_([this] { run(); }) {}
  ~OneThread() {
    post({});
    thread_.join();
  }
  void post(std::function<void()> action) {
    {
      const std::scoped_lock lock(mutex_);
      actions_.push_back(std::move(action));
    }
    changed_.notify_one();
  }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !actions_.empty(); });
      auto action = std::move(actions_.front());
      actions_.erase(actions_.begin());
      lock.unlock();
      if (!action) return;
      action();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> actions_;
  std::thread thread_;
};

TEST_F(HttpRouterOverSockets, RunsHandlersOnTheThreadOfTheApplication) {
  OneThread application;
  serve(posted([&](auto action) { application.post(std::move(action)); },
               [&](const Request& request, Responder responder) {
                 if (request.path == "/throws") throw Error(ErrorCode::kNotFound, "not here");
                 const bool is_own = std::this_thread::get_id() == application.id();
                 responder.send({200, {}, is_own ? "own thread" : "other thread"});
               }));
  EXPECT_THAT(ask("GET", "/"), HasSubstr("own thread"));
  EXPECT_THAT(ask("GET", "/throws"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpRouterOverSockets, AnswersForAnApplicationThatHasEnded) {
  serve(posted([](const std::function<void()>&) {}, [](const Request&, Responder) {}));
  EXPECT_THAT(ask("GET", "/"), StartsWith("HTTP/1.1 500 "));
}

}  // namespace
}  // namespace gantry::httpd
