#include "gantry/cli/component_tools.hpp"

#include <algorithm>
#include <random>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gantry/jobs/version.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;

// GitHub's own secondary limits are above these.
constexpr int kCallsAMinute = 800;
constexpr int kCallsAtATime = 20;

constexpr std::string_view kComponentName =
    R"("componentName": {"type": "string", "minLength": 1, "maxLength": 100,
       "description": "Such as button or alert-dialog"})";
constexpr std::string_view kBlockName =
    R"("blockName": {"type": "string", "minLength": 1, "maxLength": 200,
       "description": "Such as dashboard-01"})";
constexpr std::string_view kIncludeComponents =
    R"("includeComponents": {"type": "boolean", "description": "With the components of the block; default true"})";

std::string wanting(std::string_view properties, std::string_view required) {
  return fmt::format(
      R"({{"type": "object", "properties": {{{}}}, "required": [{}], "additionalProperties": false}})",
      properties, required);
}

std::string names_of_items(std::string_view name, int most) {
  return fmt::format(
      R"("{}": {{"type": "array", "minItems": 1, "maxItems": 100,
         "items": {{"type": "string", "minLength": 1, "maxLength": {}}}}})",
      name, most);
}

mcp::Tool component_tool(const char* name, const char* title, const char* description,
                         const std::string& input) {
  mcp::Tool tool;
  tool.name = name;
  tool.title = title;
  tool.description = description;
  tool.input_schema = json::parse(input).as_object();
  tool.annotations = {
      {"title", title}, {"readOnlyHint", true}, {"idempotentHint", true}, {"openWorldHint", true}};
  return tool;
}

github::Registry registry_named(const std::string& framework) {
  std::vector<std::string> known;
  for (const github::Registry& registry : github::built_in_registries()) {
    if (registry.framework == framework) return registry;
    known.push_back(registry.framework);
  }
  throw Error(ErrorCode::kUsage, fmt::format("there is no framework '{}'; there are {}", framework,
                                             fmt::join(known, ", ")));
}

std::string text_in(const json::object& arguments, const char* name, const std::string& otherwise) {
  const json::string* text = mcp::string_in(arguments, name);
  return text == nullptr ? otherwise : std::string(*text);
}

// An answer of JSON is structured, too. An old one says that it is.
mcp::ToolResult result_of(const github::Answer& answer, bool is_json) {
  const std::string& text = answer.value();
  mcp::ToolResult result = mcp::text_result(text);
  if (is_json) {
    json::value value = json::parse(text);
    if (value.is_object()) result.structured = std::move(value.get_object());
  }
  if (answer.provenance().stale) {
    result.content.push_back(json::object{
        {"type", "text"}, {"text", "This answer is old: GitHub could not be asked just now."}});
  }
  return result;
}

}  // namespace

ComponentTools::ComponentTools(const async::any_io_executor& executor, async::Clock& clock,
                               ComponentToolOptions options)
    : clock_(clock),
      registry_(registry_named(options.framework)),
      scope_(executor),
      admission_(executor, clock, std::chrono::minutes(1)),
      transport_(executor, clock, net::EgressPolicy(options.allow_plain_http),
                 fmt::format("gantry/{}", jobs::kVersion)),
      http_(
          transport_, admission_, net::EgressPolicy(options.allow_plain_http), clock,
          [](const std::string&) {}, std::random_device()()) {
  github::ClientOptions client;
  client.api_url = options.api_url;
  client.raw_url = options.raw_url;
  client.token = options.token;
  for (const std::string& budget : {client.api_budget, client.raw_budget}) {
    admission_.queue().set_budget(budget, kCallsAMinute, std::chrono::minutes(1));
  }
  for (const std::string& pool : {client.api_pool, client.raw_pool}) {
    admission_.queue().set_pool(pool, kCallsAtATime, net::LaneOrder::kInTurn);
  }
  const batch::Services services{executor, clock, scope_, admission_};
  client_ = std::make_unique<github::Client>(services, http_, client);
}

