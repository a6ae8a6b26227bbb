#include "testing/redis_server.hpp"

#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace gantry::testing {
namespace {

bool accepts(const std::filesystem::path& path) {
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int failed = ::connect(descriptor, reinterpret_cast<struct sockaddr*>(&address), sizeof address);
  ::close(descriptor);
  return failed == 0;
}

}  // namespace

bool RedisServer::is_installed() {
  for (const char* folder : {"/usr/bin", "/usr/local/bin"}) {
    if (std::filesystem::exists(std::filesystem::path(folder) / "redis-server")) return true;
  }
  return false;
}

int RedisServer::free_port() {
  struct sockaddr_in address {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<struct sockaddr*>(&address);
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool failed =
      ::bind(descriptor, generic, length) != 0 || ::getsockname(descriptor, generic, &length) != 0;
  ::close(descriptor);
  if (failed) throw std::runtime_error("there is no free port");
  return ntohs(address.sin_port);
}

RedisServer::RedisServer(std::filesystem::path folder, Options options)
    : folder_(std::move(folder)), options_(std::move(options)) {
  start();
}

void RedisServer::start() {
  Command command{.program = "redis-server"};
  command.arguments = {"--port",       std::to_string(options_.port),
                       "--bind",       "127.0.0.1",
                       "--unixsocket", socket().string(),
                       "--save",       "",
                       "--appendonly", "no",
                       "--dir",        folder_.string()};
  if (!options_.password.empty()) {
    command.arguments.insert(command.arguments.end(), {"--requirepass", options_.password});
  }
  process_ = std::make_unique<Process>(command);
  for (int attempt = 0; attempt < 4'000; ++attempt) {
    if (accepts(socket())) return;
    if (!process_->running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  throw std::runtime_error("redis-server did not start: " + process_->out());
}

void RedisServer::stop() {
  process_->kill(SIGKILL);
  process_->wait();
  std::filesystem::remove(socket());
}

void RedisServer::pause() { process_->kill(SIGSTOP); }
void RedisServer::resume() { process_->kill(SIGCONT); }

}  // namespace gantry::testing
