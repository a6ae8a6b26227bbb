#include "gantry/jobs/place_queue.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "gantry/jobs/spool.hpp"

namespace gantry::jobs {
namespace {

constexpr std::size_t kBlock = 64UL * 1024;

void append(std::string& text, const archive::Pi& pi) {
  text.append(reinterpret_cast<const char*>(pi.bytes().data()), archive::Pi::kBytes);
}

}  // namespace

void PlaceQueue::push(const archive::Place& place, const archive::Pi& child) {
  tail_ += static_cast<char>(place.path.size() + 1);  // of at most 51 entities
  for (const archive::Pi& pi : place.path) append(tail_, pi);
  append(tail_, child);
  ++pushed_;
  if (tail_.size() >= kBlock) spill();
}

void PlaceQueue::spill() {
  if (file_ == nullptr) {
    file_ = TemporaryFile::create(folder_, "queue.");
    file_begin_ = file_end_ = 0;
  }
  auto size = static_cast<std::uint32_t>(tail_.size());
  file_->append({reinterpret_cast<const char*>(&size), sizeof size});
  file_->append(tail_);
  file_end_ += sizeof size + size;
  tail_.clear();
}

void PlaceQueue::refill() {
  head_.clear();
  read_ = 0;
  if (file_ == nullptr) {
    std::swap(head_, tail_);
    return;
  }
  std::string name = file_->path().string();
  std::uint32_t size = 0;
  std::string bytes = read_at(file_->descriptor(), file_begin_, sizeof size, name);
  std::memcpy(&size, bytes.data(), sizeof size);
  head_ = read_at(file_->descriptor(), file_begin_ + sizeof size, size, name);
  file_begin_ += sizeof size + size;
  // Its space is given back when it is used up, and a new one made when it is needed.
  if (file_begin_ == file_end_) file_.reset();
}

std::optional<archive::Place> PlaceQueue::pop() {
  if (read_ == head_.size()) refill();
  if (head_.empty()) return std::nullopt;
  auto count = static_cast<unsigned char>(head_[read_++]);
  archive::Place place;
  place.path.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    std::array<std::uint8_t, archive::Pi::kBytes> bytes{};
    std::memcpy(bytes.data(), head_.data() + read_, bytes.size());
    read_ += bytes.size();
    place.path.push_back(archive::Pi::from_bytes(bytes));
  }
  return place;
}

}  // namespace gantry::jobs
