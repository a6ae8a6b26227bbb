#include "gantry/httpd/web_socket.hpp"

#include <atomic>
#include <deque>
#include <utility>

#include <boost/asio/strand.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket.hpp>

#include "gantry/httpd/exchange.hpp"

namespace gantry::httpd {

namespace beast = boost::beast;

// RESTinio's own WebSocket makes room for a frame of whatever length its header claims, so Beast's
// is used on the socket. All but the counters happens on the strand of that socket.
class WebSocket::Session : public std::enable_shared_from_this<Session> {
 public:
  using Upgrade = beast::http::request<beast::http::empty_body>;

  Session(asio::ip::tcp::socket socket, restinio::impl::connection_handle_t connection,
          WebSocketEvents events, WebSocketLimits limits)
      : stream_(std::move(socket)),
        counted_(std::move(connection)),
        events_(std::move(events)),
        limits_(limits) {}

  void start(Upgrade upgrade) {
    upgrade_ = std::move(upgrade);
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->shake_hands(); });
  }

  bool send(std::string text) {
    if (is_over_) return false;
    if (waiting_bytes_.fetch_add(text.size()) + text.size() > limits_.max_waiting_bytes) {
      break_off();
      return false;
    }
    asio::post(stream_.get_executor(),
               [self = shared_from_this(), text = std::move(text)]() mutable {
                 self->queue_.push_back(std::move(text));
                 self->write();
               });
    return true;
  }

  void close() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      self->is_closing_ = true;
      self->write();
    });
  }

 private:
  void shake_hands() {
    beast::websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = limits_.idle_timeout;
    timeout.idle_timeout = limits_.idle_timeout;
    timeout.keep_alive_pings = true;
    stream_.set_option(timeout);
    stream_.read_message_max(limits_.max_incoming_bytes);
    stream_.async_accept(upgrade_, [self = shared_from_this()](const beast::error_code& error) {
      if (error) return self->end();
      self->is_open_ = true;
      self->read();
      self->write();
    });
  }

  void read() {
    stream_.async_read(buffer_,
                       [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                         if (error) return self->end();
                         if (self->events_.text && self->stream_.got_text()) {
                           self->events_.text(beast::buffers_to_string(self->buffer_.data()));
                         }
                         self->buffer_.consume(self->buffer_.size());
                         self->read();
                       });
  }

  void write() {
    if (!is_open_ || is_writing_ || is_over_) return;
    if (queue_.empty()) {
      if (is_closing_) say_goodbye();
      return;
    }
    is_writing_ = true;
    stream_.text(true);
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                          self->is_writing_ = false;
                          if (error) return self->end();
                          self->waiting_bytes_ -= self->queue_.front().size();
                          self->queue_.pop_front();
                          self->write();
                        });
  }

  void say_goodbye() {
    is_over_ = true;
    stream_.async_close(beast::websocket::close_code::normal,
                        [self = shared_from_this()](const beast::error_code&) { self->end(); });
  }

  void break_off() {
    if (is_over_.exchange(true)) return;
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      auto& socket = self->stream_.next_layer();
      beast::error_code ignored;
      socket.set_option(asio::socket_base::linger(true, 0), ignored);
      socket.close(ignored);
      self->tell_gone();
    });
  }

  void end() {
    is_over_ = true;
    tell_gone();
  }

  void tell_gone() {
    if (const auto gone = std::exchange(events_.gone, nullptr)) gone();
    events_.text = nullptr;
  }

  beast::websocket::stream<asio::ip::tcp::socket> stream_;
  // Kept so that the connection counts until now.
  restinio::impl::connection_handle_t counted_;
  WebSocketEvents events_;
  const WebSocketLimits limits_;
  Upgrade upgrade_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::atomic<std::size_t> waiting_bytes_ = 0;
  std::atomic<bool> is_over_ = false;
  bool is_open_ = false;
  bool is_writing_ = false;
  bool is_closing_ = false;
};

// What waits for the network owns the session, so that it goes with the server at the latest.
struct WebSocket::Owner {
  std::weak_ptr<Session> session;

  ~Owner() {
    if (const auto kept = session.lock()) kept->close();
  }
};

bool wants_web_socket(const Request& request) {
  beast::http::request<beast::http::empty_body> upgrade{beast::http::verb::get, "/", 11};
  for (const auto& [name, value] : request.headers) upgrade.insert(name, value);
  return request.method == "GET" && beast::websocket::is_upgrade(upgrade);
}

WebSocket WebSocket::accept(const Request& request, Responder responder, WebSocketEvents events,
                            WebSocketLimits limits) {
  Session::Upgrade upgrade{beast::http::verb::get, request.target, 11};
  for (const auto& [name, value] : request.headers) upgrade.insert(name, value);
  auto& exchange = *responder.exchange_;
  // RESTinio neither reads nor writes while it waits for what becomes of an upgrade.
  auto socket = exchange.take_socket();
  const auto protocol = exchange.request->remote_endpoint().protocol();
  asio::ip::tcp::socket own(asio::make_strand(*exchange.core->context), protocol, socket.release());
  auto session =
      std::make_shared<Session>(std::move(own), exchange.connection, std::move(events), limits);
  auto owner = std::make_shared<Owner>();
  owner->session = session;
  session->start(std::move(upgrade));
  return WebSocket(std::move(owner));
}

bool WebSocket::send(std::string text) {
  const auto session = owner_->session.lock();
  return session && session->send(std::move(text));
}

void WebSocket::close() {
  if (const auto session = owner_->session.lock()) session->close();
}

}  // namespace gantry::httpd
