#include "gantry/mcp/conformance.hpp"

#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace gantry::mcp {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kStep = 50ms;
// A red pixel, and a sound without samples.
constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJg"
    "gg==";
constexpr const char* kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

json::object image() { return {{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}}; }

json::object embedded(std::string_view uri, std::string_view mime_type, std::string_view text) {
  return {{"type", "resource"},
          {"resource", json::object{{"uri", uri}, {"mimeType", mime_type}, {"text", text}}}};
}

json::object text_content(std::string_view text) { return {{"type", "text"}, {"text", text}}; }

json::object no_arguments() { return {{"type", "object"}, {"properties", json::object()}}; }

json::object one_text(std::string_view name) {
  return {{"type", "object"},
          {"properties", json::object{{name, json::object{{"type", "string"}}}}},
          {"required", json::array{json::value(name)}}};
}

// A form with one member.
json::object form(std::string_view name, std::string_view type) {
  return {{"type", "object"},
          {"properties", json::object{{name, json::object{{"type", type}}}}},
          {"required", json::array{json::value(name)}}};
}

InputRequest elicitation(std::string_view message, json::object schema) {
  return {"elicitation/create", {{"message", message}, {"requestedSchema", std::move(schema)}}};
}

InputRequest sampling(std::string_view prompt, int max_tokens) {
  return {"sampling/createMessage",
          {{"messages", json::array{text_message("user", prompt)}}, {"maxTokens", max_tokens}}};
}

InputRequest roots() { return {"roots/list", {}}; }

json::object defaults_form() {
  return json::parse(R"({"type": "object", "properties": {
      "name": {"type": "string", "default": "John Doe"},
      "age": {"type": "integer", "default": 30},
      "score": {"type": "number", "default": 95.5},
      "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
      "verified": {"type": "boolean", "default": true}}})")
      .as_object();
}

json::object enums_form() {
  return json::parse(R"({"type": "object", "properties": {
      "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
      "titledSingle": {"type": "string", "oneOf": [
          {"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"},
          {"const": "value3", "title": "Third"}]},
      "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
                     "enumNames": ["One", "Two", "Three"]},
      "untitledMulti": {"type": "array", "items": {
          "type": "string", "enum": ["option1", "option2", "option3"]}},
      "titledMulti": {"type": "array", "items": {"anyOf": [
          {"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"},
          {"const": "value3", "title": "Third"}]}}}})")
      .as_object();
}

async::awaitable<ToolResult> say(ToolResult result) { co_return result; }

async::awaitable<std::string> give(std::string text) { co_return text; }

async::awaitable<json::array> messages(json::array list) { co_return list; }

async::awaitable<ToolResult> step_by_step(Context& context, async::Clock& clock) {
  for (int done : {0, 50, 100}) {
    context.progress(done, 100, "");
    co_await clock.sleep(kStep);
  }
  co_return text_result("Done in three steps.");
}

async::awaitable<ToolResult> tell_logs(Context& context, async::Clock& clock) {
  for (const char* text : {"Tool execution started", "Tool processing data", "Tool has ended"}) {
    context.log(LogLevel::kInfo, text);
    co_await clock.sleep(kStep);
  }
  co_return text_result("Three messages were logged.");
}

// Asks one thing and tells the answer after these words.
async::awaitable<ToolResult> ask_one(Context& context, std::string key, InputRequest question,
                                     std::string words) {
  InputRequests questions;
  questions.emplace(key, std::move(question));
  json::object answers = co_await context.ask(std::move(questions));
  const json::object& answer = answers.at(key).as_object();
  const json::string* action = string_in(answer, "action");
  if (action == nullptr) co_return text_result(words + json::serialize(answer));
  const json::object* content = object_in(answer, "content");
  co_return text_result(fmt::format("{}action={}, content={}", words, std::string_view(*action),
                                    json::serialize(content ? *content : json::object())));
}

async::awaitable<ToolResult> ask_name(Context& context) {
  InputRequests questions;
  questions.emplace("user_name", elicitation("What is your name?", form("name", "string")));
  json::object answers = co_await context.ask(std::move(questions));
  const json::object* content = object_in(answers.at("user_name").as_object(), "content");
  const json::string* name = content == nullptr ? nullptr : string_in(*content, "name");
  co_return text_result(
      fmt::format("Hello, {}!", name == nullptr ? "stranger" : std::string_view(*name)));
}

async::awaitable<ToolResult> ask_three(Context& context) {
  InputRequests questions;
  questions.emplace("user_name", elicitation("What is your name?", form("name", "string")));
  questions.emplace("greeting", sampling("Generate a greeting", 50));
  questions.emplace("client_roots", roots());
  json::object answers = co_await context.ask(std::move(questions));
  co_return text_result(json::serialize(answers));
}

async::awaitable<ToolResult> ask_twice(Context& context) {
  InputRequests first;
  first.emplace("step1", elicitation("Step 1: What is your name?", form("name", "string")));
  json::object answers = co_await context.ask(std::move(first));
  InputRequests second;
  second.emplace("step2",
                 elicitation("Step 2: What is your favorite color?", form("color", "string")));
  json::object more = co_await context.ask(std::move(second));
  co_return text_result(json::serialize(answers) + json::serialize(more));
}

