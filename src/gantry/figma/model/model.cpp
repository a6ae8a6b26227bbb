#include "gantry/figma/model/model.hpp"

#include <unordered_set>
#include <utility>

#include <boost/json.hpp>

#include "gantry/base/error.hpp"

namespace gantry::figma {
namespace {

namespace json = boost::json;

// Documents of real files nest some tens of levels deep.
constexpr std::size_t kDeepest = 512;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::kBadResponse, "unexpected answer from Figma: " + what);
}

// A value and the path to it, which is written out only when something is wrong.
class Node {
 public:
  Node(const json::value& value, const Node* parent, std::string_view key)
      : value_(value), parent_(parent), key_(key) {}
  Node(const json::value& value, const Node* parent, std::size_t index)
      : value_(value), parent_(parent), index_(index) {}

  const json::value& value() const { return value_; }

  const json::object& object() const {
    if (!value_.is_object()) fail(path() + " is not an object");
    return value_.get_object();
  }
  const json::array& array() const {
    if (!value_.is_array()) fail(path() + " is not an array");
    return value_.get_array();
  }
  Node at(std::string_view key) const {
    const json::value* found = object().if_contains(key);
    if (found == nullptr) fail(path_of(key) + " is missing");
    return {*found, this, key};
  }
  std::string text(std::string_view key) const {
    const json::value* found = object().if_contains(key);
    if (found == nullptr) fail(path_of(key) + " is missing");
    if (!found->is_string()) fail(path_of(key) + " is not a string");
    return std::string(std::string_view(found->get_string()));
  }
  // Empty where the field is absent or something else than a string.
  std::string optional_text(std::string_view key) const {
    const json::value* found = object().if_contains(key);
    if (found == nullptr || !found->is_string()) return {};
    return std::string(std::string_view(found->get_string()));
  }
  std::string path() const {
    if (parent_ == nullptr) return "the body";
    if (key_.empty()) return parent_->path() + "[" + std::to_string(index_) + "]";
    return parent_->path_of(key_);
  }
  std::string path_of(std::string_view key) const {
    return parent_ == nullptr ? std::string(key) : path() + "." + std::string(key);
  }

 private:
  const json::value& value_;
  const Node* parent_;
  std::string_view key_;
  std::size_t index_ = 0;
};

json::parse_options options() {
  json::parse_options result;
  result.max_depth = kDeepest;
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
  if (fault) fail("it is not valid JSON (" + fault.message() + ")");
  try {
    return read(Node(root, nullptr, std::string_view()));
  } catch (const Error&) {
    if (auto problem = problem_of(root)) {
      throw Error(ErrorCode::kBadResponse, "Figma answers: " + problem->message)
          .with_status(problem->status);
    }
    throw;
  }
}

ContainingFrame read_frame(const Node& frame) {
  return {.name = frame.optional_text("name"),
          .node_id = frame.optional_text("nodeId"),
          .page_id = frame.optional_text("pageId"),
          .page_name = frame.optional_text("pageName")};
}

std::optional<ContainingSet> read_set(const Node& frame) {
  for (std::string_view key : {"containingComponentSet", "containingStateGroup"}) {
    const json::value* found = frame.object().if_contains(key);
    if (found == nullptr || !found->is_object()) continue;
    Node set(*found, &frame, key);
    return ContainingSet{.name = set.optional_text("name"), .node_id = set.optional_text("nodeId")};
  }
  return std::nullopt;
}

Component read_component(const Node& item) {
  Component component;
  component.node_id = item.text("node_id");
  if (component.node_id.empty()) fail(item.path_of("node_id") + " is empty");
  component.name = item.text("name");
  component.description = item.optional_text("description");
  component.updated_at = item.optional_text("updated_at");
  const json::value* frame = item.object().if_contains("containing_frame");
  if (frame != nullptr && frame->is_object()) {
    Node place(*frame, &item, std::string_view("containing_frame"));
    component.frame = read_frame(place);
    component.set = read_set(place);
  }
  return component;
}

std::vector<Component> read_list(std::string_view body, std::string_view key) {
  return parse(body, [key](const Node& root) {
    Node meta = root.at("meta");
    Node list = meta.at(key);
    const json::array& items = list.array();
    std::vector<Component> components;
    components.reserve(items.size());
    std::unordered_set<std::string> seen;
    seen.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      Component component = read_component(Node(items[i], &list, i));
      if (seen.insert(component.node_id).second) components.push_back(std::move(component));
    }
    return components;
  });
}

}  // namespace

FileMeta parse_file_meta(std::string_view body) {
  return parse(body, [](const Node& root) {
    const json::value* wrapped = root.object().if_contains("file");
    Node file = wrapped != nullptr ? root.at("file") : root;
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
  return read_list(body, "components");
}

std::vector<Component> parse_component_sets(std::string_view body) {
  return read_list(body, "component_sets");
}

std::map<std::string, std::optional<NodeSummary>> parse_nodes(std::string_view body) {
  return parse(body, [](const Node& root) {
    Node nodes = root.at("nodes");
    std::map<std::string, std::optional<NodeSummary>> result;
    for (const auto& [id, value] : nodes.object()) {
      auto& summary = result.try_emplace(std::string(std::string_view(id))).first->second;
      if (value.is_null()) continue;
      Node entry(value, &nodes, std::string_view(id));
      Node document = entry.at("document");
      summary = NodeSummary{.name = document.text("name"), .type = document.optional_text("type")};
    }
    return result;
  });
}

RenderedImages parse_images(std::string_view body) {
  return parse(body, [](const Node& root) {
    RenderedImages result;
    const json::value* error = root.object().if_contains("err");
    if (error != nullptr && error->is_string()) result.error = root.text("err");
    if (result.error && !root.object().contains("images")) return result;
    Node images = root.at("images");
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
