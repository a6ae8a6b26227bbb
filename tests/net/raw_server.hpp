// A TCP server on loopback that does what no HTTP server would: the test writes the bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace gantry::testing {

// One accepted connection, used by one thread. Calls return false or "" once the peer has gone.
class RawConnection {
 public:
  explicit RawConnection(int socket) : socket_(socket) {}

  // Everything up to the empty line after a request's headers.
  std::string read_head();
  bool write(std::string_view bytes);
  // Blocks until the peer closes.
  void wait_for_close();

 private:
  int socket_;
  std::string unread_;
};

class RawServer {
 public:
  // `serve` runs on a thread per connection; the connection is closed when it returns.
  explicit RawServer(std::function<void(RawConnection&)> serve);
  // On a socket that listens already.
  RawServer(int listener, std::function<void(RawConnection&)> serve);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve_one(int socket);

  std::function<void(RawConnection&)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<int> open_;  // guarded by mutex_, as is what follows
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// A listening socket whose queue is full: a connection to it is not refused and does not succeed
// until relieve() makes room. The kernel of the peer tries again after a second.
class FullListener {
 public:
  FullListener();
  ~FullListener();
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  std::uint16_t port() const { return port_; }
  // Drops the connections that block the way and hands over the socket.
  int relieve();

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::list<int> fillers_;
};

}  // namespace gantry::testing
