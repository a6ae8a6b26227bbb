// WebSocket: text messages to a peer that reads them, and short ones from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "gantry/httpd/server.hpp"

namespace gantry::httpd {

struct WebSocketLimits {
  // A peer from which nothing has come for so long is disconnected; it is pinged halfway.
  std::chrono::seconds idle_timeout{30};
  // A longer message from the peer ends the connection with the status 1009.
  std::size_t max_incoming_bytes = 64UL * 1024;
  // A peer that has let more than this pile up is disconnected.
  std::size_t max_waiting_bytes = 1024UL * 1024;
};

// Called on an io thread, one at a time.
struct WebSocketEvents {
  std::function<void(std::string)> text;  // may be empty: what comes is ignored
  std::function<void()> gone;             // once, when both have ended it or the peer has gone
};

// Whether the request asks for the WebSocket protocol. If it does not, the path has no other use:
// answer 426 with "Upgrade: websocket".
bool wants_web_socket(const Request& request);

// Any thread. Copies stand for the same connection, which ends when the last of them goes. None may
// be used after the server's stop().
class WebSocket {
 public:
  // Takes the request's connection over. Judge Host, Origin and key before: browsers let every page
  // open a WebSocket.
  static WebSocket accept(const Request& request, Responder responder, WebSocketEvents events,
                          WebSocketLimits limits = {});

  // One text message, UTF-8. False if the connection is over.
  bool send(std::string text);
  // Says goodbye after what has been sent.
  void close();

 private:
  class Session;
  struct Owner;
  explicit WebSocket(std::shared_ptr<Owner> owner) : owner_(std::move(owner)) {}
  std::shared_ptr<Owner> owner_;
};

}  // namespace gantry::httpd
