// Server-sent events: an answer that goes on for as long as its peer listens.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/httpd/server.hpp"

namespace gantry::httpd {

struct Event {
  std::string id;                                  // comes back as Last-Event-ID; empty: none
  std::string name;                                // "task"; empty: "message"
  std::string data;                                // of any number of lines
  std::optional<std::chrono::milliseconds> retry;  // how long the peer waits before it comes back
};

// The event as it is sent, to be made once for many streams. kInternal if id or name holds a line
// break or NUL. Every kind of line break in the data becomes that between its lines.
std::string to_wire(const Event& event);

struct EventStreamLimits {
  // After so long without an event a comment is sent, so that proxies keep the connection.
  std::chrono::steady_clock::duration heartbeat = std::chrono::seconds(15);
  // A peer that has let more than this pile up is disconnected; it may come back with its last id.
  std::size_t max_waiting_bytes = 1024UL * 1024;
};

// Any thread. The stream ends when its owner lets it go.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  // Sends the header. `gone` is called once, on an io thread, when the peer has left or has been
  // disconnected; not after close(). The server must not be stopped before the stream has ended.
  static std::shared_ptr<EventStream> open(Server& server, Responder responder,
                                           std::function<void()> gone,
                                           EventStreamLimits limits = {});
  EventStream(Server& server, Responder responder, std::function<void()> gone,
              EventStreamLimits limits);

  // What to_wire() has made. False if the stream is over.
  bool send(std::string_view wire);
  // Ends the answer after what has been sent.
  void close();

 private:
  // Only the one who makes `writing_` true may use the responder until the bytes have left.
  void write(std::string piece);
  void written(bool has_left);
  void leave();
  void schedule_heartbeat();
  void beat();

  Server& server_;
  Responder responder_;
  const EventStreamLimits limits_;
  std::mutex mutex_;
  std::function<void()> gone_;
  std::string waiting_;
  std::size_t in_flight_ = 0;
  bool writing_ = false;
  bool closing_ = false;
  bool over_ = false;
  bool quiet_ = true;  // since the last heartbeat
};

}  // namespace gantry::httpd
