// One request and the state of its answer, beneath a Responder. For the sources of this layer only,
// as it includes RESTinio.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "gantry/httpd/connections.hpp"
#include "gantry/httpd/parser_limits.hpp"
#include "gantry/httpd/server.hpp"

namespace gantry::httpd {

struct Traits : restinio::default_traits_t {
  using http_methods_mapper_t = Methods;
  using timer_manager_t = ConnectionTimers;
  using connection_state_listener_t = ConnectionListener;
};
using Connection = restinio::impl::connection_t<Traits>;
using HttpServer = restinio::http_server_t<Traits>;

// What a server's exchanges share with it.
struct ServerCore {
  explicit ServerCore(std::size_t most_connections)
      : connections(std::make_shared<Connections>(most_connections)) {}

  std::atomic<bool> stopped = false;
  std::atomic<bool> draining = false;
  std::shared_ptr<Connections> connections;
  asio::io_context* context = nullptr;

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t answers_under_way = 0;
  std::unordered_set<Responder::Exchange*> exchanges;

  void schedule(std::chrono::steady_clock::duration delay, std::function<void()> action);
};

struct Responder::Exchange {
  Exchange(std::shared_ptr<ServerCore> shared, restinio::request_handle_t incoming,
           Connections::Id connection_id);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void send(Response response, Written written);
  // Sends the answer of a request whose rest is thrown away, and then reads that for a while: a
  // connection that is closed with bytes unread is reset, and the peer may lose the answer.
  void refuse(int status);
  void reset();
  // The socket, on the connection's executor, after which the connection does nothing more.
  asio::ip::tcp::socket take_socket();
  // The header, with this content length, or with chunks to come.
  void start(int status, Headers headers, std::optional<std::uint64_t> content_length,
             AfterAnswer after);
  // What has been started and these bytes leave together.
  void put(Body body, bool is_last, Written written);
  restinio::write_group_t group_of(Body body, bool is_last, Written written);
  restinio::response_output_flags_t flags_of(bool is_last) const;
  void put_chunk(std::string piece, bool is_last, Written written);

  std::shared_ptr<ServerCore> core;
  restinio::request_handle_t request;
  // RESTinio's builder takes the connection out of the request.
  restinio::impl::connection_handle_t connection;
  Connections::Id id;
  bool is_head = false;
  std::atomic<bool> answered = false;
  std::atomic<bool> broken_off = false;
  std::string head;  // not sent yet
  bool has_body = true;
  bool is_chunked = false;
  bool keeps_connection = true;
  bool ended = false;
  std::uint64_t missing = 0;
  std::shared_ptr<void> under_way;  // as long as somebody has it, drain() waits
};

}  // namespace gantry::httpd
