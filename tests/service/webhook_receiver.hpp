// A receiver of webhooks on loopback, which answers as the test says and keeps what has come.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gantry/httpd/server.hpp"

namespace gantry::testing {

class WebhookReceiver {
 public:
  // Listens on this port of loopback; 0: any.
  explicit WebhookReceiver(std::uint16_t port = 0);
  ~WebhookReceiver();

  std::string url(const std::string& path = "/hook") const;
  std::uint16_t port() const { return server_->port(); }
  // The answers to the next requests, one each; 200 after them. 0: none, and the connection stays
  // open.
  void answer(std::vector<int> statuses);
  // What has come as soon as it is so many requests; throws after a minute.
  std::vector<httpd::Request> wait_for(std::size_t count);

 private:
  void handle(const httpd::Request& request, httpd::Responder responder);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<httpd::Request> requests_;
  std::vector<int> statuses_;
  std::vector<httpd::Responder> unanswered_;
  std::unique_ptr<httpd::Server> server_;
};

}  // namespace gantry::testing
