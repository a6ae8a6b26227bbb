#include "gantry/httpd/server.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <restinio/all.hpp>

#include "gantry/base/error.hpp"

namespace gantry::httpd {
namespace {

namespace asio = restinio::asio_ns;

// Two requests in flight let the server see that the peer of a long answer has gone.
constexpr std::size_t kPipelinedRequests = 2;
// RESTinio numbers connections without a lock: two accepts at once on two threads would race.
constexpr std::size_t kConcurrentAccepts = 1;
constexpr int kAttemptsToFindPort = 16;

using Traits = restinio::default_traits_t;
using Connection = restinio::impl::connection_t<Traits>;
using HttpServer = restinio::http_server_t<Traits>;
using Builder = restinio::response_builder_t<restinio::user_controlled_output_t>;

restinio::writable_item_t writable(Body body) {
  if (auto* bytes = std::get_if<std::string>(&body)) return {std::move(*bytes)};
  return {std::move(std::get<std::shared_ptr<const std::string>>(body))};
}

std::size_t size_of(const Body& body) {
  if (const auto* bytes = std::get_if<std::string>(&body)) return bytes->size();
  const auto& shared = std::get<std::shared_ptr<const std::string>>(body);
  return shared ? shared->size() : 0;
}

restinio::write_status_cb_t notifier(Written written) {
  if (!written) return {};
  return [written = std::move(written)](const asio::error_code& error) { written(!error); };
}

Request read_request(restinio::request_t& incoming) {
  Request request;
  const auto& header = incoming.header();
  request.method = std::string(header.method().c_str());
  request.target = header.request_target();
  header.for_each_field(
      [&](const auto& field) { request.headers.emplace_back(field.name(), field.value()); });
  request.body = incoming.body();
  request.remote.address = incoming.remote_endpoint().address().to_string();
  request.remote.port = incoming.remote_endpoint().port();
  return request;
}

}  // namespace

// One request and the state of its answer. RESTinio's builder takes the connection out of the
// request, so a copy is kept for reset().
struct Responder::Exchange {
  restinio::request_handle_t request;
  restinio::impl::connection_handle_t connection;
  std::shared_ptr<const std::atomic<bool>> stopped;
  bool is_head = false;
  bool answered = false;
  std::optional<Builder> stream;
  std::uint64_t missing = 0;
  AfterAnswer after = AfterAnswer::kKeepConnection;

  ~Exchange() {
    if (answered || stopped->load()) return;
    const Headers headers = {{"Content-Type", "text/plain"}};
    send({500, headers, "the server has no answer\n"}, {});
  }

  Builder open(int status, Headers headers, std::uint64_t content_length) {
    if (answered) throw Error(ErrorCode::kInternal, "a request was answered twice");
    answered = true;
    auto builder = request->create_response<restinio::user_controlled_output_t>(
        {restinio::http_status_code_t(static_cast<std::uint16_t>(status)),
         http_status_str(static_cast<http_status>(status))});
    for (auto& [name, value] : headers) {
      builder.append_header(std::move(name), std::move(value));
    }
    builder.set_content_length(content_length);
    return builder;
  }

  void send(Response response, Written written) {
    const auto size = size_of(response.body);
    auto builder = open(response.status, std::move(response.headers), size);
    if (!is_head && size > 0) builder.set_body(writable(std::move(response.body)));
    builder.done(notifier(std::move(written)));
  }

  void reset() {
    answered = true;
    stream.reset();
    auto& target = dynamic_cast<Connection&>(*connection);
    asio::post(target.get_executor(), [&target, owner = connection] {
      auto socket = target.move_upgrade_internals().m_socket;
      asio::error_code ignored;
      socket.set_option(asio::socket_base::linger(true, 0), ignored);
      socket.close(ignored);
    });
  }
};

void Responder::send(Response response, Written written) {
  exchange_->send(std::move(response), std::move(written));
}

void Responder::begin(int status, Headers headers, std::uint64_t content_length,
                      AfterAnswer after) {
  auto& exchange = *exchange_;
  exchange.stream.emplace(exchange.open(status, std::move(headers), content_length));
  exchange.missing = content_length;
  exchange.after = after;
  // The choice is made when the header leaves and cannot be changed later.
  if (after == AfterAnswer::kCloseConnection) exchange.stream->connection_close();
  exchange.stream->flush();
}

void Responder::write(std::string piece, Written written) {
  auto& exchange = *exchange_;
  exchange.missing -= std::min<std::uint64_t>(exchange.missing, piece.size());
  if (!exchange.is_head && !piece.empty()) exchange.stream->append_body(std::move(piece));
  exchange.stream->flush(notifier(std::move(written)));
}

void Responder::end(Written written) {
  auto& exchange = *exchange_;
  const bool is_short = exchange.missing > 0 && !exchange.is_head;
  if (is_short && exchange.after == AfterAnswer::kKeepConnection) {
    exchange.reset();
    if (written) written(false);
    return;
  }
  exchange.stream->done(notifier(std::move(written)));
  exchange.stream.reset();
}

void Responder::reset() { exchange_->reset(); }

struct Server::State {
  Options options;
  Handler handler;
  std::shared_ptr<std::atomic<bool>> stopped = std::make_shared<std::atomic<bool>>(false);
  std::uint16_t port = 0;
  // Handlers that wait in the context own connections, so it goes last.
  std::unique_ptr<asio::io_context> context;
  std::vector<std::unique_ptr<HttpServer>> servers;
  std::vector<std::thread> threads;

