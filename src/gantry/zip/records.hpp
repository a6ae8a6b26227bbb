// The records of a ZIP archive as bytes: what stands before each member, the directory, its end.
//
// Members are stored, with sizes and checksum before their bytes, so that every reader can read the
// archive as a stream. ZIP64 is used for what does not fit into 32 bits and 16 bits, and only
// there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::zip {

struct Entry {
  std::string_view name;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  // of its local header
  std::uint32_t crc32 = 0;
  std::chrono::sys_seconds modified{};
};

std::string local_header(const Entry& entry);
std::size_t local_header_size(const Entry& entry);

std::string directory_entry(const Entry& entry);
std::size_t directory_entry_size(const Entry& entry);

// The directory begins at `offset` and has `size` bytes.
std::string directory_end(std::uint64_t entries, std::uint64_t offset, std::uint64_t size);

}  // namespace gantry::zip
