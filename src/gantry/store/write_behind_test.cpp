#include "gantry/store/write_behind.hpp"

#include <semaphore>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::store {
namespace {

using ::testing::ElementsAre;

struct Change {
  std::string key;
  std::string value;
  bool visible = true;

  bool is_visible() const { return visible; }
  std::size_t weight() const { return value.size(); }
};
using Changes = WriteBehind<Change>;

// Writes only when it is let to.
struct Gate {
  std::counting_semaphore<100> begun{0};
  std::counting_semaphore<100> may_write{0};
  std::vector<std::string> written;

  Changes::Steps steps() {
    return {.write = [this](const Changes::Batch& batch) {
      begun.release();
      may_write.acquire();
      for (const Change& change : batch) written.push_back(change.key + "=" + change.value);
    }};
  }
};

std::string seen(const Changes& changes, const std::string& key) {
  std::string value = "(nothing)";
  std::vector<std::string> keys = {key};
  changes.look_up(keys, [&](std::size_t, const Change& change) { value = change.value; });
  return value;
}

TEST(WriteBehind, ReadersSeeTheLatestChangeUntilItIsWritten) {
  Gate gate;
  Changes changes(1'000, gate.steps());
  EXPECT_EQ(seen(changes, "k"), "(nothing)");
  changes.add({"k", "1"});
  changes.hurry();
  gate.begun.acquire();
  EXPECT_EQ(seen(changes, "k"), "1") << "it is being written";
  changes.add({"k", "2"});
  changes.add({"k", "unseen", false});
  changes.add({"l", "3"});
  EXPECT_EQ(seen(changes, "k"), "2");
  std::uint64_t position = changes.hurry();
  gate.may_write.release();
  gate.begun.acquire();
  EXPECT_EQ(seen(changes, "k"), "2") << "the first is written, and it is not the latest";
  EXPECT_FALSE(changes.is_written(position));
  gate.may_write.release();
  changes.flush();
  EXPECT_TRUE(changes.is_written(position));
  EXPECT_EQ(seen(changes, "k"), "(nothing)");
  EXPECT_EQ(changes.queued_bytes(), 0U);
  EXPECT_THAT(gate.written, ElementsAre("k=1", "k=2", "k=unseen", "l=3"));
}

TEST(WriteBehind, TakesNoOffersWhileItIsFull) {
  Gate gate;
  Changes changes(10, gate.steps());
  EXPECT_TRUE(changes.offer({"a", std::string(11, 'a')}));
  EXPECT_TRUE(changes.is_full());
  EXPECT_FALSE(changes.offer({"b", "b"}));
  gate.may_write.release(2);
  changes.wait_for_room();
  EXPECT_TRUE(changes.offer({"b", "b"}));
  changes.flush();
  EXPECT_EQ(gate.written.size(), 2U);
}

TEST(WriteBehind, WritesInGroupsAndWhatIsLeftAtItsEnd) {
  std::vector<std::size_t> groups;
  std::size_t notices = 0;
  {
    Changes changes(1'000'000,
                    {.write = [&](const Changes::Batch& batch) { groups.push_back(batch.size()); },
                     .written = [&] { ++notices; }});
    for (int i = 0; i < 1'000; ++i) changes.add({std::to_string(i), "x"});
  }
  std::size_t total = 0;
  for (std::size_t group : groups) total += group;
  EXPECT_EQ(total, 1'000U);
  EXPECT_LT(groups.size(), 100U);
  EXPECT_EQ(notices, groups.size());
}

}  // namespace
}  // namespace gantry::store
