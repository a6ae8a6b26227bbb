// The archive's documents, read. A document that cannot be used throws Error kBadResponse that says
// where and why; callers add which document it is. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "gantry/archive/model.hpp"

namespace gantry::archive {

// GET /entities/{pi}: a manifest in either of its shapes (its identifier is called `pi` or `id`),
// or what stands in its place for an entity that was merged or deleted.
Entity parse_entity(std::string_view text);

// pinax.json. A field of a wrong type counts as absent; what every PINAX must have and this one has
// not is among the faults.
Pinax parse_pinax(std::string_view text);

// cheimarros.json.
Cheimarros parse_cheimarros(std::string_view text);

// *.ref.json.
Reference parse_reference(std::string_view text);

// The answer of the graph, without relationships that it tells twice and those that another entity
// has told (source_pi).
std::vector<LinkedEntity> parse_linked(std::string_view text, const Pi& pi);

}  // namespace gantry::archive