ComponentTools::~ComponentTools() = default;

batch::JobContext ComponentTools::job() {
  batch::JobContext context;
  context.name = "mcp";
  context.progress = &progress_;
  return context;
}

async::awaitable<github::Answers> ComponentTools::ask(Kind kind, std::vector<std::string> names,
                                                      bool with_components) {
  switch (kind) {
    case Kind::kSource:
      co_return co_await client_->sources(registry_, std::move(names), job());
    case Kind::kDemo:
      co_return co_await client_->demos(registry_, std::move(names), job());
    case Kind::kMetadata:
      co_return co_await client_->metadata(registry_, std::move(names), job());
    case Kind::kBlock:
      break;
  }
  co_return co_await client_->blocks(registry_, std::move(names), with_components, job());
}

async::awaitable<mcp::ToolResult> ComponentTools::one(Kind kind, std::string name,
                                                      bool with_components) {
  std::vector<std::string> names{std::move(name)};
  github::Answers answers = co_await ask(kind, std::move(names), with_components);
  co_return result_of(answers.front(), kind == Kind::kMetadata || kind == Kind::kBlock);
}

async::awaitable<mcp::ToolResult> ComponentTools::many(Kind kind, json::object arguments) {
  const bool is_block = kind == Kind::kBlock;
  std::vector<std::string> names;
  for (const json::value& name :
       arguments.at(is_block ? "blockNames" : "componentNames").as_array()) {
    names.emplace_back(name.as_string());
  }
  const json::value* included = arguments.if_contains("includeComponents");
  github::Answers answers = co_await ask(kind, names, included == nullptr || included->as_bool());
  json::array items;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    json::object item{{"name", names[i]}, {"ok", answers[i].ok()}};
    if (answers[i].ok()) {
      item["value"] = is_block ? json::parse(*answers[i]) : json::value(*answers[i]);
      item["stale"] = answers[i].provenance().stale;
    } else {
      ++failed;
      item["error"] = json::object{{"code", to_string(answers[i].error().code())},
                                   {"message", answers[i].error().message()}};
    }
    items.push_back(std::move(item));
  }
  json::object value{
      {"items", std::move(items)}, {"succeeded", answers.size() - failed}, {"failed", failed}};
  const std::string text = json::serialize(value);
  mcp::ToolResult result = mcp::structured_result(text, std::move(value));
  result.is_error = failed == answers.size();
  co_return result;
}

async::awaitable<mcp::ToolResult> ComponentTools::component_list() {
  github::Answer answer = co_await client_->component_list(registry_, job());
  co_return result_of(answer, true);
}

async::awaitable<mcp::ToolResult> ComponentTools::block_list(std::optional<std::string> category) {
  github::Answer answer = co_await client_->block_list(registry_, std::move(category), job());
  co_return result_of(answer, true);
}

async::awaitable<mcp::ToolResult> ComponentTools::directory(json::object arguments) {
  github::Repository repository = registry_.repository;
  repository.owner = text_in(arguments, "owner", repository.owner);
  repository.name = text_in(arguments, "repo", repository.name);
  repository.branch = text_in(arguments, "branch", repository.branch);
  github::Answer answer =
      co_await client_->directory(std::move(repository), text_in(arguments, "path", ""), job());
  co_return result_of(answer, true);
}

async::awaitable<mcp::ToolResult> ComponentTools::storage_stats() {
  json::array processors;
  for (const batch::MetricsSnapshot& each : client_->metrics()) {
    processors.push_back(
        json::object{{"name", each.name},
                     {"requests", each.counters.requests},
                     {"cacheHits", each.counters.memory_hits + each.counters.store_hits},
                     {"calls", each.counters.upstream_calls}});
  }
  json::object value{{"processors", std::move(processors)}};
  const std::string text = json::serialize(value);
  co_return mcp::structured_result(text, std::move(value));
}

void ComponentTools::add_to(mcp::Catalogue& catalogue) {
  add_single(catalogue);
  add_many(catalogue);
  add_lists(catalogue);
}

