#include "gantry/exporters/pinax/pinax.hpp"

#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "gantry/archive/text.hpp"
#include "gantry/base/pretty_json.hpp"
#include "gantry/exporters/pinax/json_text.hpp"

namespace gantry::exporters::pinax {
namespace {

namespace json = boost::json;
using archive::Role;

constexpr std::array<std::pair<EntitySource, std::string_view>, 4> kSources = {{
    {EntitySource::kNone, "none"},
    {EntitySource::kGraph, "graphdb"},
    {EntitySource::kCheimarros, "cheimarros"},
    {EntitySource::kBoth, "both"},
}};

// Of the members of an entity: each level of the tree adds that of its array and its own.
std::size_t indent_of(std::size_t depth) { return 4 + 4 * depth; }

json::object description_of(const archive::Record& record) {
  json::object fields = record.pinax->fields;
  fields["access_url"] = archive::page_of(record.manifest.pi);
  return fields;
}

json::object entity_of(const archive::LinkedEntity& linked) {
  json::object entity;
  auto copy = [&](const char* key) {
    if (const json::value* value = linked.fields.if_contains(key)) entity[key] = *value;
  };
  for (const char* key : {"canonical_id", "code", "label", "type"}) copy(key);
  entity["url"] = "https://www.arke.institute/" + linked.id;
  for (const char* key :
       {"properties", "created_by_pi", "source_pis", "first_seen", "last_updated"}) {
    copy(key);
  }
  return entity;
}

json::object relationship_of(const archive::LinkedEntity& linked,
                             const archive::Relationship& edge) {
  std::pair<std::string, std::string> own(linked.id, linked.label);
  std::pair<std::string, std::string> other(edge.target_id, edge.target_label);
  const auto& subject = edge.is_outgoing ? own : other;
  const auto& object = edge.is_outgoing ? other : own;
  json::object fields{{"subject_id", subject.first},   {"predicate", edge.predicate},
                      {"object_id", object.first},     {"subject_label", subject.second},
                      {"object_label", object.second}, {"source_pi", edge.source_pi}};
  if (!edge.properties.is_null()) fields["properties"] = edge.properties;
  if (!edge.created_at.empty()) fields["created_at"] = edge.created_at;
  return fields;
}

// What an entity has in any case, and its parent.
std::string head_of(const archive::Manifest& manifest, const archive::Place& place,
                    const json::value& pinax, const json::value& description) {
  std::size_t indent = indent_of(place.depth());
  std::string text = "{" + next_line(true, indent) + "\"pi\": \"" + manifest.pi.text() + "\"";
  text += member("manifest_cid", manifest.cid, indent);
  text += member("ver", manifest.version, indent);
  text += member("ts", manifest.timestamp, indent);
  text += member("depth", place.depth(), indent);
  text += member("pinax", pinax, indent);
  text += member("description", description, indent);
  if (manifest.parent) text += member("parent_pi", manifest.parent->text(), indent);
  return text;
}

class Writer final : public archive::RecordWriter {
 public:
  Writer(const archive::Record& record, const archive::Place& place, const Options& options,
         std::uint64_t& replaced)
      : record_(record),
        place_(place),
        options_(options),
        replaced_(replaced),
        indent_(indent_of(place.depth())) {}

  std::string begin() override {
    json::value pinax = record_.pinax ? json::value(description_of(record_)) : json::value();
    json::value description;
    bool is_cut = false;
    if (record_.description) {
      std::string text = archive::valid_utf8(*record_.description, replaced_);
      description = archive::shortened(text, options_.max_text_length, is_cut);
    }
    std::string text = head_of(record_.manifest, place_, pinax, description);
    if (is_cut) text += member("description_truncated", true, indent_);
    if (!record_.merged_from.empty()) {
      json::array merged;
      for (const archive::Pi& pi : record_.merged_from) merged.emplace_back(pi.text());
      text += member("merged_from", merged, indent_);
    }
    text += graph();
    if (options_.include_components) text += next_line(false, indent_) + "\"components\": [";
    return text;
  }

  std::string component(const archive::Component& component,
                        const archive::Reference* reference) override {
    Role role = archive::role_of(component.key);
    if (!options_.include_components || !options_.component_types.contains(role)) return {};
    json::object fields{{"key", component.key},
                        {"cid", component.cid},
                        {"url", archive::gateway_address(component.cid)},
                        {"type", archive::to_string(role)}};
    if (reference != nullptr) fields["ref"] = reference_of(*reference);
    std::string text = next_line(!has_components_, indent_ + 2);
    has_components_ = true;
    return text + pretty_json(fields, indent_ + 2);
  }

