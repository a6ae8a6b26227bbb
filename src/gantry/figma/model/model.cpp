#include "gantry/figma/model/model.hpp"

#include <utility>

#include <boost/json.hpp>

#include "gantry/base/error.hpp"
#include "gantry/figma/model/component_reader.hpp"
#include "gantry/figma/model/json_node.hpp"
#include "gantry/figma/model/refusal.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

json::parse_options options() {
  json::parse_options result;
  result.max_depth = kDeepestAnswer;
  return result;
}

std::optional<ApiProblem> problem_of(const json::value& body) {
  const json::object* object = body.if_object();
  if (object == nullptr) return std::nullopt;
  ApiProblem problem;
  if (const json::value* status = object->if_contains("status")) {
    if (status->is_int64() && status->get_int64() >= 0 && status->get_int64() < 1000) {
      problem.status = static_cast<int>(status->get_int64());
    }
  }
  for (std::string_view key : {"err", "message"}) {
    const json::value* message = object->if_contains(key);
    if (message == nullptr || !message->is_string()) continue;
    problem.message = std::string(std::string_view(message->get_string()));
    return problem;
  }
  return std::nullopt;
}

// Parses `body` into memory that is freed as a whole, and hands the root to `read`.
template <class Read>
auto parse(std::string_view body, Read read) {
  json::monotonic_resource memory(body.size() / 2 + 1024);
  json::error_code fault;
  json::value root = json::parse(body, fault, &memory, options());
  if (fault) refuse_answer("it is not valid JSON (" + fault.message() + ")");
  try {
    return read(JsonNode(root));
  } catch (const Error&) {
    if (auto problem = problem_of(root)) pass_on(*problem);
    throw;
  }
}

}  // namespace

FileMeta parse_file_meta(std::string_view body) {
  return parse(body, [](const JsonNode& root) {
    JsonNode file = root.object().contains("file") ? root.at("file") : root;
    FileMeta meta;
    meta.name = file.text("name");
    meta.version = file.optional_text("version");
    meta.last_modified = file.optional_text("lastModified");
    if (meta.last_modified.empty()) meta.last_modified = file.optional_text("last_touched_at");
    meta.editor_type = file.optional_text("editorType");
    return meta;
  });
}

std::vector<Component> parse_components(std::string_view body) {
  return read_components(body, "components");
}

std::vector<Component> parse_component_sets(std::string_view body) {
  return read_components(body, "component_sets");
}

RenderedImages parse_images(std::string_view body) {
  return parse(body, [](const JsonNode& root) {
    RenderedImages result;
    const json::value* error = root.object().if_contains("err");
    if (error != nullptr && error->is_string()) result.error = root.text("err");
    if (result.error && !root.object().contains("images")) return result;
    JsonNode images = root.at("images");
    for (const auto& [id, url] : images.object()) {
      auto& target = result.urls[std::string(std::string_view(id))];
      if (url.is_null()) continue;
      target = images.text(std::string_view(id));
    }
    return result;
  });
}

std::optional<ApiProblem> parse_problem(std::string_view body) {
  json::error_code fault;
  json::value root = json::parse(body, fault, {}, options());
  if (fault) return std::nullopt;
  return problem_of(root);
}

}  // namespace gantry::figma
