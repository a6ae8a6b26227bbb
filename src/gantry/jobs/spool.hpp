// Bytes that are kept for a while: in memory as long as they are few, then in a file that goes with
// the object. All calls block once the file is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gantry/base/files.hpp"

namespace gantry::jobs {

class Spool {
 public:
  static constexpr std::size_t kMemoryLimit = 64UL * 1024;

  explicit Spool(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Whether so many more bytes need no disk.
  bool has_room(std::size_t bytes) const {
    return file_ == nullptr && bytes_.size() + bytes <= kMemoryLimit;
  }
  void append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // All bytes in their order, in pieces.
  void read(const std::function<void(std::string_view piece)>& sink) const;
  void clear();

 private:
  std::filesystem::path folder_;
  std::string bytes_;  // of the file: what is not written yet
  std::shared_ptr<TemporaryFile> file_;
  std::uint64_t size_ = 0;
};

// Reads exactly so many bytes of a file; `what` names it in the error. Blocks.
std::string read_at(int descriptor, std::uint64_t offset, std::size_t count, std::string_view what);

}  // namespace gantry::jobs
