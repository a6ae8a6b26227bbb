#include "gantry/mcp/json_rpc.hpp"

#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace gantry::mcp {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kLongestMethod = 256;

RpcError invalid(std::string_view what) {
  return {kInvalidRequest, fmt::format("not a JSON-RPC message: {}", what)};
}

bool is_id(const json::value& id) { return id.is_string() || id.is_int64() || id.is_uint64(); }

json::object parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDeepest;
  boost::system::error_code fault;
  json::value value = json::parse(json::string_view(text.data(), text.size()), fault, {}, options);
  if (fault) throw RpcError(kParseError, fmt::format("not JSON: {}", fault.message()));
  if (value.is_array()) throw invalid("batches are not taken; send one message at a time");
  if (!value.is_object()) throw invalid("it is no object");
  return std::move(value.get_object());
}

Message parse_response(json::object object, json::value id) {
  if (object.contains("result") == object.contains("error")) {
    throw invalid("it has neither a method nor exactly one of result and error");
  }
  return {.kind = MessageKind::kResponse,
          .id = std::move(id),
          .method = {},
          .params = {},
          .body = std::move(object)};
}

}  // namespace

Message parse_message(std::string_view text) {
  json::object object = parse_object(text);
  const json::string* version = string_in(object, "jsonrpc");
  if (version == nullptr || *version != "2.0") throw invalid("jsonrpc is not \"2.0\"");
  json::value id;
  const json::value* given = object.if_contains("id");
  if (given != nullptr) {
    if (!is_id(*given)) throw invalid("id is neither a string nor a whole number");
    id = *given;
  }
  if (!object.contains("method")) return parse_response(std::move(object), std::move(id));
  const json::string* method = string_in(object, "method");
  if (method == nullptr || method->empty() || method->size() > kLongestMethod) {
    throw invalid("method is not a name");
  }
  Message message;
  message.kind = given == nullptr ? MessageKind::kNotification : MessageKind::kRequest;
  message.id = std::move(id);
  message.method = std::string(*method);
  if (json::value* params = object.if_contains("params")) {
    if (!params->is_object()) throw invalid("params is no object");
    message.params = std::move(params->get_object());
  }
  return message;
}

std::string key_of(const json::value& id) { return json::serialize(id); }

json::object make_response(const json::value& id, json::object result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

json::object make_error(const json::value& id, const RpcError& error) {
  json::object body{{"code", error.rpc_code()}, {"message", error.message()}};
  if (!error.data().is_null()) body["data"] = error.data();
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}};
}

json::object make_request(std::string_view id, std::string_view method, json::object params) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

json::object make_notification(std::string_view method, json::object params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::string* string_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

}  // namespace gantry::mcp
