#include "tests/net/raw_server.hpp"

#include <cerrno>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gantry::testing {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int listen_on_loopback(int backlog) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(0);
  if (listener < 0 ||
      ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, backlog) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  return listener;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("a socket without a port");
  }
  return ntohs(address.sin_port);
}

}  // namespace

std::string RawConnection::read_head() {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    char bytes[4096];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return {};
    unread_.append(bytes, static_cast<std::size_t>(count));
  }
  std::string head = unread_.substr(0, end + 4);
  unread_.erase(0, end + 4);
  return head;
}

bool RawConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void RawConnection::wait_for_close() {
  char bytes[4096];
  while (::recv(socket_, bytes, sizeof bytes, 0) > 0) {
  }
}

RawServer::RawServer(std::function<void(RawConnection&)> serve)
    : RawServer(listen_on_loopback(SOMAXCONN), std::move(serve)) {}

RawServer::RawServer(int listener, std::function<void(RawConnection&)> serve)
    : serve_(std::move(serve)), listener_(listener), port_(port_of(listener)) {
  acceptor_ = std::thread(&RawServer::accept_all, this);
}

RawServer::~RawServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void RawServer::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(socket);
    threads_.emplace_back(&RawServer::serve_one, this, socket);
  }
}

void RawServer::serve_one(int socket) {
  RawConnection connection(socket);
  serve_(connection);
  const std::lock_guard lock(mutex_);
  open_.remove(socket);
  ::close(socket);
}

FullListener::FullListener() : listener_(listen_on_loopback(0)), port_(port_of(listener_)) {
  const sockaddr_in address = loopback(port_);
  // A backlog of 0 lets one connection in; what waits beyond it gets no answer.
  for (int i = 0; i < 3; ++i) {
    const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (::connect(filler, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
      throw std::runtime_error("cannot fill a queue of connections");
    }
    fillers_.push_back(filler);
  }
}

FullListener::~FullListener() {
  for (const int filler : fillers_) ::close(filler);
  if (listener_ >= 0) ::close(listener_);
}

int FullListener::relieve() {
  for (const int filler : std::exchange(fillers_, {})) ::close(filler);
  ::listen(listener_, SOMAXCONN);
  return std::exchange(listener_, -1);
}

}  // namespace gantry::testing