  std::string end() override {
    if (!options_.include_components) return {};
    return (has_components_ ? next_line(true, indent_) : "") + "]";
  }

 private:
  std::string graph() const {
    std::string text;
    bool wants_graph = options_.entity_source == EntitySource::kGraph ||
                       options_.entity_source == EntitySource::kBoth;
    if (wants_graph) {
      json::array entities;
      json::array relationships;
      for (const archive::LinkedEntity& linked : record_.linked) {
        entities.push_back(entity_of(linked));
        for (const archive::Relationship& edge : linked.relationships) {
          relationships.push_back(relationship_of(linked, edge));
        }
      }
      text += member("entities", entities, indent_);
      text += member("relationships", relationships, indent_);
    }
    if (record_.cheimarros) text += member("cheimarros", record_.cheimarros->fields, indent_);
    return text;
  }

  json::object reference_of(const archive::Reference& reference) const {
    json::object fields{{"mime_type", reference.type}};
    if (reference.size) fields["size"] = *reference.size;
    fields["cdn_url"] = reference.url;
    if (!options_.include_ocr || !reference.ocr) return fields;
    bool is_cut = false;
    fields["ocr_text"] = archive::shortened(*reference.ocr, options_.max_text_length, is_cut);
    if (is_cut) fields["ocr_truncated"] = true;
    return fields;
  }

  const archive::Record& record_;
  const archive::Place& place_;
  const Options& options_;
  std::uint64_t& replaced_;
  std::size_t indent_;
  bool has_components_ = false;
};

json::object resolved(const Options& options) {
  json::array types;
  for (Role role : options.component_types) types.emplace_back(archive::to_string(role));
  return {{"recursive", options.is_recursive},
          {"maxDepth", options.max_depth},
          {"includeOcr", options.include_ocr},
          {"maxTextLength", options.max_text_length},
          {"entitySource", to_string(options.entity_source)},
          {"includeComponents", options.include_components},
          {"componentTypes", types},
          {"refJsonBatchSize", options.references_ahead},
          {"graphdbBatchSize", options.graph_ahead},
          {"entityBatchSize", options.entities_ahead}};
}

}  // namespace

std::string_view to_string(EntitySource source) {
  for (const auto& [known, word] : kSources) {
    if (known == source) return word;
  }
  return {};
}

std::optional<EntitySource> parse_entity_source(std::string_view word) {
  for (const auto& [source, known] : kSources) {
    if (known == word) return source;
  }
  return std::nullopt;
}

std::string Document::opening(std::string_view exported_at) const {
  return fmt::format("{{\n  \"$schema\": \"{}\"", kSchema) +
         member("version", std::string_view("1.0.0"), 2) + member("exported_at", exported_at, 2) +
         member("export_options", resolved(options_), 2) + ",\n  \"root\": ";
}

std::string Document::closing() { return "\n}\n"; }

std::unique_ptr<archive::RecordWriter> Document::record(const archive::Record& record,
                                                        const archive::Place& place) {
  return std::make_unique<Writer>(record, place, options_, replaced_);
}

std::string Document::absence(const archive::Absence& absence, const archive::Place& place) {
  std::size_t indent = indent_of(place.depth());
  if (absence.manifest) {
    return head_of(*absence.manifest, place, nullptr, nullptr) +
           member("export_error", absence.reason, indent);
  }
  json::object fields{{"pi", place.pi().text()}, {"export_error", absence.reason}};
  return pretty_json(fields, indent - 2);
}

std::string Document::elsewhere(const std::vector<archive::Pi>& children, std::size_t depth) {
  if (children.empty()) return {};
  json::array list;
  for (const archive::Pi& child : children) list.emplace_back(child.text());
  return member("children_elsewhere", list, indent_of(depth));
}

std::string Document::children_opening(std::size_t depth) {
  return next_line(false, indent_of(depth)) + "\"children\": [";
}

std::string Document::children_closing(std::size_t depth) {
  return next_line(true, indent_of(depth)) + "]";
}

std::string Document::absent_opening(std::size_t depth) {
  return next_line(false, indent_of(depth)) + "\"children_absent\": [";
}

std::string Document::absent_closing(std::size_t depth) { return children_closing(depth); }

std::string Document::separator(bool is_first, std::size_t depth) {
  return next_line(is_first, indent_of(depth) - 2);
}

std::string Document::entity_closing(std::size_t depth, std::size_t children) {
  std::size_t indent = indent_of(depth);
  return member("children_count", children, indent) + next_line(true, indent - 2) + "}";
}

}  // namespace gantry::exporters::pinax
