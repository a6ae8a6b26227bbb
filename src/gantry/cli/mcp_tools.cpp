#include "gantry/cli/mcp_tools.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gantry/base/files.hpp"
#include "gantry/cli/design_run.hpp"
#include "gantry/cli/display_text.hpp"
#include "gantry/config/discover.hpp"
#include "gantry/jobs/batch_executor.hpp"
#include "gantry/jobs/checkpoint.hpp"
#include "gantry/jobs/version.hpp"
#include "gantry/net/curl_transport.hpp"
#include "gantry/service/remote.hpp"
#include "gantry/service/task.hpp"

namespace gantry::cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::size_t kPathsShown = 100;
constexpr std::size_t kErrorsShown = 20;
constexpr std::uint64_t kLargestConfiguration = 4UL * 1024 * 1024;
constexpr std::uint64_t kLargestCheckpoint = 16UL * 1024 * 1024;

json::object schema(std::string_view text) { return json::parse(text).as_object(); }

json::string shown(const std::string& text) { return json::string(valid_utf8(text)); }

constexpr std::string_view kChosenExports = R"(
    "exports": {"type": "array", "maxItems": 1000,
      "items": {"type": "string", "minLength": 1, "maxLength": 500},
      "description": "Names as list_exports tells them; absent: all"})";

constexpr std::string_view kExportResult = R"({"type": "object",
  "properties": {
    "dryRun": {"type": "boolean"},
    "succeeded": {"type": "integer"}, "failed": {"type": "integer"},
    "apiCalls": {"type": "integer"}, "downloads": {"type": "integer"},
    "exports": {"type": "array", "items": {"type": "object",
      "properties": {
        "name": {"type": "string"}, "success": {"type": "boolean"},
        "outcome": {"type": "string"}, "upToDate": {"type": "boolean"},
        "addedCount": {"type": "integer"}, "changedCount": {"type": "integer"},
        "removedCount": {"type": "integer"}, "unchangedCount": {"type": "integer"},
        "added": {"type": "array", "items": {"type": "string"}},
        "changed": {"type": "array", "items": {"type": "string"}},
        "removed": {"type": "array", "items": {"type": "string"}},
        "errors": {"type": "array", "items": {"type": "object",
          "properties": {"component": {"type": "string"}, "code": {"type": "string"},
                         "message": {"type": "string"}},
          "required": ["component", "code", "message"]}}},
      "required": ["name", "success", "outcome"]}}},
  "required": ["dryRun", "succeeded", "failed", "exports"]})";

std::vector<std::string> platforms_of(const config::Config& config) {
  std::vector<std::string> names;
  if (config.ios) names.emplace_back("ios");
  if (config.android) names.emplace_back("android");
  if (config.flutter) names.emplace_back("flutter");
  if (config.web) names.emplace_back("web");
  return names;
}

void add_paths(json::object& object, const char* name, const std::vector<std::string>& paths) {
  json::value* count = object.if_contains(fmt::format("{}Count", name));
  *count = count->to_number<std::size_t>() + paths.size();
  json::array& list = object[name].as_array();
  for (const std::string& path : paths) {
    if (list.size() < kPathsShown) list.push_back(shown(path));
  }
}

void add_error(json::array& errors, const std::string& component, const Error& error) {
  if (errors.size() >= kErrorsShown) return;
  errors.push_back(json::object{{"component", shown(component)},
                                {"code", to_string(error.code())},
                                {"message", shown(error.message())}});
}

json::object value_of(const jobs::JobResult& job) {
  json::object value{{"name", shown(job.name)},
                     {"success", job.succeeded()},
                     {"outcome", shown(job.outcome())},
                     {"upToDate", job.up_to_date()}};
  for (const char* name : {"added", "changed", "removed"}) {
    value[fmt::format("{}Count", name)] = 0;
    value[name] = json::array();
  }
  std::size_t unchanged = 0;
  json::array errors;
  if (job.error) add_error(errors, "", *job.error);
  for (const jobs::KindResult& kind : job.kinds) {
    add_paths(value, "added", kind.changes.added);
    add_paths(value, "changed", kind.changes.changed);
    add_paths(value, "removed", kind.changes.removed);
    unchanged += kind.changes.unchanged.size();
    for (const jobs::Failure& failure : kind.failures) {
      add_error(errors, failure.component, failure.error);
    }
  }
  value["unchangedCount"] = unchanged;
  value["errors"] = std::move(errors);
  return value;
}

