#include "apps/sandbox/figma_json.hpp"

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "apps/sandbox/tokens_json.hpp"

namespace gantry::sandbox {
namespace {

namespace json = boost::json;

constexpr double kGap = 40;
constexpr std::size_t kColumns = 32;

json::object frame_info(const Frame& frame) {
  return {{"name", frame.name},
          {"nodeId", frame.node_id},
          {"pageId", frame.page_id},
          {"pageName", frame.page_name},
          {"backgroundColor", "#FFFFFF"}};
}

json::object rectangle(std::size_t place, int size) {
  const std::size_t row = place / kColumns;
  return {{"x", kGap * static_cast<double>(place % kColumns)},
          {"y", kGap * static_cast<double>(row)},
          {"width", size},
          {"height", size}};
}

json::array fill(const std::string& color) {
  const auto value = std::stoul(color.substr(1), nullptr, 16);
  const auto part = [&](int shift) { return static_cast<double>((value >> shift) & 255U) / 255.0; };
  return {{{"blendMode", "NORMAL"},
           {"type", "SOLID"},
           {"color", {{"r", part(16)}, {"g", part(8)}, {"b", part(0)}, {"a", 1.0}}}}};
}

json::object layer(std::string_view type, std::string_view id, std::string_view name) {
  return {{"id", id},
          {"name", name},
          {"type", type},
          {"scrollBehavior", "SCROLLS"},
          {"blendMode", "PASS_THROUGH"},
          {"fills", json::array()},
          {"strokes", json::array()},
          {"strokeWeight", 1},
          {"strokeAlign", "INSIDE"},
          {"effects", json::array()}};
}

// Walks a file as the tree that Figma shows, to a depth.
class Tree {
 public:
  explicit Tree(const File& file) : file_(file) {
    for (std::size_t i = 0; i < file.components.size(); ++i) {
      const auto& component = file.components[i];
      if (component.set) {
        of_set_[*component.set].push_back(i);
      } else {
        of_frame_[component.frame].push_back(i);
      }
    }
    for (std::size_t i = 0; i < file.sets.size(); ++i)
      sets_of_frame_[file.sets[i].frame].push_back(i);
  }

  json::object document(int depth) const {
    std::vector<std::pair<std::string, json::array>> pages;
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < file_.frames.size(); ++i) {
      const auto& frame = file_.frames[i];
      const auto [found, is_new] = known.try_emplace(frame.page_id, pages.size());
      if (is_new) pages.emplace_back(frame.page_name, json::array());
      if (depth > 1) pages[found->second].second.push_back(this->frame(i, depth - 2));
    }
    json::array canvases(pages.size());
    for (const auto& [id, place] : known) {
      auto& [name, children] = pages[place];
      canvases[place] = json::object{{"id", id},
                                     {"name", name},
                                     {"type", "CANVAS"},
                                     {"scrollBehavior", "SCROLLS"},
                                     {"children", std::move(children)},
                                     {"backgroundColor", {{"r", 1}, {"g", 1}, {"b", 1}, {"a", 1}}},
                                     {"prototypeStartNodeID", nullptr},
                                     {"flowStartingPoints", json::array()},
                                     {"prototypeDevice", {{"type", "NONE"}, {"rotation", "NONE"}}}};
    }
    return {{"id", "0:0"},
            {"name", "Document"},
            {"type", "DOCUMENT"},
            {"scrollBehavior", "SCROLLS"},
            {"children", std::move(canvases)}};
  }

  json::object frame(std::size_t index, int depth) const {
    const auto& frame = file_.frames[index];
    json::array children;
    if (depth > 0) {
      for (const auto set : listed(sets_of_frame_, index))
        children.push_back(this->set(set, depth - 1));
      for (const auto i : listed(of_frame_, index)) children.push_back(component(i, depth - 1));
    }
    return box(layer("FRAME", frame.node_id, frame.name), index, 2000, std::move(children));
  }

  json::object set(std::size_t index, int depth) const {
    const auto& set = file_.sets[index];
    json::array children;
    if (depth > 0) {
      for (const auto i : listed(of_set_, index)) children.push_back(component(i, depth - 1));
    }
    return box(layer("COMPONENT_SET", set.node_id, set.name), index, 400, std::move(children));
  }

  json::object component(std::size_t index, int depth) const {
    const auto& component = file_.components[index];
    const int size = component.drawing.size;
    json::array children;
    if (depth > 0) {
      auto vector = layer("VECTOR", component.node_id + "1", "Vector");
      vector["fills"] = fill(main_color(component.drawing));
      vector["strokeWeight"] = 1.0 + static_cast<double>(component.drawing.seed % 1000) / 1000.0;
      vector["absoluteBoundingBox"] = rectangle(index, size);
      vector["absoluteRenderBounds"] = rectangle(index, size);
      children.push_back(std::move(vector));
    }
    return box(layer("COMPONENT", component.node_id, component.name), index, size,
               std::move(children));
  }

 private:
  using Lists = std::map<std::size_t, std::vector<std::size_t>>;

