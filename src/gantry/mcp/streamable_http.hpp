// The transport over HTTP: a POST of each message to one path, answered by JSON or by a stream of
// events that ends with the answer. Its public functions are for the io thread.
//
// What comes in is checked for Host, Origin and the token before it is read. Sessions are bounded
// in number and end when they are not used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gantry/base/secret.hpp"
#include "gantry/httpd/event_stream.hpp"
#include "gantry/httpd/router.hpp"
#include "gantry/mcp/server.hpp"

namespace gantry::mcp {

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;          // 0: any
  std::vector<std::string> hosts;  // that requests may name, beside those of loopback
  Secret token;                    // empty: none is asked for
  std::string path = "/mcp";
  std::size_t max_sessions = 1000;
  std::chrono::minutes session_time{30};  // without a message
};

class StreamableHttp {
 public:
  // All outlive it.
  StreamableHttp(Server& server, async::any_io_executor executor, async::Clock& clock,
                 HttpOptions options);
  ~StreamableHttp();

  // Listens and returns the port. kIo.
  std::uint16_t start();
  // Ends sessions that are not used, until it is cancelled.
  async::awaitable<void> run();

 private:
  struct HttpSession;
  struct Exchange;
  using SessionPointer = std::shared_ptr<HttpSession>;

  httpd::Handler handler(void (StreamableHttp::*take)(const httpd::Request&, httpd::Responder));
  void guard(const httpd::Request& request) const;
  void post(const httpd::Request& request, httpd::Responder responder);
  void get(const httpd::Request& request, httpd::Responder responder);
  void remove(const httpd::Request& request, httpd::Responder responder);
  void take_stateless(const httpd::Request& request, httpd::Responder responder, Message message);
  void take_in_session(const httpd::Request& request, httpd::Responder responder, Message message);
  void initialize(httpd::Responder responder, Message message);
  SessionPointer session_of(const httpd::Request& request);
  void end(const std::string& id);
  void ask(const std::shared_ptr<Exchange>& exchange, Message message);
  std::function<void()> on_executor(std::function<void()> action) const;

  Server& server_;
  async::any_io_executor executor_;
  async::Clock& clock_;
  HttpOptions options_;
  std::unique_ptr<httpd::Server> http_;
  std::map<std::string, SessionPointer> sessions_;
};

}  // namespace gantry::mcp
