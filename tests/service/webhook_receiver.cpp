#include "tests/service/webhook_receiver.hpp"

#include <stdexcept>
#include <utility>

namespace gantry::testing {

WebhookReceiver::WebhookReceiver(std::uint16_t port) {
  httpd::Options options;
  options.port = port;
  server_ = std::make_unique<httpd::Server>(
      options, [this](const httpd::Request& request, httpd::Responder responder) {
        handle(request, std::move(responder));
      });
  server_->start();
}

WebhookReceiver::~WebhookReceiver() {
  {
    std::lock_guard lock(mutex_);
    unanswered_.clear();
  }
  server_->stop();
}

std::string WebhookReceiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + path;
}

void WebhookReceiver::answer(std::vector<int> statuses) {
  std::lock_guard lock(mutex_);
  statuses_ = std::move(statuses);
}

void WebhookReceiver::handle(const httpd::Request& request, httpd::Responder responder) {
  std::lock_guard lock(mutex_);
  requests_.push_back(request);
  int status = 200;
  if (!statuses_.empty()) {
    status = statuses_.front();
    statuses_.erase(statuses_.begin());
  }
  if (status == 0) {
    unanswered_.push_back(std::move(responder));
  } else {
    httpd::Response response{.status = status, .headers = {}, .body = std::string()};
    // Nobody may follow it.
    if (status == 302) response.headers.emplace_back("Location", "/elsewhere");
    responder.send(std::move(response));
  }
  changed_.notify_all();
}

std::vector<httpd::Request> WebhookReceiver::wait_for(std::size_t count) {
  std::unique_lock lock(mutex_);
  bool is_there = changed_.wait_for(lock, std::chrono::minutes(1),
                                    [this, count] { return requests_.size() >= count; });
  if (!is_there) {
    throw std::runtime_error("only " + std::to_string(requests_.size()) + " requests have come");
  }
  return requests_;
}

}  // namespace gantry::testing
