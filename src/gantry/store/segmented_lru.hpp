// A map from string keys to values that holds at most so many bytes: a segmented LRU.
//
// A new entry is on probation; the first find() makes it protected, and protected entries have up
// to four fifths of the bytes. What goes for want of room is the entry on probation that was not
// used for the longest time, so that a scan of things that are used once drives out nothing that
// is used again. One thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gantry::store {

template <class Value>
class SegmentedLru {
  static_assert(std::is_nothrow_move_constructible_v<Value>);

 public:
  // About what an entry costs beside its key and its value.
  static constexpr std::size_t kOverhead = 96;

  explicit SegmentedLru(std::size_t max_bytes) : max_bytes_(max_bytes) {
    links_.resize(kFirstEntry);
    for (std::uint32_t head : {kProbation, kProtected}) links_[head] = {head, head, 0};
  }
  ~SegmentedLru() { clear(); }
  SegmentedLru(const SegmentedLru&) = delete;
  SegmentedLru& operator=(const SegmentedLru&) = delete;

  // A use of the entry. The value stays where it is until the next insert(), erase() or clear().
  Value* find(std::string_view key) {
    const Slot* slot = slot_of(key, hash_of(key));
    if (slot == nullptr) return nullptr;
    promote(slot->index);
    return &entry(slot->index).value;
  }

  // Replaces what the key had; that is no use of it. The entry weighs `weight`, which is the
  // value's, and its key and kOverhead. False if that is more than a quarter of all bytes: one
  // entry must not drive out everything else. Then the key has nothing.
  bool insert(std::string key, Value value, std::size_t weight) {
    std::uint32_t hash = hash_of(key);
    std::size_t charge = weight + key.size() + kOverhead;
    const Slot* slot = slot_of(key, hash);
    if (charge > max_bytes_ / 4) {
      if (slot != nullptr) drop(slot->index);
      return false;
    }
    if (slot != nullptr) {
      replace(slot->index, std::move(value), charge);
    } else {
      add(std::move(key), hash, std::move(value), charge);
    }
    return true;
  }

  // No use of the entry.
  bool contains(std::string_view key) const { return slot_of(key, hash_of(key)) != nullptr; }

  bool erase(std::string_view key) {
    const Slot* slot = slot_of(key, hash_of(key));
    if (slot == nullptr) return false;
    drop(slot->index);
    return true;
  }

  void clear() {
    for (std::uint32_t head : {kProbation, kProtected}) {
      while (links_[head].next != head) drop(links_[head].next);
    }
  }

  std::size_t size() const { return size_; }
  // Weights of all entries with their keys and kOverhead; never more than max_bytes().
  std::size_t bytes() const { return bytes_; }
  std::size_t max_bytes() const { return max_bytes_; }
  // How many entries went for want of room.
  std::uint64_t evicted() const { return evicted_; }

