// JSON-RPC 2.0 as the Model Context Protocol uses it: one message is one JSON object. Pure.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gantry/base/error.hpp"

namespace gantry::mcp {

namespace json = boost::json;

// The codes of errors, JSON-RPC's own and those of the protocol.
enum RpcCode {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kInternalError = -32603,
  kTooManyRequests = -32000,
  kHeaderMismatch = -32020,
  kMissingCapability = -32021,
  kUnsupportedVersion = -32022,
};

// A request that is answered with an error instead of a result.
class RpcError : public Error {
 public:
  RpcError(int code, std::string message, json::value data = nullptr)
      : Error(ErrorCode::kUsage, std::move(message)), code_(code), data_(std::move(data)) {}

  int rpc_code() const { return code_; }
  const json::value& data() const { return data_; }

 private:
  int code_;
  json::value data_;
};

enum class MessageKind { kRequest, kNotification, kResponse };

struct Message {
  MessageKind kind = MessageKind::kRequest;
  json::value id;       // a string or a whole number; null in a notification
  std::string method;   // empty in a response
  json::object params;  // empty where none were sent
  json::object body;    // of a response: with `result` or `error`
};

// RpcError kParseError for what is no JSON, kInvalidRequest for JSON that is no message.
Message parse_message(std::string_view text);

// "2" and 2 are two ids.
std::string key_of(const json::value& id);

json::object make_response(const json::value& id, json::object result);
json::object make_error(const json::value& id, const RpcError& error);
json::object make_request(std::string_view id, std::string_view method, json::object params);
json::object make_notification(std::string_view method, json::object params);

// A member of an object if it has this type; null else.
const json::object* object_in(const json::object& object, std::string_view name);
const json::string* string_in(const json::object& object, std::string_view name);

}  // namespace gantry::mcp
