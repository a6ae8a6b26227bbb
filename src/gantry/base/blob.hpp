// A body of bytes as a value: cheap to copy, never changed, with its hash.
//
// Small bodies live in memory. Large ones are a temporary file that all copies share and that goes
// with the last of them. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gantry/base/files.hpp"
#include "gantry/base/hash.hpp"

namespace gantry {

class Blob {
 public:
  // Bodies up to this size are kept in memory by whoever receives them from the network.
  static constexpr std::size_t kMemoryLimit = 64UL * 1024;

  Blob();  // empty
  static Blob from_bytes(std::string bytes);
  static Blob from_file(std::shared_ptr<TemporaryFile> file, std::uint64_t size, Digest digest);

  std::uint64_t size() const { return size_; }
  const Digest& digest() const { return digest_; }
  bool in_memory() const { return file_ == nullptr; }

  // The bytes of a blob in memory; empty for one in a file.
  std::string_view view() const;
  // All bytes, read from the file if need be. kTooLarge beyond `limit`.
  std::string read(std::uint64_t limit) const;
  // The first `count` bytes or fewer.
  std::string head(std::size_t count) const;
  // The last `count` bytes or fewer.
  std::string tail(std::size_t count) const;
  // Writes all bytes to a descriptor; `what` names the target in errors. Blocks.
  void copy_to(int descriptor, std::string_view what) const;

 private:
  std::string part(std::uint64_t offset, std::size_t count) const;

  std::shared_ptr<const std::string> bytes_;
  std::shared_ptr<TemporaryFile> file_;
  std::uint64_t size_ = 0;
  Digest digest_;
};

}  // namespace gantry
