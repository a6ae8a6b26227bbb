#include "gantry/httpd/server.hpp"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>

#include "gantry/base/error.hpp"
#include "gantry/httpd/exchange.hpp"
#include "gantry/httpd/problem.hpp"

namespace gantry::httpd {
namespace {

// Two requests in flight let the server see that the peer of a long answer has gone.
constexpr std::size_t kPipelinedRequests = 2;
// RESTinio numbers connections without a lock: two accepts at once on two threads would race.
constexpr std::size_t kConcurrentAccepts = 1;
constexpr int kAttemptsToFindPort = 16;

// RESTinio stops accepting for ever when the process has no more files, so that must not happen.
std::size_t connection_bound(std::size_t wanted) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  return std::min<std::size_t>(wanted, files.rlim_cur / 2);
}

Request read_request(const restinio::request_t& incoming) {
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

void ServerCore::schedule(std::chrono::steady_clock::duration delay, std::function<void()> action) {
  auto timer = std::make_shared<asio::steady_timer>(*context, delay);
  timer->async_wait([timer, action = std::move(action)](const asio::error_code& error) {
    if (!error) action();
  });
}

struct Server::State {
  State(Options given, Handler handles)
      : options(std::move(given)),
        handler(std::move(handles)),
        core(std::make_shared<ServerCore>(connection_bound(options.max_connections))) {}

  Options options;
  Handler handler;
  std::shared_ptr<ServerCore> core;
  std::uint16_t port = 0;
  // Handlers that wait in the context own connections, so it goes last.
  std::unique_ptr<asio::io_context> context;
  std::vector<std::unique_ptr<HttpServer>> servers;
  std::vector<std::thread> threads;

  void handle(restinio::request_handle_t incoming, std::size_t server);
  std::unique_ptr<HttpServer> make_server(const std::string& address, std::uint16_t wanted);
  void listen(std::uint16_t wanted);
  void listen_on_free_port();
  void release_exchanges();
};

void Server::State::handle(restinio::request_handle_t incoming, std::size_t server) {
  const auto id = Connections::id_of(server, incoming->connection_id());
  if (core->connections->is_spoilt(id)) return;
  // Nothing that comes after a request to close is answered.
  if (!incoming->header().should_keep_alive()) core->connections->spoil(id);
  auto exchange = std::make_shared<Responder::Exchange>(core, incoming, id);
  exchange->is_head = incoming->header().method() == restinio::http_method_head();
  if (const auto status = refused_by_parser(incoming->header())) return exchange->refuse(*status);
  Request request = read_request(*incoming);
  try {
    if (request.parse_target()) {
      handler(request, Responder(exchange));
    } else {
      exchange->send(to_response({.status = 400, .detail = "the request target is not a path"}),
                     {});
    }
  } catch (const std::exception& error) {
    if (exchange->answered) throw;
    exchange->send(to_response({.status = 500, .detail = error.what()}), {});
  }
}

std::unique_ptr<HttpServer> Server::State::make_server(const std::string& address,
                                                       std::uint16_t wanted) {
  const std::size_t index = servers.size();
  return std::make_unique<HttpServer>(restinio::external_io_context(*context), [&](auto& settings) {
    settings.address(address)
        .port(wanted)
        .max_pipelined_requests(kPipelinedRequests)
        .concurrent_accepts_count(kConcurrentAccepts)
        .timer_manager(core->connections)
        .connection_state_listener(
            std::make_shared<ConnectionListener>(ConnectionListener{core->connections, index}))
        .read_next_http_message_timelimit(options.request_timeout)
        .handle_request_timeout(options.handler_timeout)
        .write_http_response_timelimit(options.write_timeout)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_body_size(options.max_body_bytes)
                                      .max_url_size(options.max_target_bytes)
                                      .max_field_value_size(options.max_head_bytes)
                                      .max_field_name_size(options.max_head_bytes)
                                      .max_field_count(options.max_headers))
        .socket_options_setter(
            [](auto& socket) { socket.set_option(asio::ip::tcp::no_delay(true)); })
        .acceptor_post_bind_hook(
            [this](asio::ip::tcp::acceptor& acceptor) { port = acceptor.local_endpoint().port(); })
        .request_handler([this, index](restinio::request_handle_t request) {
          handle(std::move(request), index);
          return restinio::request_accepted();
        });
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

// An application may keep responders for longer; their connections must not outlive the context.
void Server::State::release_exchanges() {
  std::vector<restinio::request_handle_t> requests;
  std::vector<restinio::impl::connection_handle_t> connections;  // destroyed without the lock
  const std::scoped_lock lock(core->mutex);
  for (auto* exchange : core->exchanges) {
    requests.push_back(std::move(exchange->request));
    connections.push_back(std::move(exchange->connection));
  }
}

Server::Server(Options options, Handler handler)
    : state_(std::make_unique<State>(std::move(options), std::move(handler))) {}

Server::~Server() { stop(); }

void Server::start() {
  auto& state = *state_;
  state.context = std::make_unique<asio::io_context>(static_cast<int>(state.options.threads));
  state.core->context = state.context.get();
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
  state.core->stopped = true;
  state.context->stop();
  for (auto& thread : state.threads) thread.join();
  state.threads.clear();
  state.release_exchanges();
  state.servers.clear();
  state.context.reset();
}

bool Server::drain(std::chrono::milliseconds patience) {
  auto& state = *state_;
  if (!state.context) return true;
  state.core->draining = true;
  for (auto& server : state.servers) server->close_async([] {}, [](const auto&) {});
  bool all_ended = false;
  {
    std::unique_lock lock(state.core->mutex);
    all_ended = state.core->changed.wait_for(lock, patience,
                                             [&] { return state.core->answers_under_way == 0; });
  }
  stop();
  return all_ended;
}

std::uint16_t Server::port() const { return state_->port; }

void Server::schedule(std::chrono::steady_clock::duration delay, std::function<void()> action) {
  state_->core->schedule(delay, std::move(action));
}

}  // namespace gantry::httpd
