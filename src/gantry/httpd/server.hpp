// An HTTP/1.1 server with threads of its own. Its handler gets whole requests and answers now or
// later, at once or in pieces, or breaks the connection off.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gantry/httpd/message.hpp"

namespace gantry::httpd {

struct Options {
  std::vector<std::string> addresses = {"127.0.0.1"};  // numeric; all listen on one port
  std::uint16_t port = 0;                              // 0: any that is free on all addresses
  unsigned threads = 1;

  // What is larger is answered with 413, 414 and 431 as soon as that is known, and the connection
  // is closed. Bodies are held in memory before the handler runs. The parser itself gives up,
  // without an answer, on a target and headers of more than 80 KiB together.
  std::size_t max_body_bytes = 1024UL * 1024;
  std::size_t max_target_bytes = 32UL * 1024;
  std::size_t max_head_bytes = 32UL * 1024;  // of all header names and values
  std::size_t max_headers = 100;
  // A connection beyond them is closed when it has been accepted.
  std::size_t max_connections = 4096;

  // Measured to the second; who takes longer is disconnected.
  std::chrono::seconds request_timeout{60};    // until a request has arrived whole, since the last
  std::chrono::seconds handler_timeout{3600};  // until the handler goes on with an answer
  std::chrono::seconds write_timeout{60};      // until the peer has taken a piece of an answer
};

// Called once when the bytes have been handed to the network, or with false when they never will be
// because the peer has gone. On an io thread.
using Written = std::function<void(bool)>;

enum class AfterAnswer { kKeepConnection, kCloseConnection };

// The answer to one request. Copies stand for the same answer; when the last of them goes without
// having answered, the peer gets a 500, and is disconnected if it has had a part. Any thread, but
// one at a time, except where it is said; none after the server's stop(). An answer to HEAD has its
// header only, whatever is written.
//
// A header name that is no token or the server's own, and a value with a line break or other
// control character, are refused with kInternal before anything is sent: the request is then not
// answered yet.
class Responder {
 public:
  struct Exchange;
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  // The whole answer.
  void send(Response response, Written written = {});

  // An answer in pieces: one begin(), any number of write(), one end(). An answer that may be cut
  // short needs kCloseConnection: end() before all of `content_length` has been written then closes
  // the connection after the last piece; on a kept one it resets it. Pieces beyond the length are
  // sent all the same.
  void begin(int status, Headers headers, std::uint64_t content_length, AfterAnswer after);
  // The same without a length: chunks, of which end() sends the last. To a client of HTTP/1.0 the
  // end of the connection is that of the answer.
  void begin_unsized(int status, Headers headers);
  void write(std::string piece, Written written = {});
  void end(Written written = {});

  // Breaks the connection off with a TCP reset; what has not left yet is lost. Any thread, any
  // time.
  void reset();

  bool answered() const;
  // Calls `action` once, on an io thread, if the peer leaves before the answer has ended; at once
  // if it has left already.
  void on_gone(std::function<void()> action);

 private:
  friend class WebSocket;
  std::shared_ptr<Exchange> exchange_;
};

// Sends `content_length` bytes in the pieces that `next` makes, each of which is asked for when the
// one before has left, so that one piece is in memory however slow the peer is. Pieces of 256 KiB
// do well. An empty piece ends the answer; if it comes early or `next` throws, the connection is
// closed short of the length, which every client notices. `next` runs on io threads.
void send_streamed(Responder responder, int status, Headers headers, std::uint64_t content_length,
                   std::function<std::string()> next);

// Runs on an io thread; must not block. An exception becomes a 500.
using Handler = std::function<void(const Request&, Responder)>;

class Server {
 public:
  Server(Options options, Handler handler);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and returns. kIo if an address and port cannot be had.
  void start();
  // Closes all connections and ends the threads. Not from an io thread.
  void stop();
  // Accepts no more connections, answers what comes on the open ones with `Connection: close`,
  // waits up to `patience` for the answers under way, then stops. False if some were cut. Streams
  // of events have no end of their own: close them first. Not from an io thread.
  bool drain(std::chrono::milliseconds patience);
  // The port that it listens on, from start() on.
  std::uint16_t port() const;

  // Calls `action` on an io thread after `delay`, never after stop(). `action` must not throw.
  void schedule(std::chrono::steady_clock::duration delay, std::function<void()> action);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::httpd
