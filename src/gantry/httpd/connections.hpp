// The connections of one server as RESTinio tells of them: how many there are, and who wants to
// know when one has gone. For the sources of this layer only, as it includes RESTinio.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <restinio/all.hpp>

namespace gantry::httpd {

namespace asio = restinio::asio_ns;

// Any thread.
class Connections {
 public:
  explicit Connections(std::size_t most) : most_(most) {}

  // One more, until what is returned goes. kTooLarge if there are too many.
  std::shared_ptr<void> count_one();

  // A connection is known from opened() to closed().
  using Id = std::uint64_t;
  static Id id_of(std::size_t server, restinio::connection_id_t connection) {
    return (std::uint64_t{server} << 48U) | connection;
  }
  void opened(Id id);
  // Calls the actions of all who wait.
  void closed(Id id);
  // Forgets the connection without calling anybody: its socket has been taken over.
  void forget(Id id);

  // False if the connection is not known any more; else `action` is called when it closes, unless
  // `who` has left before.
  bool wait(Id id, const void* who, std::function<void()> action);
  void leave(Id id, const void* who);

  // What follows the connection's last request is none: the rest of one that was refused in its
  // midst, or what a peer has sent after asking to close.
  void spoil(Id id);
  bool is_spoilt(Id id) const;

 private:
  struct Record {
    bool is_spoilt = false;
    std::unordered_map<const void*, std::function<void()>> waiting;
  };
  const std::size_t most_;
  std::atomic<std::size_t> count_ = 0;
  mutable std::mutex mutex_;
  std::unordered_map<Id, Record> records_;
};

struct ConnectionListener {
  std::shared_ptr<Connections> connections;
  std::size_t server = 0;
  void state_changed(const restinio::connection_state::notice_t& notice) noexcept;
};

// RESTinio's timers. Each connection owns one from its making to its destruction, which makes it
// the place to count them. RESTinio's own means do not serve: its limiter must outlive the
// connections, and does not when a server stops; its IP blocker ends the process if a peer leaves
// too early.
class ConnectionTimers : public std::enable_shared_from_this<ConnectionTimers> {
  using Plain = restinio::asio_timer_manager_t;

 public:
  // NOLINTBEGIN(readability-identifier-naming): the names that RESTinio wants.
  class timer_guard_t {
   public:
    timer_guard_t(Plain::timer_guard_t timer, std::shared_ptr<void> counted)
        : timer_(std::move(timer)), counted_(std::move(counted)) {}
    void schedule(restinio::tcp_connection_ctx_weak_handle_t connection) {
      timer_.schedule(std::move(connection));
    }
    void cancel() noexcept { timer_.cancel(); }

   private:
    Plain::timer_guard_t timer_;
    std::shared_ptr<void> counted_;
  };

  struct factory_t {
    std::shared_ptr<Connections> connections;
    std::shared_ptr<ConnectionTimers> create(asio::io_context& context) const {
      return std::make_shared<ConnectionTimers>(context, connections);
    }
  };
  // NOLINTEND(readability-identifier-naming)

  ConnectionTimers(asio::io_context& context, std::shared_ptr<Connections> connections)
      : context_(context), connections_(std::move(connections)) {}
  timer_guard_t create_timer_guard() const {
    return {Plain::timer_guard_t(context_, kCheckPeriod), connections_->count_one()};
  }
  void start() const noexcept {}
  void stop() const noexcept {}

 private:
  static constexpr std::chrono::seconds kCheckPeriod{1};
  asio::io_context& context_;
  std::shared_ptr<Connections> connections_;
};

}  // namespace gantry::httpd
