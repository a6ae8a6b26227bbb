#include "gantry/mcp/stdio.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace gantry::mcp {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kLookEvery{20};
constexpr std::size_t kPiece = 64UL * 1024;

// Reads on a thread of its own, as files cannot be waited for otherwise. It goes on when what it
// has read was taken, so that a client cannot fill the memory.
class InputReader {
 public:
  // `take` is called on the io thread, with nothing at the end.
  InputReader(async::any_io_executor executor, int input,
              std::function<void(std::string_view)> take)
      : executor_(std::move(executor)),
        input_(input),
        take_(std::move(take)),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        thread_([this] { run(); }) {}

  ~InputReader() {
    {
      const std::scoped_lock lock(mutex_);
      is_stopped_ = true;
    }
    changed_.notify_all();
    ::eventfd_write(stop_, 1);
    thread_.join();
    ::close(stop_);
  }
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;

 private:
  void run() {
    std::array<char, kPiece> buffer{};
    while (true) {
      std::array<pollfd, 2> both{{{input_, POLLIN, 0}, {stop_, POLLIN, 0}}};
      if (::poll(both.data(), both.size(), -1) < 0 && errno != EINTR) return hand_over("");
      if (both[1].revents != 0) return;
      if (both[0].revents == 0) continue;
      const ssize_t count = ::read(input_, buffer.data(), buffer.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0) return hand_over("");
      hand_over({buffer.data(), static_cast<std::size_t>(count)});
    }
  }

  void hand_over(std::string_view bytes) {
    std::unique_lock lock(mutex_);
    is_taken_ = false;
    // The flag outlives this object in an action that is queued when it goes.
    boost::asio::post(executor_, [this, alive = alive_, bytes] {
      if (!*alive) return;
      take_(bytes);
      const std::scoped_lock inner(mutex_);
      is_taken_ = true;
      changed_.notify_all();
    });
    changed_.wait(lock, [this] { return is_taken_ || is_stopped_; });
    if (is_stopped_) *alive_ = false;
  }

  async::any_io_executor executor_;
  int input_;
  std::function<void(std::string_view)> take_;
  int stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_taken_ = false;
  bool is_stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::thread thread_;  // last: it uses all of the above
};

// One client and what it has asked.
class Conversation {
 public:
  Conversation(const async::any_io_executor& executor, Server& server, int output)
      : server_(server), output_(output), session_(std::make_shared<Session>()), ended_(executor) {
    session_->send = [this](const json::object& message) { write(message); };
  }

  void take(std::string_view bytes) {
    if (bytes.empty()) ended_.set();
    cutter_.feed(bytes, [this](std::optional<std::string_view> line) { take_line(line); });
  }

  // Returns when nothing more will come, or nobody reads.
  async::awaitable<void> wait_for_end() { co_await ended_.wait(); }
  bool is_busy() const { return !session_->running.empty() && !is_broken_; }
  void cancel() { Server::cancel_all(*session_); }

 private:
  void take_line(std::optional<std::string_view> line) {
    try {
      if (!line) {
        throw RpcError(kInvalidRequest,
                       fmt::format("a message is longer than {} bytes", kLongestLine));
      }
      server_.take(session_, parse_message(*line), session_->send, [this](const Reply& reply) {
        if (!reply.message.empty()) write(reply.message);
      });
    } catch (const RpcError& error) {
      write(make_error(nullptr, error));
    }
  }

  // Waits for a client that is slow to read, which is the only one.
  void write(const json::object& message) {
    const std::string line = json::serialize(message) + "\n";
    std::string_view rest = line;
    while (!rest.empty() && !is_broken_) {
      const ssize_t count = ::write(output_, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) {
        pollfd writable{output_, POLLOUT, 0};
        ::poll(&writable, 1, -1);
        continue;
      }
      if (count < 0) {
        is_broken_ = true;
        ended_.set();
        return;
      }
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  Server& server_;
  int output_;
  std::shared_ptr<Session> session_;
  LineCutter cutter_;
  async::Event ended_;
  bool is_broken_ = false;
};

}  // namespace

void LineCutter::feed(std::string_view bytes, const OnLine& on_line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line_.size() + part.size() > kLongestLine) is_too_long_ = true;
    if (is_too_long_) {
      line_.clear();
    } else {
      line_ += part;
    }
    if (end == std::string_view::npos) return;
    if (is_too_long_) {
      on_line(std::nullopt);
    } else if (line_.find_first_not_of(" \t\r") != std::string::npos) {
      on_line(line_);
    }
    line_.clear();
    is_too_long_ = false;
  }
}

async::awaitable<void> serve_stdio(Server& server, async::Clock& clock, int input, int output) {
  auto executor = co_await boost::asio::this_coro::executor;
  Conversation conversation(executor, server, output);
  InputReader reader(executor, input,
                     [&conversation](std::string_view bytes) { conversation.take(bytes); });
  std::exception_ptr failure;
  try {
    co_await conversation.wait_for_end();
    const async::TimePoint latest = clock.now() + kPatience;
    while (conversation.is_busy() && clock.now() < latest) co_await clock.sleep(kLookEvery);
  } catch (...) {
    failure = std::current_exception();
  }
  conversation.cancel();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace gantry::mcp
