#include "gantry/mcp/catalogue.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::mcp {
namespace {

constexpr std::array<std::string_view, 8> kLevels = {"debug", "info",     "notice", "warning",
                                                     "error", "critical", "alert",  "emergency"};

template <class Item, class Member>
const Item* find_in(const std::vector<Item>& items, Member member, std::string_view name) {
  auto found = std::find_if(items.begin(), items.end(),
                            [&](const Item& item) { return item.*member == name; });
  return found == items.end() ? nullptr : &*found;
}

void add_text(json::object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

std::optional<int> digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      std::optional<int> high = digit_of(text[i + 1]);
      std::optional<int> low = digit_of(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

}  // namespace

std::string_view to_string(LogLevel level) { return kLevels.at(static_cast<std::size_t>(level)); }

std::optional<LogLevel> log_level_of(std::string_view name) {
  const auto* found = std::find(kLevels.begin(), kLevels.end(), name);
  if (found == kLevels.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kLevels.begin());
}

InputRequest confirmation(std::string_view message, std::string_view name, std::string_view title) {
  json::object answer{{"type", "boolean"}, {"title", title}};
  json::object schema{{"type", "object"},
                      {"properties", json::object{{name, std::move(answer)}}},
                      {"required", json::array{json::value(name)}}};
  return {"elicitation/create", {{"message", message}, {"requestedSchema", std::move(schema)}}};
}

ToolResult text_result(std::string_view text) {
  ToolResult result;
  result.content.push_back(json::object{{"type", "text"}, {"text", text}});
  return result;
}

ToolResult structured_result(std::string_view text, json::object structured) {
  ToolResult result = text_result(text);
  result.structured = std::move(structured);
  return result;
}

ToolResult error_result(std::string_view text) {
  ToolResult result = text_result(text);
  result.is_error = true;
  return result;
}

json::object text_message(std::string_view role, std::string_view text) {
  return {{"role", role}, {"content", json::object{{"type", "text"}, {"text", text}}}};
}

const Tool* Catalogue::tool(std::string_view name) const {
  return find_in(tools, &Tool::name, name);
}

const Resource* Catalogue::resource(std::string_view uri) const {
  return find_in(resources, &Resource::uri, uri);
}

const Prompt* Catalogue::prompt(std::string_view name) const {
  return find_in(prompts, &Prompt::name, name);
}

std::optional<std::map<std::string, std::string>> match_template(std::string_view uri_template,
                                                                 std::string_view uri) {
  std::map<std::string, std::string> values;
  while (true) {
    std::size_t open = uri_template.find('{');
    if (!uri.starts_with(uri_template.substr(0, open))) return std::nullopt;
    if (open == std::string_view::npos) {
      if (uri.size() != uri_template.size()) return std::nullopt;
      return values;
    }
    std::size_t close = uri_template.find('}', open);
    std::string_view name = uri_template.substr(open + 1, close - open - 1);
    uri.remove_prefix(open);
    uri_template.remove_prefix(close + 1);
    std::size_t end = std::min(uri.find('/'), uri.size());
    if (end == 0) return std::nullopt;
    values[std::string(name)] = percent_decoded(uri.substr(0, end));
    uri.remove_prefix(end);
  }
}

json::object to_json(const Tool& tool) {
  json::object object{{"name", tool.name}};
  add_text(object, "title", tool.title);
  add_text(object, "description", tool.description);
  object["inputSchema"] = tool.input_schema;
  if (tool.output_schema) object["outputSchema"] = *tool.output_schema;
  if (!tool.annotations.empty()) object["annotations"] = tool.annotations;
  return object;
}

json::object to_json(const Resource& resource) {
  json::object object{{"uri", resource.uri}, {"name", resource.name}};
  add_text(object, "title", resource.title);
  add_text(object, "description", resource.description);
  add_text(object, "mimeType", resource.mime_type);
  return object;
}

json::object to_json(const ResourceTemplate& resource_template) {
  json::object object{{"uriTemplate", resource_template.uri_template},
                      {"name", resource_template.name}};
  add_text(object, "title", resource_template.title);
  add_text(object, "description", resource_template.description);
  add_text(object, "mimeType", resource_template.mime_type);
  return object;
}

json::object to_json(const Prompt& prompt) {
  json::object object{{"name", prompt.name}};
  add_text(object, "title", prompt.title);
  add_text(object, "description", prompt.description);
  json::array arguments;
  for (const PromptArgument& argument : prompt.arguments) {
    json::object one{{"name", argument.name}};
    add_text(one, "description", argument.description);
    one["required"] = argument.required;
    arguments.push_back(std::move(one));
  }
  object["arguments"] = std::move(arguments);
  return object;
}

json::object to_json(const ToolResult& result) {
  json::object object{{"content", result.content}};
  if (result.structured) object["structuredContent"] = *result.structured;
  if (result.is_error) object["isError"] = true;
  return object;
}

}  // namespace gantry::mcp
