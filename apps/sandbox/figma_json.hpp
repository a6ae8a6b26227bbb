// The design as Figma's JSON.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "apps/sandbox/design.hpp"

namespace gantry::sandbox {

boost::json::object user_json();
// When the simulated files were made and last changed.
std::string_view created_at();
std::string_view updated_at();

// What all published things have in their lists.
boost::json::object published_item(const File& file, std::string_view key, std::string_view node_id,
                                   std::string_view name, std::string_view description);
// Items of GET /v1/files/:key/components and component_sets.
boost::json::array published_components(const File& file);
boost::json::array published_component_sets(const File& file);

// The answer of GET /v1/files/:key; `depth` counts from the document: 1 gives the pages alone.
boost::json::object file_json(const File& file, std::optional<int> depth);
// The value of one id in GET /v1/files/:key/nodes, null if the file has no such node; `depth`
// counts from the node.
boost::json::value node_json(const File& file, std::string_view node_id, std::optional<int> depth);

}  // namespace gantry::sandbox