async::awaitable<ToolResult> ask_what_it_can(Context& context) {
  InputRequests questions;
  if (context.client_can("sampling")) questions.emplace("capital", sampling("A capital?", 100));
  if (context.client_can("elicitation")) {
    questions.emplace("name", elicitation("What is your name?", form("name", "string")));
  }
  json::object answers = co_await context.ask(std::move(questions));
  co_return text_result(json::serialize(answers));
}

async::awaitable<json::array> ask_for_prompt(Context& context) {
  InputRequests questions;
  questions.emplace("user_context",
                    elicitation("What context should the prompt use?", form("context", "string")));
  json::object answers = co_await context.ask(std::move(questions));
  co_return json::array{text_message("user", json::serialize(answers))};
}

using ToolCall = std::function<async::awaitable<ToolResult>(json::object, Context&)>;

class Fixtures : public std::enable_shared_from_this<Fixtures> {
 public:
  Fixtures(Catalogue& catalogue, async::Clock& clock, Server& server)
      : catalogue_(catalogue), clock_(clock), server_(server) {}

  void add_all() {
    catalogue_.changes = true;
    add_contents();
    add_notices();
    add_questions();
    add_rounds();
    add_changes();
    add_resources();
    add_prompts();
  }

 private:
  void tool(const char* name, const char* description, json::object schema, ToolCall call) {
    Tool added;
    added.name = name;
    added.description = description;
    added.input_schema = std::move(schema);
    added.call = std::move(call);
    catalogue_.tools.push_back(std::move(added));
  }

  void fixed(const char* name, const char* description, ToolResult result) {
    tool(name, description, no_arguments(),
         [result](json::object, Context&) { return say(result); });
  }

  void question(const char* name, const char* description, const char* key, InputRequest asked,
                const char* words) {
    tool(name, description, no_arguments(), [key, asked, words](json::object, Context& context) {
      return ask_one(context, key, asked, words);
    });
  }

  void add_contents() {
    fixed("test_simple_text", "Answers with a text.",
          text_result("This is a simple text response for testing."));
    ToolResult result;
    result.content = {image()};
    fixed("test_image_content", "Answers with an image.", result);
    result.content = {json::object{{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}}};
    fixed("test_audio_content", "Answers with a sound.", result);
    result.content = {embedded("test://embedded-resource", "text/plain", "An embedded resource.")};
    fixed("test_embedded_resource", "Answers with a resource.", result);
    result.content = {text_content("Multiple content types test:"), image(),
                      embedded("test://mixed-content-resource", "application/json",
                               R"({"test":"data","value":123})")};
    fixed("test_multiple_content_types", "Answers with several kinds of content.", result);
    fixed("test_error_handling", "Always fails.",
          error_result("This tool intentionally returns an error for testing"));
  }

  void add_notices() {
    tool(
        "test_tool_with_progress", "Tells of its progress.", no_arguments(),
        [&clock = clock_](json::object, Context& context) { return step_by_step(context, clock); });
    for (const char* name : {"test_tool_with_logging", "test_logging_tool"}) {
      tool(name, "Logs three messages.", no_arguments(),
           [&clock = clock_](json::object, Context& context) { return tell_logs(context, clock); });
    }
  }

  void add_questions() {
    tool("test_sampling", "Has the client's model answer.", one_text("prompt"),
         [](json::object arguments, Context& context) {
           return ask_one(context, "sample", sampling(arguments.at("prompt").as_string(), 100),
                          "LLM response: ");
         });
    tool("test_elicitation", "Asks the user.", one_text("message"),
         [](json::object arguments, Context& context) {
           json::object schema = form("username", "string");
           schema["properties"].as_object()["email"] = json::object{{"type", "string"}};
           return ask_one(context, "user",
                          elicitation(arguments.at("message").as_string(), std::move(schema)),
                          "User response: ");
         });
    question("test_elicitation_sep1034_defaults", "Asks with defaults.", "defaults",
             elicitation("Please check the defaults", defaults_form()), "Elicitation completed: ");
    question("test_elicitation_sep1330_enums", "Asks for choices.", "choices",
             elicitation("Please choose", enums_form()), "Elicitation completed: ");
    question("test_missing_capability", "Wants a client that can sample.", "sample",
             sampling("Anything", 10), "LLM response: ");
    question("test_streaming_elicitation", "Asks the user.", "user",
             elicitation("What is your name?", form("name", "string")), "User response: ");
  }

  void add_rounds() {
    const std::string prefix = "test_input_required_result_";
    const auto add = [&](const char* name, ToolCall call) {
      tool((prefix + name).c_str(), "Asks by its result.", no_arguments(), std::move(call));
    };
    add("elicitation", [](json::object, Context& context) { return ask_name(context); });
    add("multiple_inputs", [](json::object, Context& context) { return ask_three(context); });
    add("multi_round", [](json::object, Context& context) { return ask_twice(context); });
    add("capabilities", [](json::object, Context& context) { return ask_what_it_can(context); });
    question((prefix + "sampling").c_str(), "Asks by its result.", "capital_question",
             sampling("What is the capital of France?", 100), "The model says: ");
    question((prefix + "list_roots").c_str(), "Asks by its result.", "client_roots", roots(),
             "The roots: ");
    for (const char* name : {"request_state", "tampered_state"}) {
      question((prefix + name).c_str(), "Asks by its result.", "confirm",
               elicitation("Please confirm", form("ok", "boolean")), "state-ok: ");
    }
  }

