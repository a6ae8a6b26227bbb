#include "gantry/figma/model/item_builder.hpp"

#include <algorithm>

namespace gantry::figma {
namespace {

namespace json = boost::json;

// Keys that are looked for are shorter; of longer ones not all of the text is kept.
constexpr std::size_t kLongKey = 64;
// A collection of 5,000 variables that an extension overrides in 40 modes needs some 25 MB.
constexpr std::size_t kLargestItem = 32UL << 20;

}  // namespace

void ItemBuilder::begin(std::span<const Wanted> wanted) {
  stack_.reset();
  stack_.reset(&memory_.emplace(room_.data(), room_.size()));
  open_.clear();
  open_.push_back({.kind = Kind::kObject, .count = 0, .wanted = wanted});
  key_.clear();
  inner_ = {};
  is_unwanted_ = false;
  size_ = 0;
}

bool ItemBuilder::is_too_large() const { return size_ > kLargestItem; }

bool ItemBuilder::next_value() {
  bool is_wanted = !is_left_out();
  is_unwanted_ = false;
  if (!is_wanted) return false;
  ++open_.back().count;
  size_ += sizeof(json::value);
  return true;
}

bool ItemBuilder::open(Kind kind) {
  if (!next_value()) return false;
  const Open& outer = open_.back();
  open_.push_back(
      {.kind = kind, .count = 0, .wanted = outer.kind == Kind::kArray ? outer.wanted : inner_});
  return true;
}

bool ItemBuilder::close() {
  Open ended = open_.back();
  open_.pop_back();
  if (is_too_large()) return open_.empty();
  if (ended.kind == Kind::kArray) {
    stack_.push_array(ended.count);
  } else {
    stack_.push_object(ended.count);
  }
  return open_.empty();
}

void ItemBuilder::key_part(std::string_view part) {
  if (is_too_large()) return;
  if (open_.back().wanted.empty()) {
    size_ += part.size();
    stack_.push_chars(part);
  } else if (key_.size() < kLongKey) {
    key_.append(part.substr(0, kLongKey));
  }
}

void ItemBuilder::key(std::string_view part) {
  if (is_too_large()) return;
  std::span<const Wanted> wanted = open_.back().wanted;
  if (wanted.empty()) {
    size_ += part.size() + sizeof(json::key_value_pair);
    stack_.push_key(part);
    inner_ = {};
    return;
  }
  key_part(part);
  auto found = std::ranges::find(wanted, key_, &Wanted::key);
  is_unwanted_ = found == wanted.end();
  if (!is_unwanted_) {
    inner_ = found->inner;
    stack_.push_key(key_);
  }
  key_.clear();
}

void ItemBuilder::text_part(std::string_view part) {
  if (is_left_out()) return;
  size_ += part.size();
  stack_.push_chars(part);
}

void ItemBuilder::text(std::string_view part) {
  if (!next_value()) return;
  size_ += part.size();
  stack_.push_string(part);
}

void ItemBuilder::scalar(const json::value& value) {
  if (!next_value()) return;
  switch (value.kind()) {
    case json::kind::int64:
      return stack_.push_int64(value.get_int64());
    case json::kind::uint64:
      return stack_.push_uint64(value.get_uint64());
    case json::kind::double_:
      return stack_.push_double(value.get_double());
    case json::kind::bool_:
      return stack_.push_bool(value.get_bool());
    default:
      return stack_.push_null();
  }
}

}  // namespace gantry::figma