 private:
  // Links and weights are kept apart from the entries, so that to move an entry in its list, which
  // touches its neighbours, stays within a small array.
  struct Link {
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
    std::size_t charge : 63 = 0;
    std::size_t is_protected : 1 = 0;
  };
  struct Entry {
    std::string key;
    Value value;
    std::uint32_t hash;
  };
  union Cell {
    Cell() {}   // NOLINT: the entry is made when it is needed
    ~Cell() {}  // NOLINT
    Entry entry;
  };
  // Open addressing. No entry has the index 0.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t index = 0;
  };

  // The heads of the two lists are links without an entry.
  static constexpr std::uint32_t kProbation = 0;
  static constexpr std::uint32_t kProtected = 1;
  static constexpr std::uint32_t kFirstEntry = 2;
  static constexpr std::size_t kChunk = 256;

  static std::uint32_t hash_of(std::string_view key) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>()(key));
  }
  Entry& entry(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk].entry; }
  const Entry& entry(std::uint32_t index) const {
    return chunks_[index / kChunk][index % kChunk].entry;
  }
  std::size_t mask() const { return slots_.size() - 1; }

  const Slot* slot_of(std::string_view key, std::uint32_t hash) const {
    if (size_ == 0) return nullptr;
    for (std::size_t place = hash & mask();; place = (place + 1) & mask()) {
      const Slot& slot = slots_[place];
      if (slot.index == 0) return nullptr;
      if (slot.hash == hash && entry(slot.index).key == key) return &slot;
    }
  }

  void add_slot(std::uint32_t hash, std::uint32_t index) {
    std::size_t place = hash & mask();
    while (slots_[place].index != 0) place = (place + 1) & mask();
    slots_[place] = {hash, index};
  }

  // Closes the gap, so that every entry is found from where its hash points to.
  void remove_slot(std::uint32_t hash, std::uint32_t index) {
    std::size_t gap = hash & mask();
    while (slots_[gap].index != index) gap = (gap + 1) & mask();
    for (std::size_t place = (gap + 1) & mask(); slots_[place].index != 0;
         place = (place + 1) & mask()) {
      std::size_t home = slots_[place].hash & mask();
      if (((place - home) & mask()) < ((place - gap) & mask())) continue;
      slots_[gap] = slots_[place];
      gap = place;
    }
    slots_[gap] = {};
  }

  void reserve_slot() {
    if ((size_ + 1) * 3 < slots_.size() * 2) return;
    std::vector<Slot> old(std::max<std::size_t>(16, slots_.size() * 2));
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.index != 0) add_slot(slot.hash, slot.index);
    }
  }

  std::uint32_t take_cell() {
    if (free_ != 0) return std::exchange(free_, links_[free_].next);
    auto index = static_cast<std::uint32_t>(links_.size());
    if (index / kChunk >= chunks_.size()) chunks_.push_back(std::make_unique<Cell[]>(kChunk));
    links_.emplace_back();
    return index;
  }

  void add(std::string key, std::uint32_t hash, Value value, std::size_t charge) {
    make_room(charge);
    reserve_slot();
    std::uint32_t index = take_cell();
    std::construct_at(&entry(index), Entry{std::move(key), std::move(value), hash});
    add_slot(hash, index);
    links_[index].charge = charge;
    links_[index].is_protected = 0;
    link(index);
    ++size_;
  }

  void replace(std::uint32_t index, Value value, std::size_t charge) {
    // Not in a list while there is made room for it.
    unlink(index);
    make_room(charge);
    std::destroy_at(&entry(index).value);
    std::construct_at(&entry(index).value, std::move(value));
    links_[index].charge = charge;
    link(index);
    demote();
  }

  void drop(std::uint32_t index) {
    remove_slot(entry(index).hash, index);
    unlink(index);
    std::destroy_at(&entry(index));
    links_[index].next = std::exchange(free_, index);
    --size_;
  }

  void promote(std::uint32_t index) {
    bool was_protected = links_[index].is_protected != 0;
    if (was_protected && links_[kProtected].next == index) return;
    unlink(index);
    links_[index].is_protected = 1;
    link(index);
    if (!was_protected) demote();
  }

  void demote() {
    while (protected_bytes_ > max_bytes_ / 5 * 4) {
      std::uint32_t last = links_[kProtected].previous;
      unlink(last);
      links_[last].is_protected = 0;
      link(last);
    }
  }

  void make_room(std::size_t charge) {
    while (bytes_ + charge > max_bytes_) {
      std::uint32_t last = links_[kProbation].previous;
      drop(last != kProbation ? last : links_[kProtected].previous);
      ++evicted_;
    }
  }

  // Puts the entry first in its list.
  void link(std::uint32_t index) {
    Link& own = links_[index];
    std::uint32_t head = own.is_protected != 0 ? kProtected : kProbation;
    own.previous = head;
    own.next = links_[head].next;
    links_[own.next].previous = index;
    links_[head].next = index;
    bytes_ += own.charge;
    if (own.is_protected != 0) protected_bytes_ += own.charge;
  }

  void unlink(std::uint32_t index) {
    const Link& own = links_[index];
    links_[own.previous].next = own.next;
    links_[own.next].previous = own.previous;
    bytes_ -= own.charge;
    if (own.is_protected != 0) protected_bytes_ -= own.charge;
  }

  std::size_t max_bytes_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::size_t protected_bytes_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint32_t free_ = 0;  // cells without an entry, linked by `next`
  std::vector<Link> links_;
  std::vector<std::unique_ptr<Cell[]>> chunks_;
  std::vector<Slot> slots_;
};

}  // namespace gantry::store
