#include "gantry/mcp/streamable_http.hpp"

#include <random>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gantry/httpd/problem.hpp"
#include "gantry/httpd/request_guard.hpp"

namespace gantry::mcp {
namespace {

constexpr std::string_view kSessionHeader = "Mcp-Session-Id";
constexpr std::string_view kVersionHeader = "MCP-Protocol-Version";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kLargestMessage = 4UL * 1024 * 1024;
constexpr std::size_t kMostWaitingBytes = 16UL * 1024 * 1024;
constexpr std::size_t kMostConnections = 1024;
constexpr std::chrono::seconds kSweepEvery{10};

httpd::Response json_answer(int status, const json::object& message) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = json::serialize(message)};
}

httpd::Response no_content(int status) { return {.status = status, .headers = {}, .body = {}}; }

std::string new_session_id() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

std::string wire_of(const json::object& message) {
  return httpd::to_wire({.id = {}, .name = {}, .data = json::serialize(message), .retry = {}});
}

// What Mcp-Name repeats of the body.
const json::string* name_of(const Message& message) {
  if (message.method == "tools/call" || message.method == "prompts/get") {
    return string_in(message.params, "name");
  }
  return message.method == "resources/read" ? string_in(message.params, "uri") : nullptr;
}

RpcError mismatch(std::string_view header) {
  return {kHeaderMismatch, fmt::format("the header {} does not repeat the body", header)};
}

// Headers are there for those on the way, who do not read bodies: both must say the same.
void check_headers(const httpd::Request& request, const Message& message) {
  const json::object* meta = object_in(message.params, "_meta");
  const json::string* version =
      meta == nullptr ? nullptr : string_in(*meta, "io.modelcontextprotocol/protocolVersion");
  if (version != nullptr && request.header(kVersionHeader) != std::string_view(*version)) {
    throw mismatch(kVersionHeader);
  }
  if (version == nullptr || message.kind != MessageKind::kRequest) return;
  if (request.header("Mcp-Method") != message.method) throw mismatch("Mcp-Method");
  const json::string* name = name_of(message);
  if (name != nullptr && request.header("Mcp-Name") != std::string_view(*name)) {
    throw mismatch("Mcp-Name");
  }
}

bool is_stateless(const httpd::Request& request, const Message& message) {
  if (request.header(kVersionHeader) == kStatelessVersion) return true;
  const json::object* meta = object_in(message.params, "_meta");
  return meta != nullptr && meta->contains("io.modelcontextprotocol/protocolVersion");
}

}  // namespace

struct StreamableHttp::HttpSession {
  std::string id;
  std::shared_ptr<Session> session = std::make_shared<Session>();
  std::shared_ptr<httpd::EventStream> stream;  // of what belongs to no request
  async::TimePoint last_used;
};

// A request and its answer, which becomes a stream when there is something to say before.
struct StreamableHttp::Exchange {
  httpd::Server& server;
  httpd::Responder responder;
  std::shared_ptr<Session> session;
  std::function<void()> gone;
  httpd::Headers headers{};  // of an answer that is no stream
  std::shared_ptr<httpd::EventStream> stream{};
  bool is_over = false;

  void send(const json::object& message) {
    if (is_over) return;
    if (!stream) {
      httpd::EventStreamLimits limits;
      limits.max_waiting_bytes = kMostWaitingBytes;
      stream = httpd::EventStream::open(server, responder, gone, limits);
    }
    stream->send(wire_of(message));
  }

  void answer(const Reply& reply) {
    if (is_over) return;
    is_over = true;
    if (stream) {
      if (!reply.message.empty()) stream->send(wire_of(reply.message));
      stream->close();
    } else if (reply.message.empty()) {
      responder.send(no_content(202));
    } else {
      httpd::Response response = json_answer(reply.http_status, reply.message);
      response.headers.insert(response.headers.end(), headers.begin(), headers.end());
      responder.send(std::move(response));
    }
  }
};

