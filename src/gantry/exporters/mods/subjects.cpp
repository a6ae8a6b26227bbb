#include "gantry/exporters/mods/subjects.hpp"

#include <set>
#include <string>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/archive/text.hpp"

namespace gantry::exporters::mods {
namespace {

using archive::Cheimarros;

class Subjects {
 public:
  explicit Subjects(Fragment& fields) : fields_(fields) {}

  void add(const char* kind, std::string_view text) {
    if (text.empty() || !seen_.emplace(kind, text).second) return;
    pugi::xml_node node = fields_.add_text(fields_.add("subject"), kind, text);
    bool is_date = std::string_view(kind) == "temporal" && archive::is_w3c_date(text);
    if (is_date) node.append_attribute("encoding").set_value("w3cdtf");
  }

  void add_name(const char* type, std::string_view name) {
    if (name.empty() || !seen_.emplace(type, name).second) return;
    pugi::xml_node node = fields_.add(fields_.add("subject"), "name", {{"type", type}});
    fields_.add_text(node, "namePart", name);
  }

 private:
  Fragment& fields_;
  std::set<std::pair<std::string, std::string>> seen_;  // kind and text
};

// The element for nodes of a type that is a subject by itself; null for others.
const char* element_of(const std::string& type) {
  if (type == "place") return "geographic";
  if (type == "concept") return "topic";
  if (type == "date") return "temporal";
  return nullptr;
}

const char* name_type_of(const std::string& type) {
  if (type == "person") return "personal";
  if (type == "organization") return "corporate";
  return nullptr;
}

void add_nodes(Subjects& subjects, const Cheimarros& cheimarros, Graph graph) {
  for (const Cheimarros::Node& node : cheimarros.nodes) {
    if (name_type_of(node.type) != nullptr || node.type == "document") continue;
    const char* element = element_of(node.type);
    if (element == nullptr && graph == Graph::kMinimal) continue;
    subjects.add(element == nullptr ? "topic" : element, node.label);
  }
  for (const Cheimarros::Node& node : cheimarros.nodes) {
    if (const char* type = name_type_of(node.type)) subjects.add_name(type, node.label);
  }
}

std::string name_of(const Cheimarros& cheimarros, std::string_view code) {
  const Cheimarros::Node* node = cheimarros.find(code);
  return node == nullptr || node->label.empty() ? std::string(code) : node->label;
}

// A text, or what a reference leads to; empty for anything else.
std::string value_of(const Cheimarros& cheimarros, const boost::json::value& value) {
  if (value.is_string()) return std::string(std::string_view(value.get_string()));
  const boost::json::object* object = value.if_object();
  const boost::json::value* type = object == nullptr ? nullptr : object->if_contains("type");
  const boost::json::value* code = object == nullptr ? nullptr : object->if_contains("code");
  bool is_reference =
      type != nullptr && code != nullptr && *type == "entity_ref" && code->is_string();
  return is_reference ? name_of(cheimarros, code->get_string()) : std::string();
}

void add_properties(Fragment& fields, const Cheimarros& cheimarros) {
  for (const Cheimarros::Node& node : cheimarros.nodes) {
    for (const auto& [key, value] : node.properties) {
      std::string text = value_of(cheimarros, value);
      if (text.empty() || key == "description") continue;
      fields.add_text("note", fmt::format("{} • {}: {}", node.label, std::string_view(key), text),
                      {{"type", "cheimarros-property"}, {"displayLabel", "Graph Property"}});
    }
  }
}

void add_relations(Fragment& fields, const Cheimarros& cheimarros) {
  for (const Cheimarros::Relation& relation : cheimarros.relations) {
    const Cheimarros::Node* source = cheimarros.find(relation.source);
    const Cheimarros::Node* target = cheimarros.find(relation.target);
    if (source == nullptr || target == nullptr) continue;
    std::string text = fmt::format("{} → {} → {}", name_of(cheimarros, source->code), relation.type,
                                   name_of(cheimarros, target->code));
    fields.add_text("note", text,
                    {{"type", "cheimarros-relation"}, {"displayLabel", "Graph Relation"}});
  }
}

}  // namespace

void add_subjects(Fragment& fields, const archive::Record& record, Graph graph) {
  Subjects subjects(fields);
  if (record.pinax) {
    for (const std::string& topic : record.pinax->subjects) subjects.add("topic", topic);
    for (const std::string& place : record.pinax->places) subjects.add("geographic", place);
  }
  if (!record.cheimarros || graph == Graph::kSkip) return;
  add_nodes(subjects, *record.cheimarros, graph);
  if (graph != Graph::kFull) return;
  add_properties(fields, *record.cheimarros);
  add_relations(fields, *record.cheimarros);
}

}  // namespace gantry::exporters::mods
