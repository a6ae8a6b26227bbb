#include "gantry/archive/parse.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "gantry/archive/json_reader.hpp"

namespace gantry::archive {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestCid = 256;

Pi pi_of(std::string_view text, std::string_view place) {
  auto pi = Pi::parse(text);
  if (!pi) refuse(fmt::format("{} is not a PI: 26 characters of 0-9 and A-Z", place));
  return *pi;
}

// It becomes part of addresses.
void check_cid(std::string_view text, std::string_view place) {
  auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool is_good = !text.empty() && text.size() <= kLongestCid &&
                 std::all_of(text.begin(), text.end(), is_plain);
  if (!is_good) refuse(fmt::format("{} is not a CID", place));
}

std::uint64_t version_of(const json::object& manifest) {
  const json::value* value = manifest.if_contains("ver");
  if (value == nullptr) refuse("ver is missing");
  json::error_code failure;
  auto version = value->to_number<std::uint64_t>(failure);
  if (failure) refuse("ver is not a whole number");
  return version;
}

std::vector<Component> components_of(const json::object& manifest) {
  std::vector<Component> components;
  const json::object* listed = find_object(manifest, "components");
  if (listed == nullptr) return components;
  components.reserve(listed->size());
  for (const auto& [key, cid] : *listed) {
    std::string place = fmt::format("components['{}']", std::string_view(key));
    if (!cid.is_string()) refuse(place + " is not a string");
    std::string_view text = cid.get_string();
    check_cid(text, place);
    components.push_back({std::string(key), std::string(text)});
  }
  std::sort(components.begin(), components.end(),
            [](const Component& a, const Component& b) { return a.key < b.key; });
  return components;
}

std::vector<Pi> children_of(const json::object& manifest) {
  std::vector<Pi> children;
  const json::array* listed = find_array(manifest, "children_pi");
  if (listed == nullptr) return children;
  children.reserve(listed->size());
  std::unordered_set<Pi, PiHash> seen;
  for (std::size_t i = 0; i < listed->size(); ++i) {
    const json::value& child = (*listed)[i];
    std::string_view text = child.is_string() ? std::string_view(child.get_string()) : "";
    auto pi = Pi::parse(text);
    if (!pi) pi = pi_of(text, fmt::format("children_pi[{}]", i));
    if (seen.insert(*pi).second) children.push_back(*pi);
  }
  return children;
}

Manifest manifest_of(const json::object& fields, const Pi& pi) {
  Manifest manifest;
  manifest.pi = pi;
  manifest.version = version_of(fields);
  manifest.timestamp = required_text(fields, "ts");
  manifest.cid = required_text(fields, "manifest_cid");
  check_cid(manifest.cid, "manifest_cid");
  manifest.components = components_of(fields);
  manifest.children = children_of(fields);
  std::string parent = text_or_empty(fields, "parent_pi");
  if (!parent.empty()) manifest.parent = pi_of(parent, "parent_pi");
  return manifest;
}

// A string, or a list of them; anything else is none.
std::vector<std::string> texts_of(const json::object& fields, std::string_view key) {
  std::vector<std::string> texts;
  auto add = [&texts](const json::value& value) {
    if (value.is_string() && !value.get_string().empty()) {
      texts.emplace_back(std::string_view(value.get_string()));
    }
  };
  const json::value* value = fields.if_contains(key);
  if (value == nullptr) return texts;
  add(*value);
  if (value->is_array()) {
    for (const json::value& item : value->get_array()) add(item);
  }
  return texts;
}

std::string text_of(const json::object& fields, std::string_view key) {
  const json::value* value = fields.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

json::object object_of(const json::object& fields, std::string_view key) {
  const json::value* value = fields.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

json::value value_of(const json::object& fields, std::string_view key) {
  const json::value* value = fields.if_contains(key);
  return value == nullptr ? json::value() : *value;
}

Relationship relationship_of(const json::object& fields) {
  Relationship relationship;
  std::string direction = text_or_empty(fields, "direction");
  if (direction != "outgoing" && direction != "incoming") {
    refuse("a relationship's direction is neither outgoing nor incoming");
  }
  relationship.is_outgoing = direction == "outgoing";
  relationship.predicate = required_text(fields, "predicate");
  relationship.target_id = required_text(fields, "target_id");
  relationship.target_label = text_of(fields, "target_label");
  relationship.source_pi = text_of(fields, "source_pi");
  relationship.created_at = text_of(fields, "created_at");
  relationship.properties = value_of(fields, "properties");
  return relationship;
}

}  // namespace

Entity parse_entity(std::string_view text) {
  json::object fields = parse_object(text);
  std::string identifier = text_or_empty(fields, "id");
  std::string older = text_or_empty(fields, "pi");
  if (identifier.empty()) identifier = older;
  if (identifier.empty()) refuse("it has neither id nor pi");
  Pi pi = pi_of(identifier, older == identifier ? "pi" : "id");
  const json::value* merged = fields.if_contains("merged");
  if (merged != nullptr && merged->is_bool() && merged->get_bool()) {
    return Merged{pi, pi_of(required_text(fields, "merged_into"), "merged_into")};
  }
  if (text_of(fields, "status") == "deleted") return Deleted{pi};
  return manifest_of(fields, pi);
}

Pinax parse_pinax(std::string_view text) {
  Pinax pinax;
  pinax.fields = parse_object(text);
  const json::object& fields = pinax.fields;
  pinax.id = text_of(fields, "id");
  pinax.title = text_of(fields, "title");
  pinax.type = text_of(fields, "type");
  pinax.institution = text_of(fields, "institution");
  pinax.created = text_of(fields, "created");
  pinax.access_url = text_of(fields, "access_url");
  pinax.language = text_of(fields, "language");
  pinax.description = text_of(fields, "description");
  pinax.source = text_of(fields, "source");
  pinax.rights = text_of(fields, "rights");
  pinax.creators = texts_of(fields, "creator");
  pinax.subjects = texts_of(fields, "subjects");
  pinax.places = texts_of(fields, "place");
  for (const char* key :
       {"id", "title", "type", "creator", "institution", "created", "access_url"}) {
    if (texts_of(fields, key).empty()) pinax.faults.push_back(fmt::format("{} is missing", key));
  }
  return pinax;
}

Cheimarros parse_cheimarros(std::string_view text) {
  Cheimarros cheimarros;
  cheimarros.fields = parse_object(text);
  if (const json::object* entities = find_object(cheimarros.fields, "entities")) {
    cheimarros.nodes.reserve(entities->size());
    for (const auto& [code, value] : *entities) {
      const json::object& node =
          required_object(value, fmt::format("entities['{}']", std::string_view(code)));
      cheimarros.places.emplace(code, cheimarros.nodes.size());
      cheimarros.nodes.push_back({std::string(code), text_of(node, "type"), text_of(node, "label"),
                                  object_of(node, "properties")});
    }
  }
  if (const json::array* relations = find_array(cheimarros.fields, "relations")) {
    for (const json::value& value : *relations) {
      const json::object& relation = required_object(value, "a relation");
      cheimarros.relations.push_back(
          {text_of(relation, "source"), text_of(relation, "target"), text_of(relation, "type")});
    }
  }
  return cheimarros;
}

Reference parse_reference(std::string_view text) {
  json::object fields = parse_object(text);
  Reference reference;
  reference.url = required_text(fields, "url");
  reference.cid = text_of(fields, "ipfs_cid");
  reference.type = text_of(fields, "type");
  reference.filename = text_of(fields, "filename");
  if (const json::value* size = fields.if_contains("size")) {
    json::error_code failure;
    auto bytes = size->to_number<std::uint64_t>(failure);
    if (!failure) reference.size = bytes;
  }
  if (const json::value* ocr = fields.if_contains("ocr"); ocr != nullptr && ocr->is_string()) {
    reference.ocr = std::string(std::string_view(ocr->get_string()));
  }
  return reference;
}

std::vector<LinkedEntity> parse_linked(std::string_view text, const Pi& pi) {
  json::object answer = parse_object(text);
  std::vector<LinkedEntity> linked;
  const json::array* entities = find_array(answer, "entities");
  if (entities == nullptr) return linked;
  // The graph tells an edge at both of its ends.
  std::set<std::tuple<std::string, std::string, std::string>> edges;
  std::string own = pi.text();
  for (const json::value& value : *entities) {
    LinkedEntity entity;
    entity.fields = required_object(value, "an entity");
    entity.id = required_text(entity.fields, "canonical_id");
    entity.label = text_of(entity.fields, "label");
    if (const json::array* edges_here = find_array(entity.fields, "relationships")) {
      for (const json::value& edge : *edges_here) {
        Relationship relationship = relationship_of(required_object(edge, "a relationship"));
        if (relationship.source_pi != own) continue;
        bool is_outgoing = relationship.is_outgoing;
        const std::string& from = is_outgoing ? entity.id : relationship.target_id;
        const std::string& to = is_outgoing ? relationship.target_id : entity.id;
        bool is_new = edges.emplace(from, relationship.predicate, to).second;
        if (is_new) entity.relationships.push_back(std::move(relationship));
      }
    }
    linked.push_back(std::move(entity));
  }
  return linked;
}

}  // namespace gantry::archive
