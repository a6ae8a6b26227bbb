#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "gantry/base/error.hpp"
#include "gantry/httpd/exchange.hpp"
#include "gantry/httpd/problem.hpp"

namespace gantry::httpd {
namespace {

constexpr std::chrono::seconds kLinger{5};

restinio::writable_item_t writable(Body body) {
  if (auto* bytes = std::get_if<std::string>(&body)) return {std::move(*bytes)};
  return {std::move(std::get<std::shared_ptr<const std::string>>(body))};
}

std::size_t size_of(const Body& body) {
  if (const auto* bytes = std::get_if<std::string>(&body)) return bytes->size();
  const auto& shared = std::get<std::shared_ptr<const std::string>>(body);
  return shared ? shared->size() : 0;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// How long an answer is, and what becomes of its connection, is the server's to say.
bool is_own_name(std::string_view name) {
  const std::array<std::string_view, 3> own = {"connection", "content-length", "transfer-encoding"};
  return std::ranges::any_of(own,
                             [&](std::string_view each) { return equal_without_case(each, name); });
}

// Whatever an application puts into a header, it stays one header.
void check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_name(name)) {
      throw Error(ErrorCode::kInternal, "an answer has a header whose name is no token");
    }
    if (is_own_name(name)) {
      throw Error(ErrorCode::kInternal,
                  fmt::format("the header {} of an answer is the server's own", name));
    }
    const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7F; };
    if (std::ranges::any_of(value, is_control)) {
      throw Error(ErrorCode::kInternal,
                  fmt::format("the header {} of an answer holds a control character", name));
    }
  }
}

std::string_view detail_of(int status) {
  switch (status) {
    case 413:
      return "the body is larger than this server takes";
    case 414:
      return "the path and query are longer than this server takes";
    default:
      return "the headers are more, or larger, than this server takes";
  }
}

// Reads and forgets what a peer still sends, until it ends or the time is over.
class Linger : public std::enable_shared_from_this<Linger> {
 public:
  Linger(asio::ip::tcp::socket socket, restinio::impl::connection_handle_t connection)
      : socket_(std::move(socket)), counted_(std::move(connection)) {}

  void start(ServerCore& core) {
    asio::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    core.schedule(kLinger, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->close();
    });
    read();
  }

 private:
  auto executor() { return dynamic_cast<Connection&>(*counted_).get_executor(); }

  void read() {
    auto done = [self = shared_from_this()](const asio::error_code& error, std::size_t) {
      if (!error) self->read();
    };
    socket_.async_read_some(asio::buffer(buffer_),
                            asio::bind_executor(executor(), std::move(done)));
  }

  void close() {
    asio::post(executor(), [self = shared_from_this()] {
      asio::error_code ignored;
      self->socket_.close(ignored);
    });
  }

  asio::ip::tcp::socket socket_;
  // Kept so that the connection counts until now.
  restinio::impl::connection_handle_t counted_;
  std::array<char, 16UL * 1024> buffer_;
};

}  // namespace

Responder::Exchange::Exchange(std::shared_ptr<ServerCore> shared,
                              restinio::request_handle_t incoming, Connections::Id connection_id)
    : core(std::move(shared)), request(std::move(incoming)), id(connection_id) {
  connection = restinio::impl::access_req_connection(*request);
  const std::scoped_lock lock(core->mutex);
  core->exchanges.insert(this);
  ++core->answers_under_way;
  under_way = std::shared_ptr<void>(core.get(), [owner = core](ServerCore*) {
    const std::scoped_lock inner(owner->mutex);
    --owner->answers_under_way;
    owner->changed.notify_all();
  });
}

Responder::Exchange::~Exchange() {
  core->connections->leave(id, this);
  if (!core->stopped) {
    if (!answered) {
      send(to_response({.status = 500, .detail = "the server has no answer to this request"}), {});
    } else if (!ended) {
      reset();
    }
  }
  const std::scoped_lock lock(core->mutex);
  core->exchanges.erase(this);
}

void Responder::Exchange::start(int status, Headers headers,
                                std::optional<std::uint64_t> content_length, AfterAnswer after) {
  check_headers(headers);
  if (answered.exchange(true)) throw Error(ErrorCode::kInternal, "a request was answered twice");
  const bool is_bare = status == 204 || status == 304;
  has_body = !is_head && !is_bare;
  const auto& asked = request->header();
  const bool knows_chunks = asked.http_major() == 1 && asked.http_minor() >= 1;
  is_chunked = !content_length && knows_chunks;
  missing = content_length.value_or(0);
  keeps_connection = asked.should_keep_alive() && after == AfterAnswer::kKeepConnection &&
                     (content_length || knows_chunks) && !core->draining;
  restinio::http_response_header_t header(
      restinio::http_status_line_t(restinio::http_status_code_t(static_cast<std::uint16_t>(status)),
                                   http_status_str(static_cast<http_status>(status))));
  header.should_keep_alive(keeps_connection);
  for (auto& [name, value] : headers) header.add_field(std::move(name), std::move(value));
  if (content_length) header.content_length(*content_length);
  if (is_chunked && !is_bare) header.add_field("Transfer-Encoding", "chunked");
  using Presence = restinio::impl::content_length_field_presence_t;
  head = restinio::impl::create_header_string(header, content_length && !is_bare
                                                          ? Presence::add_content_length
                                                          : Presence::skip_content_length);
}

