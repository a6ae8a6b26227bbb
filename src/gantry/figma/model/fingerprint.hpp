// What a node looks like as one value: equal fingerprints, equal drawings. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/base/hash.hpp"

namespace gantry::figma {

// By id: nothing for a node that the file does not have.
using Fingerprints = std::map<std::string, std::optional<Digest>>;

// GET /v1/files/:key/nodes?geometry=paths. Everything that the answer says of a node and of what
// lies in it counts: shapes, order, text, effects, visibility, sizes. Only its place in the file
// does not, nor anything that merely depends on that place: a component that is moved as a whole is
// drawn as before. kBadResponse for another answer.
Fingerprints parse_fingerprints(std::string_view body);

}  // namespace gantry::figma
