// A curl transport on an io loop of its own, and requests that are awaited from a plain test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/base/error.hpp"
#include "gantry/httpd/server.hpp"
#include "gantry/net/curl_transport.hpp"

namespace gantry::testing {

using Result = std::optional<Outcome<net::HttpResponse>>;

// Fills `result` with what `call` returns or throws.
inline async::awaitable<void> keep(async::awaitable<net::HttpResponse> call, Result& result) {
  try {
    net::HttpResponse response = co_await std::move(call);
    result.emplace(std::move(response));
  } catch (const Error& error) {
    result.emplace(tl::unexpected(error));
  }
}

// Changes a variable of this process and puts it back. Not while a transfer is under way.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = ::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class NetworkTest : public ::testing::Test {
 protected:
  void serve(httpd::Handler handler, unsigned threads = 1) {
    httpd::Options options;
    options.threads = threads;
    server_ = std::make_unique<httpd::Server>(options, std::move(handler));
    server_->start();
  }

  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + std::string(path);
  }

  static net::HttpRequest get(std::string address) {
    net::HttpRequest request;
    request.url = std::move(address);
    return request;
  }

  net::CurlTransport& transport() {
    if (transport_ == nullptr) {
      transport_ = std::make_unique<net::CurlTransport>(loop_.get_executor(), clock_, egress_,
                                                        "gantry-test");
    }
    return *transport_;
  }

  // Sends all at once and waits for every answer.
  std::vector<Outcome<net::HttpResponse>> fetch_all(std::vector<net::HttpRequest> requests) {
    std::vector<Result> results(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      scope_.spawn(keep(transport().send(std::move(requests[i])), results[i]));
    }
    run();
    std::vector<Outcome<net::HttpResponse>> outcomes;
    for (Result& result : results) outcomes.push_back(std::move(result.value()));
    return outcomes;
  }

  Outcome<net::HttpResponse> fetch(net::HttpRequest request) {
    std::vector<net::HttpRequest> one;
    one.push_back(std::move(request));
    return std::move(fetch_all(std::move(one)).front());
  }

  // Until every task has ended.
  void run() {
    loop_.restart();
    while (scope_.running() > 0 && loop_.run_one() > 0) {
    }
  }

  boost::asio::io_context loop_;
  async::SystemClock clock_{loop_.get_executor()};
  net::EgressPolicy egress_;
  async::TaskScope scope_{loop_.get_executor()};
  std::unique_ptr<httpd::Server> server_;
  std::unique_ptr<net::CurlTransport> transport_;
};

}  // namespace gantry::testing
