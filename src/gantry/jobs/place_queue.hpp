// The entities that are still to be exported, first in, first out: on disk but for its two ends, so
// that its length costs no memory. All calls may block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "gantry/archive/document.hpp"
#include "gantry/base/files.hpp"

namespace gantry::jobs {

class PlaceQueue {
 public:
  // Its file is in `folder`.
  explicit PlaceQueue(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // `place.path`, and `child` at its end.
  void push(const archive::Place& place, const archive::Pi& child);
  std::optional<archive::Place> pop();
  // All there ever were.
  std::uint64_t pushed() const { return pushed_; }
  // Bytes in memory.
  std::size_t held() const { return head_.capacity() + tail_.capacity(); }

 private:
  void spill();
  void refill();

  std::filesystem::path folder_;
  std::string head_;      // read from here
  std::size_t read_ = 0;  // of it
  std::string tail_;      // written to here
  // Blocks of the size of a full tail, each behind its length.
  std::shared_ptr<TemporaryFile> file_;
  std::uint64_t file_begin_ = 0;
  std::uint64_t file_end_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace gantry::jobs