  void add_changes() {
    tool("test_trigger_tool_change", "Adds a tool, or takes it away.", no_arguments(),
         [self = shared_from_this()](json::object, Context&) {
           Catalogue& catalogue = self->catalogue_;
           if (catalogue.tool("test_added_tool") == nullptr) {
             self->fixed("test_added_tool", "Was added while the server ran.",
                         text_result("Here I am."));
           } else {
             std::erase_if(catalogue.tools,
                           [](const Tool& each) { return each.name == "test_added_tool"; });
           }
           self->server_.tools_changed();
           return say(text_result("The list of tools has changed."));
         });
    tool("test_trigger_prompt_change", "Adds a prompt, or takes it away.", no_arguments(),
         [self = shared_from_this()](json::object, Context&) {
           Catalogue& catalogue = self->catalogue_;
           if (catalogue.prompt("test_added_prompt") == nullptr) {
             self->prompt("test_added_prompt", {}, {text_message("user", "Here I am.")});
           } else {
             std::erase_if(catalogue.prompts,
                           [](const Prompt& each) { return each.name == "test_added_prompt"; });
           }
           self->server_.prompts_changed();
           return say(text_result("The list of prompts has changed."));
         });
    tool("test_trigger_resource_update", "Says that the watched resource has changed.",
         no_arguments(), [&server = server_](json::object, Context&) {
           server.resource_changed("test://watched-resource");
           return say(text_result("The watched resource has changed."));
         });
  }

  void resource(const char* uri, const char* name, const char* mime_type, std::string text,
                bool is_binary) {
    Resource added;
    added.uri = uri;
    added.name = name;
    added.mime_type = mime_type;
    added.is_binary = is_binary;
    added.read = [text] { return give(text); };
    catalogue_.resources.push_back(std::move(added));
  }

  void add_resources() {
    resource("test://static-text", "static-text", "text/plain",
             "This is the content of the static text resource.", false);
    resource("test://static-binary", "static-binary", "image/png", kPng, true);
    resource("test://watched-resource", "watched-resource", "text/plain", "Watched content.",
             false);
    ResourceTemplate data;
    data.uri_template = "test://template/{id}/data";
    data.name = "template-data";
    data.mime_type = "application/json";
    data.read = [](std::map<std::string, std::string> values) {
      return give(json::serialize(
          json::object{{"id", values.at("id")}, {"data", "Data for ID: " + values.at("id")}}));
    };
    catalogue_.templates.push_back(std::move(data));
  }

  Prompt& prompt(const char* name, std::vector<PromptArgument> arguments, json::array list) {
    Prompt added;
    added.name = name;
    added.description = "For testing.";
    added.arguments = std::move(arguments);
    added.get = [list](std::map<std::string, std::string>, Context&) { return messages(list); };
    return catalogue_.prompts.emplace_back(std::move(added));
  }

  void add_prompts() {
    prompt("test_simple_prompt", {}, {text_message("user", "This is a simple prompt.")});
    prompt("test_prompt_with_image", {},
           {json::object{{"role", "user"}, {"content", image()}},
            text_message("user", "Please analyze the image above.")});
    Prompt& filled = prompt("test_prompt_with_arguments",
                            {{"arg1", "The first", true}, {"arg2", "The second", true}}, {});
    filled.get = [](std::map<std::string, std::string> values, Context&) {
      return messages(
          {text_message("user", fmt::format("Prompt with arguments: arg1='{}', arg2='{}'",
                                            values.at("arg1"), values.at("arg2")))});
    };
    filled.complete = [](const std::string&, const std::string& text) {
      return std::vector<std::string>{text + "-value"};
    };
    Prompt& embedding = prompt("test_prompt_with_embedded_resource",
                               {{"resourceUri", "The resource to embed", true}}, {});
    embedding.get = [](std::map<std::string, std::string> values, Context&) {
      json::object content =
          embedded(values.at("resourceUri"), "text/plain", "Embedded resource content.");
      return messages({json::object{{"role", "user"}, {"content", std::move(content)}},
                       text_message("user", "Please process the resource above.")});
    };
    prompt("test_input_required_result_prompt", {}, {}).get = [](std::map<std::string, std::string>,
                                                                 Context& context) {
      return ask_for_prompt(context);
    };
  }

  Catalogue& catalogue_;
  async::Clock& clock_;
  Server& server_;
};

}  // namespace

void add_conformance_fixtures(Catalogue& catalogue, async::Clock& clock, Server& server) {
  std::make_shared<Fixtures>(catalogue, clock, server)->add_all();
}

}  // namespace gantry::mcp
