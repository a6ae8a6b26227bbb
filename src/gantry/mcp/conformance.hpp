// The tools, resources and prompts that the official conformance suite of the protocol asks a
// server for. They are there with `gantry mcp --conformance` only.
#pragma once

#include "gantry/mcp/server.hpp"

namespace gantry::mcp {

// All outlive the server. Some of the tools change the catalogue.
void add_conformance_fixtures(Catalogue& catalogue, async::Clock& clock, Server& server);

}  // namespace gantry::mcp