std::string line_of(const jobs::JobResult& job, const json::object& value, bool is_dry) {
  if (!job.succeeded()) {
    std::string line = fmt::format("{}: failed: {}\n", job.name, job.outcome());
    for (const json::value& error : value.at("errors").as_array()) {
      line += fmt::format("  {} {}\n", std::string_view(error.at("component").as_string()),
                          std::string_view(error.at("message").as_string()));
    }
    return line;
  }
  return fmt::format("{}: {}; files {}: {} added, {} changed, {} removed, {} unchanged\n", job.name,
                     job.outcome(), is_dry ? "to be written" : "written",
                     value.at("addedCount").to_number<std::size_t>(),
                     value.at("changedCount").to_number<std::size_t>(),
                     value.at("removedCount").to_number<std::size_t>(),
                     value.at("unchangedCount").to_number<std::size_t>());
}

mcp::ToolResult result_of(const jobs::BatchResult& batch, bool is_dry,
                          const net::TrafficCounts& traffic) {
  std::string text;
  json::array list;
  std::size_t failed = 0;
  for (const jobs::JobResult& job : batch.jobs) {
    json::object value = value_of(job);
    text += line_of(job, value, is_dry);
    if (!job.succeeded()) ++failed;
    list.push_back(std::move(value));
  }
  json::object structured{{"dryRun", is_dry},
                          {"succeeded", batch.jobs.size() - failed},
                          {"failed", failed},
                          {"apiCalls", traffic.api_calls},
                          {"downloads", traffic.requests - traffic.api_calls},
                          {"exports", std::move(list)}};
  mcp::ToolResult result = mcp::structured_result(valid_utf8(text), std::move(structured));
  result.is_error = failed > 0;
  return result;
}

// Tells the client how far an export is.
class ClientProgress final : public ProgressSink {
 public:
  ClientProgress(mcp::Context& context, std::size_t jobs)
      : context_(context), jobs_(static_cast<double>(jobs)) {}

  void job_advanced(const std::string& job, const std::string& phase, std::uint64_t done,
                    std::uint64_t total) override {
    const double part = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
    context_.progress(ended_ + std::min(part, 0.99), jobs_,
                      valid_utf8(fmt::format("{}: {}", job, phase)));
  }
  void job_finished(const std::string& job, bool /*succeeded*/,
                    const std::string& outcome) override {
    ended_ += 1;
    context_.progress(ended_, jobs_, valid_utf8(fmt::format("{}: {}", job, outcome)));
  }
  void warning(const std::string& job, const std::string& text) override {
    context_.log(mcp::LogLevel::kWarning, shown(job.empty() ? text : job + ": " + text));
  }

 private:
  mcp::Context& context_;
  double jobs_;
  double ended_ = 0;
};

std::string names_of(const std::vector<jobs::DesignJob>& jobs) {
  std::vector<std::string> names;
  for (const jobs::DesignJob& job : jobs) names.push_back(job.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

json::object checkpoint_value() {
  json::object value{{"unfinished", false}};
  std::error_code failure;
  if (!fs::exists(jobs::kCheckpointFile, failure)) return value;
  const jobs::CheckpointRecord record =
      jobs::CheckpointRecord::decode(read_file(jobs::kCheckpointFile, kLargestCheckpoint));
  value["unfinished"] = true;
  value["started"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                 std::chrono::floor<std::chrono::seconds>(record.started));
  json::array requested;
  for (const std::string& path : record.requested) requested.push_back(shown(path));
  value["requested"] = std::move(requested);
  json::array finished;
  for (const auto& [path, digest] : record.finished) finished.push_back(shown(path));
  value["finished"] = std::move(finished);
  return value;
}

async::awaitable<std::string> read_schema() { co_return config::json_schema(); }

mcp::Tool make_tool(const char* name, const char* title, const char* description,
                    std::string_view input, std::string_view output, bool is_read_only) {
  mcp::Tool tool;
  tool.name = name;
  tool.title = title;
  tool.description = description;
  tool.input_schema = schema(input);
  tool.output_schema = schema(output);
  tool.annotations = {{"title", title},
                      {"readOnlyHint", is_read_only},
                      {"destructiveHint", !is_read_only},
                      {"idempotentHint", true},
                      {"openWorldHint", true}};
  return tool;
}

}  // namespace

McpTools::McpTools(boost::asio::io_context& loop, async::Clock& clock, McpToolOptions options)
    : loop_(loop), clock_(clock), options_(std::move(options)), turn_(loop.get_executor(), 1) {}

void McpTools::add_to(mcp::Catalogue& catalogue) {
  add_list_exports(catalogue);
  add_exports(catalogue);
  add_batch_status(catalogue);
  add_resources(catalogue);
  add_prompts(catalogue);
}

std::vector<jobs::DesignJob> McpTools::find_jobs() const {
  return load_jobs(config::discover(options_.paths));
}

std::vector<jobs::DesignJob> McpTools::chosen_jobs(const json::object& arguments) const {
  std::vector<jobs::DesignJob> all = find_jobs();
  const json::value* given = arguments.if_contains("exports");
  if (given == nullptr) return all;
  std::vector<jobs::DesignJob> chosen;
  std::set<std::string> names;
  for (const json::value& each : given->as_array()) {
    const std::string name(each.as_string());
    if (!names.insert(name).second) continue;
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const jobs::DesignJob& job) { return job.name == name; });
    if (found == all.end()) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("there is no export '{}'; there are {}", name, names_of(all)));
    }
    chosen.push_back(*found);
  }
  if (chosen.empty()) throw Error(ErrorCode::kUsage, "'exports' is empty; leave it out for all");
  return chosen;
}

