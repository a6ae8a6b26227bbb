#include "gantry/mcp/server.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gantry/mcp/call.hpp"
#include "gantry/mcp/schema.hpp"

namespace gantry::mcp {
namespace {

constexpr std::array<std::string_view, 3> kSessionVersions = {"2025-11-25", "2025-06-18",
                                                              "2025-03-26"};
constexpr std::string_view kMetaPrefix = "io.modelcontextprotocol/";
constexpr int kListLifetime = 60'000;  // ms
constexpr std::size_t kMostCompletions = 100;
constexpr std::size_t kMostWatched = 1000;

std::string meta_name(std::string_view name) {
  return std::string(kMetaPrefix) + std::string(name);
}

std::string random_key() {
  std::random_device device;
  std::string key;
  for (int i = 0; i < 8; ++i) key += fmt::format("{:08x}", device());
  return key;
}

// Who asks, as a request without a session says it.
Peer peer_of(const Message& message) {
  const json::object* meta = object_in(message.params, "_meta");
  const auto missing = [](const std::string& name) {
    return RpcError(kInvalidParams,
                    fmt::format("params._meta lacks '{}', and no session has begun", name));
  };
  const std::string version_name = meta_name("protocolVersion");
  const std::string capabilities_name = meta_name("clientCapabilities");
  const json::string* version = meta == nullptr ? nullptr : string_in(*meta, version_name);
  if (version == nullptr) throw missing(version_name);
  const json::object* capabilities = object_in(*meta, capabilities_name);
  if (capabilities == nullptr) throw missing(capabilities_name);
  if (*version != kStatelessVersion) {
    throw RpcError(kUnsupportedVersion,
                   fmt::format("this server speaks {} without a session", kStatelessVersion),
                   json::object{{"supported", json::array{json::string(kStatelessVersion)}},
                                {"requested", *version}});
  }
  Peer peer{.version = std::string(*version),
            .has_session = false,
            .capabilities = *capabilities,
            .log_level = std::nullopt};
  const json::string* level = string_in(*meta, meta_name("logLevel"));
  if (level != nullptr) peer.log_level = log_level_of(*level);
  return peer;
}

int http_status_of(const RpcError& error, bool has_session) {
  if (error.rpc_code() == kTooManyRequests) return 503;
  if (has_session) return 200;
  switch (error.rpc_code()) {
    case kMethodNotFound:
      return 404;
    case kHeaderMismatch:
    case kMissingCapability:
    case kUnsupportedVersion:
      return 400;
    default:
      return 200;
  }
}

// Lists fit into one page.
void refuse_cursor(const Call& call) {
  if (call.params().contains("cursor")) {
    throw RpcError(kInvalidParams, "there is no such cursor: the list has one page");
  }
}

template <class Item>
json::object list_of(const char* name, const std::vector<Item>& items) {
  json::array list;
  list.reserve(items.size());
  for (const Item& item : items) list.push_back(to_json(item));
  return {{name, std::move(list)}};
}

bool flag_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::map<std::string, std::string> prompt_arguments(const Call& call, const Prompt& prompt) {
  std::map<std::string, std::string> arguments;
  const json::object* given = object_in(call.params(), "arguments");
  if (given != nullptr) {
    for (const auto& [name, value] : *given) {
      if (!value.is_string()) {
        throw RpcError(kInvalidParams, fmt::format("the argument '{}' is no text",
                                                   std::string_view(name).substr(0, 100)));
      }
      arguments[std::string(name)] = std::string(value.get_string());
    }
  }
  for (const PromptArgument& argument : prompt.arguments) {
    if (argument.required && !arguments.contains(argument.name)) {
      throw RpcError(kInvalidParams, fmt::format("the prompt {} wants the argument '{}'",
                                                 prompt.name, argument.name));
    }
  }
  return arguments;
}

}  // namespace

bool is_session_version(std::string_view version) {
  return std::find(kSessionVersions.begin(), kSessionVersions.end(), version) !=
         kSessionVersions.end();
}

Server::Server(async::any_io_executor executor, async::Clock& clock, async::TaskScope& scope,
               Catalogue& catalogue, ServerInfo info, ServerLimits limits)
    : executor_(std::move(executor)),
      clock_(clock),
      scope_(scope),
      catalogue_(catalogue),
      info_(std::move(info)),
      limits_(limits),
      state_key_(random_key()) {}

const std::map<std::string_view, Server::Method>& Server::methods() {
  static const std::map<std::string_view, Method> all = {
      {"initialize", {&Server::initialize, true, false}},
      {"ping", {&Server::ping, true, false}},
      {"logging/setLevel", {&Server::set_level, true, false}},
      {"resources/subscribe", {&Server::subscribe, true, false}},
      {"resources/unsubscribe", {&Server::unsubscribe, true, false}},
      {"server/discover", {&Server::discover, false, true, true}},
      {"subscriptions/listen", {&Server::listen, false, true}},
      {"tools/list", {&Server::list_tools, true, true, true}},
      {"tools/call", {&Server::call_tool, true, true}},
      {"resources/list", {&Server::list_resources, true, true, true}},
      {"resources/templates/list", {&Server::list_templates, true, true, true}},
      {"resources/read", {&Server::read_resource, true, true, true}},
      {"prompts/list", {&Server::list_prompts, true, true, true}},
      {"prompts/get", {&Server::get_prompt, true, true}},
      {"completion/complete", {&Server::complete_argument, true, true}},
  };
  return all;
}

// Not yet running: what is wrong with the request as such is thrown.
std::shared_ptr<Call> Server::begin(const std::shared_ptr<Session>& session, Message message,
                                    Send send) {
  const json::object* meta = object_in(message.params, "_meta");
  const bool says_all = meta != nullptr && meta->contains(meta_name("protocolVersion"));
  const bool has_session = session->peer.has_value() && !says_all;
  const bool begins_session = message.method == "initialize" || message.method == "ping";
  Peer peer;
  if (has_session) {
    peer = *session->peer;
  } else if (says_all || !begins_session) {
    peer = peer_of(message);
  }
  return std::make_shared<Call>(executor_, session, std::move(peer), std::move(message),
                                std::move(send), state_key_, clock_.wall_now());
}

void Server::take(std::shared_ptr<Session> session, Message message, Send send, Done done) {
  if (message.kind == MessageKind::kNotification) return take_notification(session, message);
  if (message.kind == MessageKind::kResponse) return take_response(*session, std::move(message));
  const json::value id = message.id;
  const std::string key = key_of(id);
  std::shared_ptr<Call> call;
  try {
    if (session->running.contains(key)) {
      throw RpcError(kInvalidRequest, "a request with this id is still running");
    }
    if (session->running.size() >= limits_.running_of_one || running_ >= limits_.running) {
      throw RpcError(kTooManyRequests, "too many requests at a time; wait for answers first");
    }
    call = begin(session, std::move(message), std::move(send));
    auto found = methods().find(call->message().method);
    const bool is_known =
        found != methods().end() &&
        (call->peer().has_session ? found->second.in_sessions : found->second.stateless);
    if (!is_known) {
      throw RpcError(kMethodNotFound,
                     fmt::format("there is no method '{}'", call->message().method));
    }
    auto running = std::make_shared<Session::Running>();
    session->running[key] = running;
    ++running_;
    running->signal = scope_.spawn(serve(call, found->second, running, std::move(done)));
  } catch (const RpcError& error) {
    const bool has_session = call ? call->peer().has_session : session->peer.has_value();
    // Before there is a call it is the request as such that is wrong.
    const int status = !call && !has_session && error.rpc_code() == kInvalidParams
                           ? 400
                           : http_status_of(error, has_session);
    done({make_error(id, error), status});
  }
}

async::awaitable<void> Server::serve(std::shared_ptr<Call> call, Method method,
                                     std::shared_ptr<Session::Running> running, Done done) {
  const json::value& id = call->message().id;
  Reply reply;
  try {
    json::object result = co_await result_of(call, method);
    if (!call->peer().has_session) complete(result, method);
    reply.message = make_response(id, std::move(result));
  } catch (const RpcError& error) {
    reply = {make_error(id, error), http_status_of(error, call->peer().has_session)};
  } catch (...) {
    Error error = current_error();
    if (error.code() == ErrorCode::kCancelled) running->is_cancelled = true;
    reply.message = make_error(id, RpcError(kInternalError, error.message()));
  }
  --running_;
  call->session().running.erase(key_of(id));
  if (running->is_cancelled) reply.message.clear();
  done(std::move(reply));
}

async::awaitable<json::object> Server::result_of(std::shared_ptr<Call> call, Method method) {
  json::object result;
  try {
    result = co_await (this->*method.answer)(call);
  } catch (const InputRequired& needed) {
    result = {{"resultType", "input_required"},
              {"inputRequests", needed.questions},
              {"requestState", needed.state}};
  }
  co_return result;
}

void Server::complete(json::object& result, const Method& method) const {
  if (!result.contains("resultType")) result["resultType"] = "complete";
  if (method.is_list && result.at("resultType").as_string() == "complete") {
    const bool lasts = !catalogue_.changes && !result.contains("contents");
    result["ttlMs"] = lasts ? kListLifetime : 0;
    result["cacheScope"] = "private";
  }
  json::value& meta = result["_meta"];
  if (!meta.is_object()) meta.emplace_object();
  meta.get_object()[meta_name("serverInfo")] =
      json::object{{"name", info_.name}, {"title", info_.title}, {"version", info_.version}};
}

void Server::take_notification(const std::shared_ptr<Session>& session, const Message& message) {
  if (message.method != "notifications/cancelled") return;
  if (const json::value* id = message.params.if_contains("requestId")) cancel(*session, *id);
}

void Server::take_response(Session& session, Message message) {
  auto found = session.questions.find(key_of(message.id));
  if (found == session.questions.end() || found->second->answered.is_set()) return;
  found->second->body = std::move(message.body);
  found->second->answered.set();
}

void Server::cancel(Session& session, const json::value& id) {
  auto found = session.running.find(key_of(id));
  if (found == session.running.end()) return;
  found->second->is_cancelled = true;
  if (auto signal = found->second->signal.lock()) {
    signal->emit(boost::asio::cancellation_type::terminal);
  }
}

void Server::cancel_all(Session& session) {
  auto all = session.running;
  for (const auto& [key, running] : all) {
    running->is_cancelled = true;
    if (auto signal = running->signal.lock()) {
      signal->emit(boost::asio::cancellation_type::terminal);
    }
  }
}

void Server::announce(std::string_view method, json::object params, bool Listener::*kind) {
  std::erase_if(listeners_, [](const std::weak_ptr<Listener>& each) { return each.expired(); });
  const json::string* uri = string_in(params, "uri");
  const std::vector<std::weak_ptr<Listener>> all = listeners_;
  for (const std::weak_ptr<Listener>& each : all) {
    std::shared_ptr<Listener> listener = each.lock();
    if (!listener) continue;
    const bool wants =
        kind != nullptr ? (*listener).*kind : listener->uris.contains(std::string(*uri));
    if (!wants) continue;
    json::object its = params;
    if (!listener->subscription.is_null()) {
      its["_meta"] = json::object{{meta_name("subscriptionId"), listener->subscription}};
    }
    listener->send(make_notification(method, std::move(its)));
  }
}

void Server::tools_changed() { announce("notifications/tools/list_changed", {}, &Listener::tools); }

void Server::prompts_changed() {
  announce("notifications/prompts/list_changed", {}, &Listener::prompts);
}

void Server::resource_changed(const std::string& uri) {
  announce("notifications/resources/updated", {{"uri", uri}}, nullptr);
}

json::object Server::capabilities() const {
  const bool changes = catalogue_.changes;
  json::object all{{"logging", json::object()}, {"completions", json::object()}};
  all["tools"] = json::object{{"listChanged", changes}};
  all["resources"] = json::object{{"subscribe", changes}, {"listChanged", false}};
  all["prompts"] = json::object{{"listChanged", changes}};
  return all;
}

async::awaitable<json::object> Server::initialize(std::shared_ptr<Call> call) {
  if (call->session().peer) throw RpcError(kInvalidRequest, "this session has begun already");
  std::string version = call->text_param("protocolVersion");
  if (!is_session_version(version)) version = kNewestSessionVersion;
  Peer peer;
  peer.version = version;
  const json::object* client = object_in(call->params(), "capabilities");
  if (client != nullptr) peer.capabilities = *client;
  Session& session = call->session();
  session.peer = std::move(peer);
  session.listener = std::make_shared<Listener>();
  session.listener->tools = session.listener->prompts = session.listener->resources = true;
  session.listener->send = session.send;
  listeners_.push_back(session.listener);
  json::object server{{"name", info_.name}, {"title", info_.title}, {"version", info_.version}};
  co_return json::object{{"protocolVersion", version},
                         {"capabilities", capabilities()},
                         {"serverInfo", std::move(server)},
                         {"instructions", info_.instructions}};
}

async::awaitable<json::object> Server::discover(std::shared_ptr<Call> /*call*/) {
  json::object result{{"supportedVersions", json::array{json::string(kStatelessVersion)}},
                      {"capabilities", capabilities()},
                      {"instructions", info_.instructions}};
  co_return result;
}

async::awaitable<json::object> Server::ping(std::shared_ptr<Call> /*call*/) {
  co_return json::object();
}

async::awaitable<json::object> Server::set_level(std::shared_ptr<Call> call) {
  std::string name = call->text_param("level");
  std::optional<LogLevel> level = log_level_of(name);
  if (!level) throw RpcError(kInvalidParams, fmt::format("there is no log level '{}'", name));
  call->session().peer->log_level = level;
  co_return json::object();
}

async::awaitable<json::object> Server::subscribe(std::shared_ptr<Call> call) {
  std::set<std::string>& uris = call->session().listener->uris;
  if (uris.size() >= kMostWatched) {
    throw RpcError(kInvalidParams, fmt::format("more than {} resources watched", kMostWatched));
  }
  uris.insert(call->text_param("uri"));
  co_return json::object();
}

async::awaitable<json::object> Server::unsubscribe(std::shared_ptr<Call> call) {
  call->session().listener->uris.erase(call->text_param("uri"));
  co_return json::object();
}

async::awaitable<json::object> Server::listen(std::shared_ptr<Call> call) {
  const json::object* wanted = object_in(call->params(), "notifications");
  if (wanted == nullptr) throw RpcError(kInvalidParams, "there is no object 'notifications'");
  auto listener = std::make_shared<Listener>();
  json::object agreed;
  if (catalogue_.changes) {
    listener->tools = flag_in(*wanted, "toolsListChanged");
    listener->prompts = flag_in(*wanted, "promptsListChanged");
    if (listener->tools) agreed["toolsListChanged"] = true;
    if (listener->prompts) agreed["promptsListChanged"] = true;
    const json::value* uris = wanted->if_contains("resourceSubscriptions");
    if (uris != nullptr && uris->is_array()) {
      for (const json::value& uri : uris->get_array()) {
        if (uri.is_string() && listener->uris.size() < kMostWatched) {
          listener->uris.emplace(uri.get_string());
        }
      }
      agreed["resourceSubscriptions"] = json::array(listener->uris.begin(), listener->uris.end());
    }
  }
  const json::value& id = call->message().id;
  listener->subscription = id.is_string() ? id : json::value(json::serialize(id));
  listener->send = call->send();
  json::object meta{{meta_name("subscriptionId"), listener->subscription}};
  call->send()(make_notification("notifications/subscriptions/acknowledged",
                                 {{"notifications", agreed}, {"_meta", std::move(meta)}}));
  listeners_.push_back(listener);
  async::Event never(executor_);
  co_await never.wait();
  co_return json::object();
}

async::awaitable<json::object> Server::list_tools(std::shared_ptr<Call> call) {
  refuse_cursor(*call);
  co_return list_of("tools", catalogue_.tools);
}

async::awaitable<json::object> Server::call_tool(std::shared_ptr<Call> call) {
  const std::string name = call->text_param("name");
  const Tool* tool = catalogue_.tool(name);
  if (tool == nullptr) {
    throw RpcError(kInvalidParams,
                   fmt::format("there is no tool '{}'; tools/list names them", name));
  }
  json::object arguments;
  if (const json::value* given = call->params().if_contains("arguments")) {
    if (!given->is_object()) throw RpcError(kInvalidParams, "arguments is no object");
    arguments = given->get_object();
  }
  std::vector<std::string> faults = find_faults(arguments, tool->input_schema);
  if (!faults.empty()) {
    co_return to_json(
        error_result(fmt::format("Wrong arguments for {}: {}.", name, fmt::join(faults, "; "))));
  }
  // The list of tools may change meanwhile.
  const auto handler = tool->call;
  ToolResult result;
  try {
    result = co_await handler(std::move(arguments), *call);
  } catch (const RpcError&) {
    throw;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    result = error_result(error.message());
  }
  co_return to_json(result);
}

async::awaitable<json::object> Server::list_resources(std::shared_ptr<Call> call) {
  refuse_cursor(*call);
  co_return list_of("resources", catalogue_.resources);
}

async::awaitable<json::object> Server::list_templates(std::shared_ptr<Call> call) {
  refuse_cursor(*call);
  co_return list_of("resourceTemplates", catalogue_.templates);
}

async::awaitable<json::object> Server::read_resource(std::shared_ptr<Call> call) {
  const std::string uri = call->text_param("uri");
  json::object contents{{"uri", uri}};
  if (const Resource* resource = catalogue_.resource(uri)) {
    contents["mimeType"] = resource->mime_type;
    const char* name = resource->is_binary ? "blob" : "text";
    std::string text = co_await resource->read();
    contents[name] = text;
    co_return json::object{{"contents", json::array{std::move(contents)}}};
  }
  for (const ResourceTemplate& each : catalogue_.templates) {
    auto values = match_template(each.uri_template, uri);
    if (!values) continue;
    contents["mimeType"] = each.mime_type;
    std::string text = co_await each.read(*std::move(values));
    contents["text"] = text;
    co_return json::object{{"contents", json::array{std::move(contents)}}};
  }
  throw RpcError(call->peer().has_session ? -32002 : kInvalidParams,
                 fmt::format("there is no resource '{}'", uri), json::object{{"uri", uri}});
}

async::awaitable<json::object> Server::list_prompts(std::shared_ptr<Call> call) {
  refuse_cursor(*call);
  co_return list_of("prompts", catalogue_.prompts);
}

async::awaitable<json::object> Server::get_prompt(std::shared_ptr<Call> call) {
  const std::string name = call->text_param("name");
  const Prompt* prompt = catalogue_.prompt(name);
  if (prompt == nullptr) {
    throw RpcError(kInvalidParams,
                   fmt::format("there is no prompt '{}'; prompts/list names them", name));
  }
  json::object result{{"description", prompt->description}};
  const auto handler = prompt->get;
  json::array messages = co_await handler(prompt_arguments(*call, *prompt), *call);
  result["messages"] = std::move(messages);
  co_return result;
}

async::awaitable<json::object> Server::complete_argument(std::shared_ptr<Call> call) {
  const json::object* reference = object_in(call->params(), "ref");
  const json::object* argument = object_in(call->params(), "argument");
  const json::string* type = reference == nullptr ? nullptr : string_in(*reference, "type");
  const json::string* name = argument == nullptr ? nullptr : string_in(*argument, "name");
  const json::string* text = argument == nullptr ? nullptr : string_in(*argument, "value");
  if (type == nullptr || name == nullptr || text == nullptr) {
    throw RpcError(kInvalidParams, "completion/complete wants 'ref' and 'argument'");
  }
  const Complete* complete = nullptr;
  if (const json::string* its = string_in(*reference, "name"); its && *type == "ref/prompt") {
    const Prompt* prompt = catalogue_.prompt(*its);
    if (prompt != nullptr) complete = &prompt->complete;
  } else if (const json::string* uri = string_in(*reference, "uri"); uri) {
    for (const ResourceTemplate& each : catalogue_.templates) {
      if (each.uri_template == *uri) complete = &each.complete;
    }
  }
  if (complete == nullptr) {
    throw RpcError(kInvalidParams, "there is no such prompt or template to complete");
  }
  std::vector<std::string> values;
  if (*complete) values = (*complete)(std::string(*name), std::string(*text));
  const std::size_t total = values.size();
  values.resize(std::min(total, kMostCompletions));
  json::object completion{{"values", json::array(values.begin(), values.end())},
                          {"total", total},
                          {"hasMore", total > values.size()}};
  co_return json::object{{"completion", std::move(completion)}};
}

}  // namespace gantry::mcp
