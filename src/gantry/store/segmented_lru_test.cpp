#include "gantry/store/segmented_lru.hpp"

#include <list>
#include <memory>
#include <optional>
#include <random>

#include <gtest/gtest.h>

namespace gantry::store {
namespace {

using Lru = SegmentedLru<int>;

std::string numbered(int number) { return "key " + std::to_string(number); }

// Room for so many entries of the weight that add() gives them.
std::size_t room_for(std::size_t count) { return count * 200; }
bool add(Lru& lru, int number) {
  return lru.insert(numbered(number), number, 200 - numbered(number).size() - Lru::kOverhead);
}
bool holds(Lru& lru, int number) {
  int* found = lru.find(numbered(number));
  return found != nullptr && *found == number;
}

TEST(SegmentedLru, FindsWhatWasInsertedAndNotErased) {
  Lru lru(10'000);
  EXPECT_EQ(lru.find("a"), nullptr);
  EXPECT_FALSE(lru.erase("a"));
  EXPECT_TRUE(lru.insert("a", 1, 10));
  EXPECT_TRUE(lru.insert("", 2, 0));
  EXPECT_TRUE(lru.insert(std::string("a\0b", 3), 3, 0));
  EXPECT_EQ(*lru.find("a"), 1);
  EXPECT_EQ(*lru.find(""), 2);
  EXPECT_EQ(*lru.find(std::string_view("a\0b", 3)), 3);
  EXPECT_EQ(lru.size(), 3U);
  EXPECT_EQ(lru.bytes(), 10U + 4U + 3 * Lru::kOverhead);
  EXPECT_TRUE(lru.erase("a"));
  EXPECT_EQ(lru.find("a"), nullptr);
  EXPECT_EQ(lru.bytes(), 3U + 2 * Lru::kOverhead);
  lru.clear();
  EXPECT_EQ(lru.size(), 0U);
  EXPECT_EQ(lru.bytes(), 0U);
  EXPECT_EQ(lru.find(""), nullptr);
  EXPECT_EQ(lru.evicted(), 0U);
}

TEST(SegmentedLru, EvictsTheEntryOnProbationThatWasInsertedFirst) {
  Lru lru(room_for(10));
  for (int i = 0; i < 12; ++i) add(lru, i);
  EXPECT_EQ(lru.size(), 10U);
  EXPECT_EQ(lru.bytes(), room_for(10));
  EXPECT_EQ(lru.evicted(), 2U);
  EXPECT_FALSE(holds(lru, 0));
  EXPECT_FALSE(holds(lru, 1));
  EXPECT_TRUE(holds(lru, 2));
}

TEST(SegmentedLru, AScanDrivesOutNothingThatWasUsedTwice) {
  Lru lru(room_for(100));
  for (int i = 0; i < 80; ++i) add(lru, i);
  for (int i = 0; i < 80; ++i) EXPECT_TRUE(holds(lru, i));
  for (int i = 1'000; i < 11'000; ++i) add(lru, i);
  for (int i = 0; i < 80; ++i) EXPECT_TRUE(holds(lru, i)) << i;
  EXPECT_TRUE(holds(lru, 10'999));
  EXPECT_EQ(lru.size(), 100U);
}

TEST(SegmentedLru, ProtectedEntriesThatAreNotUsedAnyMoreGoInTheEnd) {
  Lru lru(room_for(10));
  for (int i = 0; i < 8; ++i) add(lru, i);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(holds(lru, i));
  for (int i = 100; i < 108; ++i) {
    add(lru, i);
    EXPECT_TRUE(holds(lru, i));
  }
  EXPECT_FALSE(holds(lru, 0));
  EXPECT_FALSE(holds(lru, 5));
  EXPECT_TRUE(holds(lru, 6)) << "it is on probation again";
  for (int i = 100; i < 108; ++i) EXPECT_TRUE(holds(lru, i));
}

TEST(SegmentedLru, ReplacingChangesTheWeightAndKeepsTheSegment) {
  Lru lru(10'000);
  lru.insert("used", 1, 100);
  EXPECT_EQ(*lru.find("used"), 1);
  lru.insert("used", 2, 1'000);
  EXPECT_EQ(lru.bytes(), 1'004U + Lru::kOverhead);
  for (int i = 0; i < 1'000; ++i) add(lru, i);
  ASSERT_NE(lru.find("used"), nullptr);
  EXPECT_EQ(*lru.find("used"), 2);
  EXPECT_LE(lru.bytes(), 10'000U);
}

TEST(SegmentedLru, RefusesAnEntryThatWouldDriveOutTooMuchAndForgetsTheOldOne) {
  Lru lru(10'000);
  EXPECT_TRUE(lru.insert("k", 1, 1));
  EXPECT_TRUE(lru.insert("other", 1, 1));
  EXPECT_FALSE(lru.insert("k", 2, 2'500));
  EXPECT_EQ(lru.find("k"), nullptr);
  EXPECT_NE(lru.find("other"), nullptr);
  EXPECT_FALSE(Lru(0).insert("k", 1, 0));
}

TEST(SegmentedLru, HoldsValuesThatCanOnlyBeMovedAndDestroysThem) {
  auto shared = std::make_shared<int>(7);
  struct Held {
    std::unique_ptr<std::shared_ptr<int>> inner;
  };
  {
    SegmentedLru<Held> lru(5'000);
    for (int i = 0; i < 100; ++i) {
      lru.insert(numbered(i), {std::make_unique<std::shared_ptr<int>>(shared)}, 100);
    }
    lru.erase(numbered(99));
    lru.insert(numbered(98), {std::make_unique<std::shared_ptr<int>>(shared)}, 100);
    EXPECT_EQ(shared.use_count(), static_cast<long>(lru.size()) + 1);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

// The same rules with two plain lists, most recently used first.
class Model {
 public:
  explicit Model(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::optional<int> find(const std::string& name) {
    std::optional<Item> item = take(name);
    if (!item) return std::nullopt;
    protected_.push_front(*item);
    demote();
    return item->value;
  }
  bool insert(const std::string& name, int value, std::size_t weight) {
    std::size_t charge = weight + name.size() + Lru::kOverhead;
    bool was_protected = in(protected_, name);
    take(name);
    if (charge > max_bytes_ / 4) return false;
    while (bytes() + charge > max_bytes_) {
      (probation_.empty() ? protected_ : probation_).pop_back();
      ++evicted;
    }
    (was_protected ? protected_ : probation_).push_front({name, value, charge});
    demote();
    return true;
  }
  bool erase(const std::string& name) { return take(name).has_value(); }
  std::size_t bytes() const { return sum(probation_) + sum(protected_); }
  std::size_t size() const { return probation_.size() + protected_.size(); }

  std::uint64_t evicted = 0;

 private:
  struct Item {
    std::string name;
    int value;
    std::size_t charge;
  };
  static std::size_t sum(const std::list<Item>& list) {
    std::size_t total = 0;
    for (const Item& item : list) total += item.charge;
    return total;
  }
  static bool in(const std::list<Item>& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Item& item) { return item.name == name; });
  }
  std::optional<Item> take(const std::string& name) {
    for (auto* list : {&probation_, &protected_}) {
      for (auto item = list->begin(); item != list->end(); ++item) {
        if (item->name != name) continue;
        Item taken = *item;
        list->erase(item);
        return taken;
      }
    }
    return std::nullopt;
  }
  void demote() {
    while (sum(protected_) > max_bytes_ / 5 * 4) {
      probation_.push_front(protected_.back());
      protected_.pop_back();
    }
  }

  std::size_t max_bytes_;
  std::list<Item> probation_;
  std::list<Item> protected_;
};

void compare_with_the_model(unsigned seed) {
  std::mt19937 random(seed);
  std::size_t max_bytes = 1'000 + random() % 20'000;
  int keys = 1 + static_cast<int>(random() % 300);
  Lru lru(max_bytes);
  Model model(max_bytes);
  for (int step = 0; step < 2'000; ++step) {
    std::string name = numbered(static_cast<int>(random() % static_cast<unsigned>(keys)));
    switch (random() % 8) {
      case 0:
        ASSERT_EQ(lru.erase(name), model.erase(name));
        break;
      case 1:
      case 2:
      case 3: {
        std::size_t weight = random() % 16 == 0 ? random() % max_bytes : random() % 200;
        ASSERT_EQ(lru.insert(name, step, weight), model.insert(name, step, weight));
        break;
      }
      default:
        int* found = lru.find(name);
        ASSERT_EQ(found == nullptr ? std::nullopt : std::optional(*found), model.find(name));
    }
    ASSERT_EQ(lru.size(), model.size());
    ASSERT_EQ(lru.bytes(), model.bytes());
    ASSERT_EQ(lru.evicted(), model.evicted);
    ASSERT_LE(lru.bytes(), max_bytes);
  }
}

TEST(SegmentedLru, DoesWhatItsModelDoes) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    compare_with_the_model(seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace gantry::store