std::vector<std::string> McpTools::names_beginning_with(const std::string& text) const {
  std::vector<std::string> names;
  for (const jobs::DesignJob& job : find_jobs()) {
    if (job.name.starts_with(text)) names.push_back(valid_utf8(job.name));
  }
  return names;
}

std::string McpTools::text_of(const std::string& name) const {
  for (const jobs::DesignJob& job : find_jobs()) {
    if (job.name == name) return valid_utf8(read_file(job.path, kLargestConfiguration));
  }
  throw mcp::RpcError(mcp::kInvalidParams,
                      fmt::format("there is no configuration '{}'; see list_exports", name));
}

async::awaitable<mcp::ToolResult> McpTools::list_exports() {
  std::string text;
  json::array list;
  for (const jobs::DesignJob& job : find_jobs()) {
    json::object value{{"name", shown(job.name)},
                       {"path", shown(job.path.string())},
                       {"valid", job.config.has_value()},
                       {"platforms", json::array()}};
    if (job.config) {
      const std::vector<std::string> platforms = platforms_of(job.config->config);
      value["platforms"] = json::array(platforms.begin(), platforms.end());
      json::array warnings;
      for (const config::Warning& warning : job.config->warnings) {
        if (warnings.size() < kErrorsShown) warnings.push_back(shown(warning.to_string()));
      }
      value["warnings"] = std::move(warnings);
      text += fmt::format("{}: {}\n", job.name, fmt::join(platforms, ", "));
    } else {
      value["error"] = shown(job.config.error().message());
      text += fmt::format("{}: wrong: {}\n", job.name, job.config.error().message());
    }
    list.push_back(std::move(value));
  }
  co_return mcp::structured_result(valid_utf8(text), {{"exports", std::move(list)}});
}

async::awaitable<mcp::ToolResult> McpTools::export_jobs(std::vector<jobs::DesignJob> jobs,
                                                        output::Mode mode, mcp::Context& context) {
  async::Semaphore::Permit permit = co_await turn_.acquire();
  std::vector<const config::Config*> configs;
  for (const jobs::DesignJob& job : jobs) {
    if (job.config) configs.push_back(&job.config->config);
  }
  Settings settings = settle(options_.run, configs, true);
  ClientProgress progress(context, jobs.size());
  jobs::Engine engine(loop_, settings.engine, progress);
  jobs::BatchOptions batch_options;
  batch_options.parallel = settings.parallel;
  batch_options.timeout = settings.timeout;
  batch_options.job.mode = mode;
  batch_options.job.fail_fast = settings.fail_fast;
  batch_options.job.force = settings.force;
  batch_options.job.granular = settings.granular;
  jobs::BatchResult result = co_await jobs::run_batch(engine, jobs, std::move(batch_options));
  co_await engine.flush();
  co_return result_of(result, mode == output::Mode::kDryRun, engine.traffic());
}

async::awaitable<mcp::ToolResult> McpTools::plan_export(json::object arguments,
                                                        mcp::Context& context) {
  co_return co_await export_jobs(chosen_jobs(arguments), output::Mode::kDryRun, context);
}