restinio::write_group_t Responder::Exchange::group_of(Body body, bool is_last, Written written) {
  restinio::writable_items_container_t items;
  if (!head.empty()) items.emplace_back(std::exchange(head, {}));
  if (has_body && size_of(body) > 0) items.push_back(writable(std::move(body)));
  restinio::write_group_t group(std::move(items));
  if (written || is_last) {
    auto kept = is_last ? under_way : nullptr;
    group.after_write_notificator(
        [written = std::move(written), kept = std::move(kept)](const asio::error_code& error) {
          if (written) written(!error);
        });
  }
  return group;
}

restinio::response_output_flags_t Responder::Exchange::flags_of(bool is_last) const {
  return {is_last ? restinio::response_parts_attr_t::final_parts
                  : restinio::response_parts_attr_t::not_final_parts,
          restinio::response_connection_attr(keeps_connection)};
}

// Not from within RESTinio's call of a handler: it loses count of the requests that a peer has sent
// ahead if they are answered there.
void Responder::Exchange::put(Body body, bool is_last, Written written) {
  ended = ended || is_last;
  auto group = group_of(std::move(body), is_last, std::move(written));
  asio::post(dynamic_cast<Connection&>(*connection).get_executor(),
             [handle = connection, number = request->request_id(), flags = flags_of(is_last),
              kept = std::move(group)]() mutable {
               handle->write_response_parts(number, flags, std::move(kept));
             });
}

void Responder::Exchange::put_chunk(std::string piece, bool is_last, Written written) {
  std::string chunk;
  if (!piece.empty()) chunk = fmt::format("{:X}\r\n{}\r\n", piece.size(), piece);
  if (is_last) chunk += "0\r\n\r\n";
  put(std::move(chunk), is_last, std::move(written));
}

void Responder::Exchange::send(Response response, Written written) {
  start(response.status, std::move(response.headers), size_of(response.body),
        AfterAnswer::kKeepConnection);
  put(std::move(response.body), true, std::move(written));
}

void Responder::Exchange::refuse(int status) {
  core->connections->spoil(id);
  auto response = to_response({.status = status, .detail = std::string(detail_of(status))});
  start(status, std::move(response.headers), size_of(response.body), AfterAnswer::kCloseConnection);
  auto linger = [shared = core, handle = connection](bool has_left) {
    if (!has_left || shared->stopped) return;
    auto socket = dynamic_cast<Connection&>(*handle).move_upgrade_internals().m_socket;
    std::make_shared<Linger>(std::move(socket), handle)->start(*shared);
  };
  ended = true;
  // At once, before what follows the part that was read is taken for a request.
  connection->write_response_parts(request->request_id(), flags_of(true),
                                   group_of(std::move(response.body), true, std::move(linger)));
}

asio::ip::tcp::socket Responder::Exchange::take_socket() {
  answered = true;
  ended = true;
  core->connections->forget(id);
  return dynamic_cast<Connection&>(*connection).move_upgrade_internals().m_socket;
}

void Responder::Exchange::reset() {
  answered = true;
  if (broken_off.exchange(true)) return;
  auto& target = dynamic_cast<Connection&>(*connection);
  asio::post(target.get_executor(), [&target, owner = connection, shared = core, key = id] {
    auto socket = target.move_upgrade_internals().m_socket;
    asio::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
    shared->connections->forget(key);
  });
}

void Responder::send(Response response, Written written) {
  exchange_->send(std::move(response), std::move(written));
}

void Responder::begin(int status, Headers headers, std::uint64_t content_length,
                      AfterAnswer after) {
  exchange_->start(status, std::move(headers), content_length, after);
  exchange_->put({}, false, {});
}

void Responder::begin_unsized(int status, Headers headers) {
  exchange_->start(status, std::move(headers), std::nullopt, AfterAnswer::kKeepConnection);
  exchange_->put({}, false, {});
}

void Responder::write(std::string piece, Written written) {
  auto& exchange = *exchange_;
  if (exchange.is_chunked) return exchange.put_chunk(std::move(piece), false, std::move(written));
  exchange.missing -= std::min<std::uint64_t>(exchange.missing, piece.size());
  exchange.put(std::move(piece), false, std::move(written));
}

void Responder::end(Written written) {
  auto& exchange = *exchange_;
  if (exchange.is_chunked) return exchange.put_chunk({}, true, std::move(written));
  const bool is_short = exchange.missing > 0 && exchange.has_body;
  if (is_short && exchange.keeps_connection) {
    exchange.reset();
    if (written) written(false);
    return;
  }
  exchange.put({}, true, std::move(written));
}

void Responder::reset() { exchange_->reset(); }

bool Responder::answered() const { return exchange_->answered; }

void Responder::on_gone(std::function<void()> action) {
  auto& exchange = *exchange_;
  if (exchange.core->connections->wait(exchange.id, &exchange, action)) return;
  exchange.core->schedule({}, std::move(action));
}

namespace {

struct Pump : std::enable_shared_from_this<Pump> {
  Responder responder;
  std::function<std::string()> next;

  Pump(Responder answer, std::function<std::string()> source)
      : responder(std::move(answer)), next(std::move(source)) {}

  void go_on() {
    std::string piece;
    try {
      piece = next();
    } catch (const std::exception&) {
      return responder.end();  // short, which the peer sees
    }
    if (piece.empty()) return responder.end();
    responder.write(std::move(piece), [self = shared_from_this()](bool has_left) {
      if (has_left) self->go_on();
    });
  }
};

}  // namespace

void send_streamed(Responder responder, int status, Headers headers, std::uint64_t content_length,
                   std::function<std::string()> next) {
  responder.begin(status, std::move(headers), content_length, AfterAnswer::kCloseConnection);
  std::make_shared<Pump>(std::move(responder), std::move(next))->go_on();
}

}  // namespace gantry::httpd
