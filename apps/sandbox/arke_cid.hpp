// Content identifiers as the simulated archive gives them.
#pragma once

#include <string>
#include <string_view>

namespace gantry::sandbox {

// Version 1 of a raw block: the hash of the bytes themselves.
std::string cid_of(std::string_view bytes);
// Version 1 of a file in blocks: a name that tells nothing of the bytes.
std::string opaque_cid_of(std::string_view bytes);

}  // namespace gantry::sandbox
