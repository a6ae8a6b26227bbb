// Content identifiers of IPFS: what they say of the bytes that they name. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gantry/base/hash.hpp"

namespace gantry::archive {

struct Cid {
  int version = 0;          // 0 or 1
  std::uint64_t codec = 0;  // 0x55: the bytes themselves; 0x70: a node of a file in blocks
  std::uint64_t hash = 0;   // 0x12: SHA-256
  std::string digest;       // as bytes
};

// Version 0 ("Qm...") or 1 in base 32, 58 or 16. Nothing for any other text.
std::optional<Cid> parse_cid(std::string_view text);

// The SHA-256 of the bytes that `text` names, if it says so: a raw block. Of a file in blocks the
// hash is that of its first block, so that its bytes cannot be checked by it.
std::optional<Digest> hash_of_content(std::string_view text);

}  // namespace gantry::archive
