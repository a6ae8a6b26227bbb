#include "gantry/store/redis_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

namespace gantry::store {
namespace {

// What a server says, fit for a message.
std::string shown_text(std::string_view text) {
  std::string shown(text.substr(0, 200));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

std::string reason(int error_number) {
  char buffer[128] = {};
  return strerror_r(error_number, buffer, sizeof buffer);
}

}  // namespace

void FreeReply::operator()(redisReply* reply) const { freeReplyObject(reply); }
void RedisConnection::FreeContext::operator()(redisContext* context) const { redisFree(context); }

std::string shown_address(const RedisStoreOptions& options) {
  if (!options.socket.empty()) return "redis at " + options.socket.string();
  return "redis at " + options.host + ":" + std::to_string(options.port);
}

// hiredis connects, formats and parses; waiting is done here, because its own time-outs begin anew
// with every byte, and writing, because it would raise SIGPIPE.
RedisConnection::RedisConnection(const async::Clock& clock, const RedisStoreOptions& options)
    : clock_(clock), options_(options) {
  connect();
  if (!options_.password.empty()) authenticate();
}

RedisConnection::~RedisConnection() = default;

Error RedisConnection::failure(std::string_view what) const {
  return Error(ErrorCode::kNetwork, shown_address(options_) + ": " + std::string(what));
}

void RedisConnection::connect() {
  async::TimePoint deadline = clock_.now() + options_.connect_timeout;
  context_.reset(options_.socket.empty()
                     ? redisConnectNonBlock(options_.host.c_str(), options_.port)
                     : redisConnectUnixNonBlock(options_.socket.c_str()));
  if (!context_) throw failure("out of memory");
  if (context_->err != 0) throw failure(context_->errstr);
  // Room for large answers stays, instead of being given back after each of them.
  context_->reader->maxbuf = 0;
  wait_for(POLLOUT, deadline);
  int error_number = 0;
  socklen_t length = sizeof error_number;
  ::getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error_number, &length);
  if (error_number != 0) throw failure(reason(error_number));
}

void RedisConnection::authenticate() {
  std::array<std::string_view, 2> words = {"AUTH", options_.password.reveal()};
  add(words);
  RedisReply reply = read();
  // The server's own words might repeat what it was sent.
  if (reply->type != REDIS_REPLY_STATUS) throw failure("it refuses the password");
}

void RedisConnection::add(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (std::string_view word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* command = nullptr;
  int length = redisFormatCommandArgv(&command, static_cast<int>(words.size()), texts.data(),
                                      lengths.data());
  if (length < 0) throw failure("out of memory");
  unsent_.append(command, static_cast<std::size_t>(length));
  redisFreeCommand(command);
}

RedisReply RedisConnection::read() {
  async::TimePoint deadline = clock_.now() + options_.command_timeout;
  while (true) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) {
      throw failure(context_->errstr);
    }
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));
    send();
    wait_for(unsent_.empty() ? POLLIN : POLLIN | POLLOUT, deadline);
    receive();
  }
}

void RedisConnection::wait_for(short events, async::TimePoint deadline) {
  struct pollfd watched {
    context_->fd, events, 0
  };
  while (true) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.now());
    int ready = left.count() <= 0 ? 0 : ::poll(&watched, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready == 0) {
      throw Error(ErrorCode::kTimeout, shown_address(options_) + " does not answer in time");
    }
    if (errno != EINTR) throw failure(reason(errno));
  }
}

void RedisConnection::send() {
  while (sent_ < unsent_.size()) {
    ssize_t count = ::send(context_->fd, unsent_.data() + sent_, unsent_.size() - sent_,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count < 0) throw failure(reason(errno));
    sent_ += static_cast<std::size_t>(count);
  }
  unsent_.clear();
  sent_ = 0;
}

void RedisConnection::receive() {
  if (redisBufferRead(context_.get()) != REDIS_OK) throw failure(context_->errstr);
}

Error RedisConnection::unexpected(const redisReply& reply) const {
  if (reply.type != REDIS_REPLY_ERROR) return failure("an answer that makes no sense");
  return failure("it answers " + shown_text({reply.str, reply.len}));
}

}  // namespace gantry::store