StreamableHttp::StreamableHttp(Server& server, async::any_io_executor executor, async::Clock& clock,
                               HttpOptions options)
    : server_(server), executor_(std::move(executor)), clock_(clock), options_(std::move(options)) {
  for (const char* host : {"localhost", "127.0.0.1", "[::1]"}) options_.hosts.emplace_back(host);
}

StreamableHttp::~StreamableHttp() {
  while (!sessions_.empty()) end(sessions_.begin()->first);
  if (http_) http_->stop();
}

std::function<void()> StreamableHttp::on_executor(std::function<void()> action) const {
  return
      [executor = executor_, action = std::move(action)] { boost::asio::post(executor, action); };
}

httpd::Handler StreamableHttp::handler(void (StreamableHttp::*take)(const httpd::Request&,
                                                                    httpd::Responder)) {
  httpd::Post on_loop = [executor = executor_](std::function<void()> action) {
    boost::asio::post(executor, std::move(action));
  };
  return httpd::posted(std::move(on_loop),
                       [this, take](const httpd::Request& request, httpd::Responder responder) {
                         guard(request);
                         (this->*take)(request, std::move(responder));
                       });
}

std::uint16_t StreamableHttp::start() {
  httpd::Router router;
  const auto add = [&](const char* method,
                       void (StreamableHttp::*take)(const httpd::Request&, httpd::Responder)) {
    router.add(method, options_.path,
               [handle = handler(take)](const httpd::Request& request, const httpd::Parameters&,
                                        httpd::Responder responder) {
                 handle(request, std::move(responder));
               });
  };
  add("POST", &StreamableHttp::post);
  add("GET", &StreamableHttp::get);
  add("DELETE", &StreamableHttp::remove);
  httpd::Options options;
  options.addresses = {options_.address};
  options.port = options_.port;
  options.max_body_bytes = kLargestMessage;
  options.max_connections = kMostConnections;
  http_ = std::make_unique<httpd::Server>(options, router.handler());
  http_->start();
  return http_->port();
}

async::awaitable<void> StreamableHttp::run() {
  while (true) {
    co_await clock_.sleep(kSweepEvery);
    std::vector<std::string> unused;
    for (const auto& [id, session] : sessions_) {
      if (clock_.now() - session->last_used > options_.session_time) unused.push_back(id);
    }
    for (const std::string& id : unused) end(id);
  }
}

void StreamableHttp::guard(const httpd::Request& request) const {
  if (!httpd::host_is_allowed(request, options_.hosts)) {
    throw Error(ErrorCode::kForbidden,
                "this server does not answer to the name in Host; see --allow-host");
  }
  if (!httpd::origin_is_allowed(request)) {
    throw Error(ErrorCode::kForbidden, "requests from pages of other sites are refused");
  }
  if (options_.token.empty()) return;
  const std::string_view given = request.header("Authorization").value_or("");
  if (!given.starts_with(kBearer) ||
      !httpd::equal_in_constant_time(given.substr(kBearer.size()), options_.token.reveal())) {
    throw Error(ErrorCode::kUnauthorized,
                "a token is needed; send it as \"Authorization: Bearer TOKEN\"");
  }
}

void StreamableHttp::post(const httpd::Request& request, httpd::Responder responder) {
  if (!request.header("Content-Type").value_or("").starts_with("application/json")) {
    return responder.send(
        httpd::to_response({.status = 415, .detail = "a message is application/json"}));
  }
  json::value id;
  try {
    Message message = parse_message(request.body);
    id = message.id;
    if (is_stateless(request, message)) {
      check_headers(request, message);
      take_stateless(request, std::move(responder), std::move(message));
    } else {
      take_in_session(request, std::move(responder), std::move(message));
    }
  } catch (const RpcError& error) {
    responder.send(json_answer(400, make_error(id, error)));
  }
}

void StreamableHttp::ask(const std::shared_ptr<Exchange>& exchange, Message message) {
  server_.take(
      exchange->session, std::move(message),
      [exchange](const json::object& said) { exchange->send(said); },
      [exchange](const Reply& reply) { exchange->answer(reply); });
}

