// Styles and variables as Figma's JSON.
#pragma once

#include <boost/json.hpp>

#include "apps/sandbox/design.hpp"

namespace gantry::sandbox {

// Items of GET /v1/files/:key/styles.
boost::json::array published_styles(const File& file);
// What GET /v1/files/:key/variables/local has in "meta".
boost::json::object variables_json(const File& file);
// The styles by their nodes, as GET /v1/files/:key lists them.
boost::json::object styles_by_node(const File& file);
// The node that shows the style.
boost::json::object style_node_json(const Style& style);

}  // namespace gantry::sandbox