void ComponentTools::add_single(mcp::Catalogue& catalogue) {
  const auto add = [&](const char* name, const char* title, const char* description, Kind kind) {
    mcp::Tool tool =
        component_tool(name, title, description, wanting(kComponentName, R"("componentName")"));
    tool.call = [this, kind](json::object arguments, mcp::Context&) {
      return one(kind, text_in(arguments, "componentName", ""), false);
    };
    catalogue.tools.push_back(std::move(tool));
  };
  add("get_component", "Get a component", "The source of a UI component.", Kind::kSource);
  add("get_component_demo", "Get a demo", "The source of a component's demo.", Kind::kDemo);
  add("get_component_metadata", "Get metadata",
      "What a component is and depends on, as its registry says.", Kind::kMetadata);
  mcp::Tool block = component_tool(
      "get_block", "Get a block", "The source of a block: a section of a page, with its files.",
      wanting(fmt::format("{}, {}", kBlockName, kIncludeComponents), R"("blockName")"));
  block.call = [this](json::object arguments, mcp::Context&) {
    const json::value* included = arguments.if_contains("includeComponents");
    return one(Kind::kBlock, text_in(arguments, "blockName", ""),
               included == nullptr || included->as_bool());
  };
  catalogue.tools.push_back(std::move(block));
}

void ComponentTools::add_many(mcp::Catalogue& catalogue) {
  mcp::Tool components = component_tool(
      "get_components", "Get many components",
      "The sources of up to 100 components in few calls; each has its own answer or error.",
      wanting(names_of_items("componentNames", 100), R"("componentNames")"));
  components.call = [this](json::object arguments, mcp::Context&) {
    return many(Kind::kSource, std::move(arguments));
  };
  catalogue.tools.push_back(std::move(components));
  mcp::Tool blocks = component_tool(
      "get_blocks", "Get many blocks",
      "Up to 100 blocks in few calls; each has its own answer or error.",
      wanting(fmt::format("{}, {}", names_of_items("blockNames", 200), kIncludeComponents),
              R"("blockNames")"));
  blocks.call = [this](json::object arguments, mcp::Context&) {
    return many(Kind::kBlock, std::move(arguments));
  };
  catalogue.tools.push_back(std::move(blocks));
}

void ComponentTools::add_lists(mcp::Catalogue& catalogue) {
  mcp::Tool components =
      component_tool("list_components", "List components",
                     "The names of all components of the registry.", wanting("", ""));
  components.call = [this](json::object, mcp::Context&) { return component_list(); };
  catalogue.tools.push_back(std::move(components));
  mcp::Tool blocks = component_tool(
      "list_blocks", "List blocks", "The blocks of the registry by category, or of one.",
      wanting(R"("category": {"type": "string", "minLength": 1, "maxLength": 100})", ""));
  blocks.call = [this](json::object arguments, mcp::Context&) {
    const json::string* category = mcp::string_in(arguments, "category");
    return block_list(category == nullptr ? std::nullopt : std::optional(std::string(*category)));
  };
  catalogue.tools.push_back(std::move(blocks));
  mcp::Tool tree = component_tool(
      "get_directory_structure", "Get a directory",
      "The files below a path of the registry's repository, or of another one on GitHub.",
      wanting(R"("path": {"type": "string", "maxLength": 500},
        "owner": {"type": "string", "minLength": 1, "maxLength": 100},
        "repo": {"type": "string", "minLength": 1, "maxLength": 100},
        "branch": {"type": "string", "minLength": 1, "maxLength": 100})",
              ""));
  tree.call = [this](json::object arguments, mcp::Context&) {
    return directory(std::move(arguments));
  };
  catalogue.tools.push_back(std::move(tree));
  mcp::Tool stats =
      component_tool("get_storage_stats", "Statistics",
                     "How many questions were answered from what is kept.", wanting("", ""));
  stats.call = [this](json::object, mcp::Context&) { return storage_stats(); };
  catalogue.tools.push_back(std::move(stats));
}

}  // namespace gantry::cli