async::awaitable<mcp::ToolResult> McpTools::run_export(json::object arguments,
                                                       mcp::Context& context) {
  std::vector<jobs::DesignJob> jobs = chosen_jobs(arguments);
  const json::value* confirmed = arguments.if_contains("confirm");
  bool may_write = confirmed != nullptr && confirmed->as_bool();
  if (!may_write && !context.client_can("elicitation")) {
    co_return mcp::error_result(
        "Nothing was written. Ask the user, then call again with confirm true; plan_export shows "
        "what would be written.");
  }
  if (!may_write) {
    mcp::InputRequests questions;
    std::string text = fmt::format("Write the files of {}?", valid_utf8(names_of(jobs)));
    questions.emplace("write", mcp::confirmation(text, "write", "Write the files"));
    json::object answers = co_await context.ask(std::move(questions));
    const json::object& answer = answers.at("write").as_object();
    const json::object* content = mcp::object_in(answer, "content");
    const json::value* yes = content == nullptr ? nullptr : content->if_contains("write");
    may_write = answer.at("action") == json::value("accept") && yes != nullptr && yes->is_bool() &&
                yes->get_bool();
  }
  if (!may_write) co_return mcp::error_result("Nothing was written: the user has declined.");
  const bool is_dry = options_.run.dry_run || options_.run.check;
  output::Mode mode = is_dry ? output::Mode::kDryRun : output::Mode::kPublish;
  co_return co_await export_jobs(std::move(jobs), mode, context);
}

async::awaitable<mcp::ToolResult> McpTools::batch_status(json::object arguments) {
  const json::string* batch = mcp::string_in(arguments, "batch");
  if (batch == nullptr) {
    json::object value = checkpoint_value();
    if (!value.at("unfinished").as_bool()) {
      co_return mcp::structured_result("No run has stopped before its end here.", std::move(value));
    }
    std::string text = fmt::format(
        "A run has not ended: {} configurations are done. `gantry batch --resume` goes on.",
        value.at("finished").as_array().size());
    co_return mcp::structured_result(text, std::move(value));
  }
  const std::string id(*batch);
  if (!service::is_id(id)) {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' is not the name of a batch", id));
  }
  net::CurlTransport transport(loop_.get_executor(), clock_,
                               net::EgressPolicy(options_.run.allow_http),
                               fmt::format("gantry/{}", jobs::kVersion));
  const char* key = std::getenv("GANTRY_API_KEY");
  service::Remote remote(clock_, transport, options_.server, Secret(key == nullptr ? "" : key));
  json::value status = co_await remote.call("GET", fmt::format("/status/batch/{}?limit=1", id));
  json::object value{{"batch", id}, {"status", std::move(status)}};
  std::string text = json::serialize(value.at("status"));
  co_return mcp::structured_result(text, std::move(value));
}

async::awaitable<std::string> McpTools::read_configuration(std::string name) {
  co_return text_of(name);
}

async::awaitable<json::array> McpTools::prompt_to_review(std::string name) {
  text_of(name);
  co_return json::array{mcp::text_message(
      "user", fmt::format("Call plan_export for '{}'. Tell me in a few lines what would be added, "
                          "changed and removed, and what looks wrong: names that clash, files that "
                          "vanish, errors. Do not export.",
                          name))};
}

async::awaitable<json::array> McpTools::prompt_to_repair(std::string name) {
  std::string text = text_of(name);
  std::string fault = "nothing, as far as Gantry can see";
  for (const jobs::DesignJob& job : find_jobs()) {
    if (job.name == name && !job.config) fault = valid_utf8(job.config.error().message());
  }
  co_return json::array{mcp::text_message(
      "user", fmt::format("This Gantry configuration is called {}. What is wrong with it: {}\n"
                          "Propose the smallest change that makes it right; gantry://schema holds "
                          "the schema.\n\n{}",
                          name, fault, text))};
}

void McpTools::add_list_exports(mcp::Catalogue& catalogue) {
  mcp::Tool tool = make_tool(
      "list_exports", "List exports",
      "The configurations that can be exported, what they export to, and what is wrong with them.",
      R"({"type": "object", "properties": {}, "additionalProperties": false})",
      R"({"type": "object", "properties": {"exports": {"type": "array", "items": {"type": "object",
          "properties": {"name": {"type": "string"}, "path": {"type": "string"},
            "valid": {"type": "boolean"}, "error": {"type": "string"},
            "platforms": {"type": "array", "items": {"type": "string"}},
            "warnings": {"type": "array", "items": {"type": "string"}}},
          "required": ["name", "path", "valid", "platforms"]}}}, "required": ["exports"]})",
      true);
  tool.call = [this](json::object, mcp::Context&) { return list_exports(); };
  catalogue.tools.push_back(std::move(tool));
}

