// What a server offers: tools, resources, templates of resources, prompts. The program that is
// served registers them; the protocol lists and calls them.
//
// A handler is a coroutine on the io thread. What it throws as Error becomes a result that tells
// the model what to do, in a tool; an RpcError becomes the answer as it is.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "gantry/async/awaitable.hpp"
#include "gantry/mcp/json_rpc.hpp"

namespace gantry::mcp {

// From the least to the most urgent, as syslog has them.
enum class LogLevel {
  kDebug,
  kInfo,
  kNotice,
  kWarning,
  kError,
  kCritical,
  kAlert,
  kEmergency,
};
std::string_view to_string(LogLevel level);
std::optional<LogLevel> log_level_of(std::string_view name);

// Something that the client is asked while it waits for its answer.
struct InputRequest {
  std::string method;  // "elicitation/create", "sampling/createMessage", "roots/list"
  json::object params;
};
using InputRequests = std::map<std::string, InputRequest>;

// The form of a question that is answered with yes or no, in the member `name`.
InputRequest confirmation(std::string_view message, std::string_view name, std::string_view title);

// What a handler can do beside answering. It outlives the handler.
class Context {
 public:
  virtual ~Context() = default;

  // Sent if the client wants to know. `total`: 0 if it is unknown.
  virtual void progress(double done, double total, std::string_view message) = 0;
  virtual void log(LogLevel level, json::value data) = 0;

  // Whether the client has declared a capability: "elicitation", "sampling", "roots".
  virtual bool client_can(std::string_view capability) const = 0;
  // The client's results by the keys of the questions. Clients without sessions answer by calling
  // again: the handler then begins anew and gets here what was answered, so it must not have done
  // anything yet that may not be done twice. RpcError kMissingCapability if the client cannot
  // answer; Error kCancelled.
  virtual async::awaitable<json::object> ask(InputRequests questions) = 0;
};

struct ToolResult {
  json::array content;
  std::optional<json::object> structured;  // as the output schema says
  bool is_error = false;
};
ToolResult text_result(std::string_view text);
// The text is for models and people that do not read the structure.
ToolResult structured_result(std::string_view text, json::object structured);
ToolResult error_result(std::string_view text);

struct Tool {
  std::string name;  // of A-Z, a-z, 0-9, '_', '-' and '.'
  std::string title;
  std::string description;
  json::object input_schema;
  std::optional<json::object> output_schema;
  json::object annotations;
  std::function<async::awaitable<ToolResult>(json::object arguments, Context& context)> call;
};

// What completes a value: the argument's name and what has been typed.
using Complete =
    std::function<std::vector<std::string>(const std::string& argument, const std::string& text)>;

struct Resource {
  std::string uri;
  std::string name;
  std::string title;
  std::string description;
  std::string mime_type;
  // The text, or base64 if `is_binary`.
  std::function<async::awaitable<std::string>()> read;
  bool is_binary = false;
};

struct ResourceTemplate {
  std::string uri_template;  // "gantry://configuration/{name}": variables without a slash
  std::string name;
  std::string title;
  std::string description;
  std::string mime_type;
  std::function<async::awaitable<std::string>(std::map<std::string, std::string> values)> read;
  Complete complete;
};

struct PromptArgument {
  std::string name;
  std::string description;
  bool required = false;
};

struct Prompt {
  std::string name;
  std::string title;
  std::string description;
  std::vector<PromptArgument> arguments;
  // The messages.
  std::function<async::awaitable<json::array>(std::map<std::string, std::string> arguments,
                                              Context& context)>
      get;
  Complete complete;
};
json::object text_message(std::string_view role, std::string_view text);

struct Catalogue {
  std::vector<Tool> tools;  // listed in this order
  std::vector<Resource> resources;
  std::vector<ResourceTemplate> templates;
  std::vector<Prompt> prompts;
  // Whether tools and prompts come and go, and resources change, while the server runs.
  bool changes = false;

  const Tool* tool(std::string_view name) const;
  const Resource* resource(std::string_view uri) const;
  const Prompt* prompt(std::string_view name) const;
};

// The values of the variables if the URI has the form of the template; percent signs are decoded.
std::optional<std::map<std::string, std::string>> match_template(std::string_view uri_template,
                                                                 std::string_view uri);

// As the lists show them.
json::object to_json(const Tool& tool);
json::object to_json(const Resource& resource);
json::object to_json(const ResourceTemplate& resource_template);
json::object to_json(const Prompt& prompt);
json::object to_json(const ToolResult& result);

}  // namespace gantry::mcp
