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
  // Beyond these the connection is closed. Bodies are held in memory before the handler runs.
  std::size_t max_body_bytes = 1024UL * 1024;
  std::size_t max_target_bytes = 64UL * 1024;
  std::size_t max_header_bytes = 16UL * 1024;  // of one value
  std::size_t max_headers = 100;
  // Silence on a connection without a request; time until a handler answers; time for a peer to
  // take one piece of an answer.
  std::chrono::seconds idle_timeout{60};
  std::chrono::seconds handler_timeout{3600};
  std::chrono::seconds write_timeout{60};
};

// Called once when the bytes have been handed to the network, or with false when they never will be
// because the peer has gone. On an io thread.
using Written = std::function<void(bool)>;

enum class AfterAnswer { kKeepConnection, kCloseConnection };

// The answer to one request. Copies stand for the same answer; when the last of them goes without
// having answered, the peer gets a 500. Any thread, but one at a time. An answer to HEAD has its
// Content-Length and no body.
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
  void write(std::string piece, Written written = {});
  void end(Written written = {});

  // Breaks the connection off with a TCP reset; what has not left yet is lost.
  void reset();

 private:
  std::shared_ptr<Exchange> exchange_;
};

// Runs on an io thread; must not block. An exception becomes a 500.
using Handler = std::function<void(const Request&, Responder)>;

class Server {
 public:
  Server(Options options, Handler handler);
  ~Server();  // stops; no Responder may be used after it
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and returns. kIo if an address and port cannot be had.
  void start();
  // Closes all connections and ends the threads. Not from an io thread.
  void stop();
  // The port that it listens on, from start() on.
  std::uint16_t port() const;

  // Calls `action` on an io thread after `delay`, never after stop(). `action` must not throw.
  void schedule(std::chrono::steady_clock::duration delay, std::function<void()> action);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::httpd