  static const std::vector<std::size_t>& listed(const Lists& lists, std::size_t index) {
    static const std::vector<std::size_t> none;
    const auto found = lists.find(index);
    return found == lists.end() ? none : found->second;
  }

  static json::object box(json::object node, std::size_t place, int size, json::array children) {
    node["children"] = std::move(children);
    node["clipsContent"] = true;
    node["absoluteBoundingBox"] = rectangle(place, size);
    node["absoluteRenderBounds"] = rectangle(place, size);
    return node;
  }

  const File& file_;
  Lists of_frame_;
  Lists of_set_;
  Lists sets_of_frame_;
};

json::object component_info(const File& file, const Component& component) {
  json::object info{{"key", component.key},
                    {"name", component.name},
                    {"description", component.description},
                    {"remote", false},
                    {"documentationLinks", json::array()}};
  if (component.set) info["componentSetId"] = file.sets[*component.set].node_id;
  return info;
}

json::object set_info(const ComponentSet& set) {
  return {{"key", set.key},
          {"name", set.name},
          {"description", ""},
          {"remote", false},
          {"documentationLinks", json::array()}};
}

int levels(std::optional<int> depth) { return depth.value_or(std::numeric_limits<int>::max()); }

}  // namespace

json::object user_json() {
  return {{"id", "1"}, {"handle", "Sandbox"}, {"img_url", "https://www.figma.com/avatar.png"}};
}

std::string_view created_at() { return "2026-01-02T03:04:05Z"; }
std::string_view updated_at() { return "2026-10-01T08:00:00Z"; }

json::object published_item(const File& file, std::string_view key, std::string_view node_id,
                            std::string_view name, std::string_view description) {
  return {{"key", key},
          {"file_key", file.key},
          {"node_id", node_id},
          {"thumbnail_url", fmt::format("https://s3-alpha.figma.com/thumbnails/{}", key)},
          {"name", name},
          {"description", description},
          {"created_at", created_at()},
          {"updated_at", updated_at()},
          {"user", user_json()}};
}

json::array published_components(const File& file) {
  json::array items;
  for (const auto& component : file.components) {
    auto item = published_item(file, component.key, component.node_id, component.name,
                               component.description);
    auto frame = frame_info(file.frames[component.frame]);
    if (component.set) {
      const auto& set = file.sets[*component.set];
      const json::object owner{{"name", set.name}, {"nodeId", set.node_id}};
      frame["containingStateGroup"] = owner;
      frame["containingComponentSet"] = owner;
    }
    item["description_rt"] = "";
    item["containing_frame"] = std::move(frame);
    items.push_back(std::move(item));
  }
  return items;
}

json::array published_component_sets(const File& file) {
  json::array items;
  for (const auto& set : file.sets) {
    auto item = published_item(file, set.key, set.node_id, set.name, "");
    item["containing_frame"] = frame_info(file.frames[set.frame]);
    items.push_back(std::move(item));
  }
  return items;
}

json::object file_json(const File& file, std::optional<int> depth) {
  json::object components;
  json::object sets;
  json::object styles;
  // Only what the depth shows is listed.
  if (levels(depth) > 2) {
    for (const auto& component : file.components) {
      components[component.node_id] = component_info(file, component);
    }
    for (const auto& set : file.sets) sets[set.node_id] = set_info(set);
    styles = styles_by_node(file);
  }
  return {{"name", file.name},
          {"lastModified", updated_at()},
          {"thumbnailUrl", "https://s3-alpha.figma.com/thumbnails/" + file.key},
          {"version", file.version},
          {"role", "viewer"},
          {"editorType", "figma"},
          {"linkAccess", "view"},
          {"document", Tree(file).document(levels(depth))},
          {"components", std::move(components)},
          {"componentSets", std::move(sets)},
          {"schemaVersion", 0},
          {"styles", std::move(styles)}};
}

json::value node_json(const File& file, std::string_view node_id, std::optional<int> depth) {
  const Tree tree(file);
  json::object components;
  json::object sets;
  json::object document;
  if (const auto index = file.component_index(node_id)) {
    const auto& component = file.components[*index];
    document = tree.component(*index, levels(depth));
    components[component.node_id] = component_info(file, component);
    if (component.set) {
      const auto& set = file.sets[*component.set];
      sets[set.node_id] = set_info(set);
    }
  } else if (const auto* style = file.tokens ? file.tokens->find_style(node_id) : nullptr) {
    document = style_node_json(*style);
  } else {
    for (std::size_t i = 0; i < file.sets.size(); ++i) {
      if (file.sets[i].node_id != node_id) continue;
      document = tree.set(i, levels(depth));
      sets[file.sets[i].node_id] = set_info(file.sets[i]);
    }
    for (std::size_t i = 0; i < file.frames.size(); ++i) {
      if (file.frames[i].node_id == node_id) document = tree.frame(i, levels(depth));
    }
  }
  if (document.empty()) return nullptr;
  return json::object{{"document", std::move(document)},
                      {"components", std::move(components)},
                      {"componentSets", std::move(sets)},
                      {"schemaVersion", 0},
                      {"styles", json::object()}};
}

}  // namespace gantry::sandbox