void McpTools::add_exports(mcp::Catalogue& catalogue) {
  mcp::Tool plan = make_tool(
      "plan_export", "Plan an export",
      "A dry run: which files an export would add, change and remove. Writes nothing.",
      fmt::format(R"({{"type": "object", "properties": {{{}}}, "additionalProperties": false}})",
                  kChosenExports),
      kExportResult, true);
  plan.call = [this](json::object arguments, mcp::Context& context) {
    return plan_export(std::move(arguments), context);
  };
  catalogue.tools.push_back(std::move(plan));
  mcp::Tool run = make_tool(
      "run_export", "Run an export",
      "Exports configurations from Figma and writes their files, all of a configuration or none. "
      "Asks the user first where that is possible.",
      fmt::format(R"({{"type": "object", "properties": {{{},
    "confirm": {{"type": "boolean", "description": "The user has agreed that files are written"}}}},
  "additionalProperties": false}})",
                  kChosenExports),
      kExportResult, false);
  run.call = [this](json::object arguments, mcp::Context& context) {
    return run_export(std::move(arguments), context);
  };
  catalogue.tools.push_back(std::move(run));
}

void McpTools::add_batch_status(mcp::Catalogue& catalogue) {
  mcp::Tool tool = make_tool(
      "batch_status", "Status of a batch",
      "How far a batch of `gantry serve` is; without a batch, whether a run in this folder has "
      "stopped before its end.",
      R"({"type": "object", "properties": {"batch": {"type": "string", "minLength": 1,
            "maxLength": 200, "description": "The name that `gantry remote submit` has printed"}},
          "additionalProperties": false})",
      R"({"type": "object", "properties": {"batch": {"type": "string"},
            "status": {"type": "object"}, "unfinished": {"type": "boolean"},
            "started": {"type": "string"},
            "requested": {"type": "array", "items": {"type": "string"}},
            "finished": {"type": "array", "items": {"type": "string"}}}})",
      true);
  tool.call = [this](json::object arguments, mcp::Context&) {
    return batch_status(std::move(arguments));
  };
  catalogue.tools.push_back(std::move(tool));
}

void McpTools::add_resources(mcp::Catalogue& catalogue) {
  mcp::Resource described;
  described.uri = "gantry://schema";
  described.name = "schema";
  described.title = "Schema of configurations";
  described.description = "The JSON Schema of Gantry's configurations.";
  described.mime_type = "application/schema+json";
  described.read = &read_schema;
  catalogue.resources.push_back(std::move(described));
  mcp::ResourceTemplate configuration;
  configuration.uri_template = "gantry://configuration/{name}";
  configuration.name = "configuration";
  configuration.title = "A configuration";
  configuration.description = "The text of a configuration that list_exports names.";
  configuration.mime_type = "application/yaml";
  configuration.read = [this](std::map<std::string, std::string> values) {
    return read_configuration(values.at("name"));
  };
  configuration.complete = [this](const std::string&, const std::string& text) {
    return names_beginning_with(text);
  };
  catalogue.templates.push_back(std::move(configuration));
}

void McpTools::add_prompts(mcp::Catalogue& catalogue) {
  const auto add = [&](const char* name, const char* title, const char* description, auto get) {
    mcp::Prompt prompt;
    prompt.name = name;
    prompt.title = title;
    prompt.description = description;
    prompt.arguments = {{"export", "A name that list_exports tells", true}};
    prompt.get = [this, get](std::map<std::string, std::string> arguments, mcp::Context&) {
      return (this->*get)(arguments.at("export"));
    };
    prompt.complete = [this](const std::string&, const std::string& text) {
      return names_beginning_with(text);
    };
    catalogue.prompts.push_back(std::move(prompt));
  };
  add("review-export", "Review an export", "What an export would change, before it is run.",
      &McpTools::prompt_to_review);
  add("repair-configuration", "Repair a configuration", "What is wrong with a configuration.",
      &McpTools::prompt_to_repair);
}

}  // namespace gantry::cli
