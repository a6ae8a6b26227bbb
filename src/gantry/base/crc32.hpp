// CRC-32 as ZIP archives, gzip and the checksums of S3 have it.
#pragma once

#include <cstdint>
#include <string_view>

namespace gantry {

std::uint32_t crc32(std::string_view bytes);

// Of two parts, one after the other, from the checksums of both: parts may be read at the same
// time, and a part may be checked long before the next one comes. Takes no longer for more bytes.
std::uint32_t crc32_of_both(std::uint32_t first, std::uint32_t second, std::uint64_t second_size);

}  // namespace gantry
