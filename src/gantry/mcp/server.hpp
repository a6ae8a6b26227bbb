// The Model Context Protocol without its transports: a message of a client in, messages to it out.
// Io thread.
//
// Two families of revisions are spoken. Up to 2025-11-25 a client says `initialize` and has a
// session; since 2026-07-28 each request carries what there is to know of its client.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/async/task_scope.hpp"
#include "gantry/base/secret.hpp"
#include "gantry/mcp/session.hpp"

namespace gantry::mcp {

inline constexpr std::string_view kStatelessVersion = "2026-07-28";
inline constexpr std::string_view kNewestSessionVersion = "2025-11-25";
// Revisions with sessions.
bool is_session_version(std::string_view version);

struct ServerInfo {
  std::string name;
  std::string title;
  std::string version;
  std::string instructions;  // to the model
};

struct Reply {
  json::object message;  // empty: the request was cancelled, and gets no answer
  int http_status = 200;
};

struct ServerLimits {
  std::size_t running_of_one = 64;  // requests of one client at a time
  std::size_t running = 512;        // of all clients
};

class Call;

class Server {
 public:
  // All outlive it. Requests run in `scope`.
  Server(async::any_io_executor executor, async::Clock& clock, async::TaskScope& scope,
         Catalogue& catalogue, ServerInfo info, ServerLimits limits = {});

  using Done = std::function<void(Reply)>;
  // Begins with a request, whose answer comes to `done` once, perhaps at once; what the handler
  // says on the way goes to `send`. Notifications and responses are taken in silence, without
  // `done`.
  void take(std::shared_ptr<Session> session, Message message, Send send, Done done);
  // The client has gone, or says that it no longer wants the answer.
  static void cancel(Session& session, const json::value& id);
  static void cancel_all(Session& session);

  // Tells those who listen.
  void tools_changed();
  void prompts_changed();
  void resource_changed(const std::string& uri);

  std::size_t running() const { return running_; }

 private:
  using Answer = async::awaitable<json::object> (Server::*)(std::shared_ptr<Call>);
  struct Method {
    Answer answer;
    bool in_sessions;
    bool stateless;
    bool is_list = false;  // its result may be kept by the client
  };
  static const std::map<std::string_view, Method>& methods();

  void take_notification(const std::shared_ptr<Session>& session, const Message& message);
  static void take_response(Session& session, Message message);
  std::shared_ptr<Call> begin(const std::shared_ptr<Session>& session, Message message, Send send);
  async::awaitable<void> serve(std::shared_ptr<Call> call, Method method,
                               std::shared_ptr<Session::Running> running, Done done);
  async::awaitable<json::object> result_of(std::shared_ptr<Call> call, Method method);
  void complete(json::object& result, const Method& method) const;
  void announce(std::string_view method, json::object params, bool Listener::*kind);
  json::object capabilities() const;

  async::awaitable<json::object> initialize(std::shared_ptr<Call> call);
  async::awaitable<json::object> discover(std::shared_ptr<Call> call);
  async::awaitable<json::object> ping(std::shared_ptr<Call> call);
  async::awaitable<json::object> set_level(std::shared_ptr<Call> call);
  async::awaitable<json::object> subscribe(std::shared_ptr<Call> call);
  async::awaitable<json::object> unsubscribe(std::shared_ptr<Call> call);
  async::awaitable<json::object> listen(std::shared_ptr<Call> call);
  async::awaitable<json::object> list_tools(std::shared_ptr<Call> call);
  async::awaitable<json::object> call_tool(std::shared_ptr<Call> call);
  async::awaitable<json::object> list_resources(std::shared_ptr<Call> call);
  async::awaitable<json::object> list_templates(std::shared_ptr<Call> call);
  async::awaitable<json::object> read_resource(std::shared_ptr<Call> call);
  async::awaitable<json::object> list_prompts(std::shared_ptr<Call> call);
  async::awaitable<json::object> get_prompt(std::shared_ptr<Call> call);
  async::awaitable<json::object> complete_argument(std::shared_ptr<Call> call);

  async::any_io_executor executor_;
  async::Clock& clock_;
  async::TaskScope& scope_;
  Catalogue& catalogue_;
  ServerInfo info_;
  ServerLimits limits_;
  Secret state_key_;
  std::vector<std::weak_ptr<Listener>> listeners_;
  std::size_t running_ = 0;
};

}  // namespace gantry::mcp