  restinio::request_handling_status_t handle(restinio::request_handle_t incoming);
  std::unique_ptr<HttpServer> make_server(const std::string& address, std::uint16_t wanted);
  void listen(std::uint16_t wanted);
  void listen_on_free_port();
};

restinio::request_handling_status_t Server::State::handle(restinio::request_handle_t incoming) {
  auto exchange = std::make_shared<Responder::Exchange>();
  exchange->stopped = stopped;
  exchange->connection = restinio::impl::access_req_connection(*incoming);
  exchange->request = incoming;
  Request request = read_request(*incoming);
  exchange->is_head = request.method == "HEAD";
  const Headers text = {{"Content-Type", "text/plain"}};
  try {
    if (request.parse_target()) {
      handler(request, Responder(exchange));
    } else {
      exchange->send({400, text, "the request target is not a path\n"}, {});
    }
  } catch (const std::exception& error) {
    if (exchange->answered) throw;
    exchange->send({500, text, fmt::format("{}\n", error.what())}, {});
  }
  return restinio::request_accepted();
}

std::unique_ptr<HttpServer> Server::State::make_server(const std::string& address,
                                                       std::uint16_t wanted) {
  return std::make_unique<HttpServer>(restinio::external_io_context(*context), [&](auto& settings) {
    settings.address(address)
        .port(wanted)
        .max_pipelined_requests(kPipelinedRequests)
        .concurrent_accepts_count(kConcurrentAccepts)
        .read_next_http_message_timelimit(options.idle_timeout)
        .handle_request_timeout(options.handler_timeout)
        .write_http_response_timelimit(options.write_timeout)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_body_size(options.max_body_bytes)
                                      .max_url_size(options.max_target_bytes)
                                      .max_field_value_size(options.max_header_bytes)
                                      .max_field_name_size(options.max_header_bytes)
                                      .max_field_count(options.max_headers))
        .socket_options_setter(
            [](auto& socket) { socket.set_option(asio::ip::tcp::no_delay(true)); })
        .acceptor_post_bind_hook(
            [this](asio::ip::tcp::acceptor& acceptor) { port = acceptor.local_endpoint().port(); })
        .request_handler(
            [this](restinio::request_handle_t request) { return handle(std::move(request)); });
  });
}

void Server::State::listen(std::uint16_t wanted) {
  servers.clear();
  for (const auto& address : options.addresses) {
    servers.push_back(make_server(address, wanted));
    try {
      servers.back()->open_sync();
    } catch (const std::exception& error) {
      throw Error(ErrorCode::kIo,
                  fmt::format("cannot listen on {}:{}: {}", address, wanted, error.what()));
    }
    wanted = port;
  }
}

// The first address chooses a port, which may be taken on the next one.
void Server::State::listen_on_free_port() {
  for (int attempt = 1;; ++attempt) {
    try {
      return listen(0);
    } catch (const Error&) {
      if (attempt == kAttemptsToFindPort) throw;
    }
  }
}

Server::Server(Options options, Handler handler) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->handler = std::move(handler);
}

Server::~Server() { stop(); }

void Server::start() {
  auto& state = *state_;
  state.context = std::make_unique<asio::io_context>(static_cast<int>(state.options.threads));
  if (state.options.port == 0) {
    state.listen_on_free_port();
  } else {
    state.listen(state.options.port);
  }
  for (unsigned i = 0; i < state.options.threads; ++i) {
    state.threads.emplace_back([context = state.context.get()] {
      const auto work = asio::make_work_guard(*context);
      context->run();
    });
  }
}

void Server::stop() {
  auto& state = *state_;
  if (!state.context) return;
  state.stopped->store(true);
  state.context->stop();
  for (auto& thread : state.threads) thread.join();
  state.threads.clear();
  state.servers.clear();
  state.context.reset();
}

std::uint16_t Server::port() const { return state_->port; }

void Server::schedule(std::chrono::steady_clock::duration delay, std::function<void()> action) {
  auto timer = std::make_shared<asio::steady_timer>(*state_->context, delay);
  timer->async_wait([timer, action = std::move(action)](const asio::error_code& error) {
    if (!error) action();
  });
}

}  // namespace gantry::httpd