void StreamableHttp::take_stateless(const httpd::Request& /*request*/, httpd::Responder responder,
                                    Message message) {
  if (message.kind != MessageKind::kRequest) return responder.send(no_content(202));
  auto session = std::make_shared<Session>();
  // Who leaves no longer wants the answer.
  std::function<void()> gone = on_executor([weak = std::weak_ptr<Session>(session)] {
    if (auto alive = weak.lock()) Server::cancel_all(*alive);
  });
  responder.on_gone(gone);
  ask(std::make_shared<Exchange>(Exchange{*http_, std::move(responder), session, gone}),
      std::move(message));
}

StreamableHttp::SessionPointer StreamableHttp::session_of(const httpd::Request& request) {
  std::optional<std::string_view> id = request.header(kSessionHeader);
  if (!id) {
    throw Error(ErrorCode::kUsage,
                "there is no header Mcp-Session-Id; begin with the request initialize");
  }
  auto found = sessions_.find(std::string(*id));
  if (found == sessions_.end()) {
    throw Error(ErrorCode::kNotFound, "this session has ended; begin a new one with initialize");
  }
  std::optional<std::string_view> version = request.header(kVersionHeader);
  if (version && !is_session_version(*version)) {
    throw Error(ErrorCode::kUsage, "MCP-Protocol-Version names no revision of this session");
  }
  found->second->last_used = clock_.now();
  return found->second;
}

void StreamableHttp::take_in_session(const httpd::Request& request, httpd::Responder responder,
                                     Message message) {
  if (message.kind == MessageKind::kRequest && message.method == "initialize" &&
      !request.header(kSessionHeader)) {
    return initialize(std::move(responder), std::move(message));
  }
  SessionPointer session = session_of(request);
  if (message.kind != MessageKind::kRequest) {
    server_.take(session->session, std::move(message), {}, {});
    return responder.send(no_content(202));
  }
  // The answer is lost if the client has gone, but the work goes on: that is how these revisions
  // want it.
  ask(std::make_shared<Exchange>(Exchange{*http_, std::move(responder), session->session, [] {}}),
      std::move(message));
}

void StreamableHttp::initialize(httpd::Responder responder, Message message) {
  if (sessions_.size() >= options_.max_sessions) {
    httpd::Problem full{.status = 503, .detail = "there are too many sessions"};
    full.headers.emplace_back("Retry-After", "60");
    return responder.send(httpd::to_response(full));
  }
  auto session = std::make_shared<HttpSession>();
  session->id = new_session_id();
  session->last_used = clock_.now();
  std::weak_ptr<HttpSession> weak = session;
  session->session->send = [weak](const json::object& said) {
    auto alive = weak.lock();
    if (alive && alive->stream) alive->stream->send(wire_of(said));
  };
  // Until it has begun nobody knows its name.
  sessions_[session->id] = session;
  auto exchange =
      std::make_shared<Exchange>(Exchange{*http_, std::move(responder), session->session, [] {}});
  exchange->headers.emplace_back(kSessionHeader, session->id);
  server_.take(
      session->session, std::move(message),
      [exchange](const json::object& said) { exchange->send(said); },
      [this, exchange, session](const Reply& reply) {
        if (!session->session->peer) {
          exchange->headers.clear();
          end(session->id);
        }
        exchange->answer(reply);
      });
}

void StreamableHttp::get(const httpd::Request& request, httpd::Responder responder) {
  if (request.header(kVersionHeader) == kStatelessVersion) {
    httpd::Problem problem{.status = 405, .detail = "this revision wants POST only"};
    problem.headers.emplace_back("Allow", "POST");
    return responder.send(httpd::to_response(problem));
  }
  SessionPointer session = session_of(request);
  if (session->stream) session->stream->close();
  session->stream = httpd::EventStream::open(*http_, std::move(responder), [] {});
}

void StreamableHttp::remove(const httpd::Request& request, httpd::Responder responder) {
  SessionPointer session = session_of(request);
  end(session->id);
  responder.send(no_content(204));
}

void StreamableHttp::end(const std::string& id) {
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  SessionPointer session = std::move(found->second);
  sessions_.erase(found);
  Server::cancel_all(*session->session);
  if (session->stream) session->stream->close();
}

}  // namespace gantry::mcp
