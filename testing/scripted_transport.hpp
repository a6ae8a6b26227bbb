// A transport that answers from a script and keeps what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/base/error.hpp"
#include "gantry/net/transport.hpp"

namespace gantry::testing {

class ScriptedTransport final : public net::Transport {
 public:
  explicit ScriptedTransport(async::Clock& clock) : clock_(clock) {}

  // Answers, in order; the last one stands for all that follow.
  std::deque<Outcome<net::HttpResponse>> answers;
  std::vector<net::HttpRequest> requests;
  std::vector<async::TimePoint> times;
  async::Duration latency{};

  static net::HttpResponse answer(int status, std::string body = "",
                                  std::vector<net::Header> headers = {}) {
    net::HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = Blob::from_bytes(std::move(body));
    return response;
  }

  async::awaitable<net::HttpResponse> send(net::HttpRequest request) override {
    requests.push_back(std::move(request));
    times.push_back(clock_.now());
    async::TimePoint departed = clock_.now();
    if (latency > async::Duration::zero()) co_await clock_.sleep(latency);
    Outcome<net::HttpResponse> outcome = answers.front();
    if (answers.size() > 1) answers.pop_front();
    if (!outcome) throw outcome.error();
    outcome->departed = departed;
    outcome->answered = clock_.now();
    co_return *outcome;
  }

 private:
  async::Clock& clock_;
};

}  // namespace gantry::testing
