// What the archive tells of an entity, as plain values. Texts are as they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "gantry/archive/pi.hpp"

namespace gantry::archive {

// A file of an entity.
struct Component {
  std::string key;  // "page-1.jpg.ref.json"
  std::string cid;  // letters and digits
};

// What a component is, by its key.
enum class Role { kPinax, kDescription, kCheimarros, kReference, kOther };
Role role_of(std::string_view key);
// "ref", "pinax", "description", "cheimarros", "other".
std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view word);

struct Manifest {
  Pi pi;
  std::uint64_t version = 0;
  std::string timestamp;              // "2026-01-01T10:00:00.000Z"
  std::string cid;                    // of the manifest itself
  std::vector<Component> components;  // by key
  std::vector<Pi> children;           // in the archive's order, each once
  std::optional<Pi> parent;

  // Null if there is none.
  const Component* find(Role role) const;
};
// The entity lives on as another one.
struct Merged {
  Pi pi;
  Pi into;
};
struct Deleted {
  Pi pi;
};
using Entity = std::variant<Manifest, Merged, Deleted>;

// The description of an entity: Dublin Core by other names. Fields are empty where they are absent.
struct Pinax {
  boost::json::object fields;  // all of them, in their order
  std::string id, title, type, institution, created, access_url;
  std::string language, description, source, rights;
  std::vector<std::string> creators, subjects, places;
  std::vector<std::string> faults;  // "creator is missing", of fields that every PINAX must have
};

// People, places, ... that an entity tells of, and what connects them.
struct Cheimarros {
  struct Node {
    std::string code, type, label;
    boost::json::object properties;
  };
  struct Relation {
    std::string source, target, type;  // codes of nodes
  };
  boost::json::object fields;  // all of it
  std::vector<Node> nodes;
  std::vector<Relation> relations;
  std::unordered_map<std::string, std::size_t> places;  // of nodes, by code

  const Node* find(std::string_view code) const;
};

// A page or another file that lies on the CDN.
struct Reference {
  std::string url, cid, type, filename;
  std::optional<std::uint64_t> size;  // bytes
  std::optional<std::string> ocr;
};

// An edge of the graph that begins or ends at a linked entity.
struct Relationship {
  bool is_outgoing = true;
  std::string predicate, target_id, target_label, source_pi, created_at;
  boost::json::value properties;
};
// What the graph knows of an entity.
struct LinkedEntity {
  boost::json::object fields;  // all of it
  std::string id, label;
  std::vector<Relationship> relationships;
};

}  // namespace gantry::archive
