// Figma's answers as plain values, and the parsers that read them from JSON text. Pure.
//
// The parsers ignore fields and words that they do not know and are strict about what Gantry needs:
// they throw Error kBadResponse naming the JSON path at fault ("meta.components[3].node_id is
// missing"). Where the body is one of Figma's error answers its message is in the Error.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::figma {

struct FileMeta {
  std::string name;
  std::string version;  // empty where Figma leaves it out
  std::string last_modified;
  std::string editor_type;

  bool operator==(const FileMeta&) const = default;
};

// Where a component lies. The fields of a component directly on a page, outside any frame, are
// empty but for the page's.
struct ContainingFrame {
  std::string name;
  std::string node_id;
  std::string page_id;
  std::string page_name;

  bool operator==(const ContainingFrame&) const = default;
};

struct ContainingSet {
  std::string name;
  std::string node_id;

  bool operator==(const ContainingSet&) const = default;
};

// A published component, or a component set.
struct Component {
  std::string node_id;
  std::string name;  // of a variant: its properties, "Size=24, State=On"
  std::string description;
  std::string updated_at;
  ContainingFrame frame;
  std::optional<ContainingSet> set;  // of a variant

  bool operator==(const Component&) const = default;
};

// Node id -> address of the picture; empty for a node that cannot be rendered.
using Addresses = std::map<std::string, std::optional<std::string>>;

struct RenderedImages {
  Addresses urls;
  std::optional<std::string> error;
};

// What an error answer says. The status is 0 where the body has none.
struct ApiProblem {
  int status = 0;
  std::string message;
};

// GET /v1/files/:key/meta, also wrapped in "file", and GET /v1/files/:key?depth=1.
FileMeta parse_file_meta(std::string_view body);
// GET /v1/files/:key/components, in the order of the answer; of equal node ids the first.
std::vector<Component> parse_components(std::string_view body);
// GET /v1/files/:key/component_sets, likewise.
std::vector<Component> parse_component_sets(std::string_view body);
// GET /v1/images/:key.
RenderedImages parse_images(std::string_view body);

// What an error answer of either shape says: {"status", "err"} or {"error", "status", "message"}.
// Nothing for a body that is not JSON or not an error.
std::optional<ApiProblem> parse_problem(std::string_view body);

}  // namespace gantry::figma
