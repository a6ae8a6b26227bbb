#include "gantry/jobs/place_queue.hpp"

#include <deque>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

archive::Pi pi_of(unsigned number) { return *archive::Pi::parse(fmt::format("{:026}", number)); }

TEST(PlaceQueue, GivesPlacesBackInTheirOrderHoweverManyThereAre) {
  gantry::testing::TemporaryFolder folder;
  PlaceQueue queue(folder.path());
  std::deque<std::vector<archive::Pi>> expected;
  std::mt19937 random(7);
  unsigned pushed = 0;
  for (unsigned round = 0; round < 60; ++round) {
    unsigned pushes = random() % 2'000;
    for (unsigned i = 0; i < pushes; ++i, ++pushed) {
      archive::Place parent;
      for (unsigned depth = 0; depth < pushed % 50; ++depth) parent.path.push_back(pi_of(depth));
      queue.push(parent, pi_of(pushed));
      parent.path.push_back(pi_of(pushed));
      expected.push_back(parent.path);
    }
    for (unsigned pops = random() % 2'000; pops > 0; --pops) {
      auto place = queue.pop();
      ASSERT_EQ(place.has_value(), !expected.empty());
      if (!place) break;
      ASSERT_EQ(place->path, expected.front());
      expected.pop_front();
    }
    ASSERT_LE(queue.held(), 300U * 1024) << "memory does not grow with the queue";
  }
  while (auto place = queue.pop()) {
    ASSERT_EQ(place->path, expected.front());
    expected.pop_front();
  }
  EXPECT_TRUE(expected.empty());
  EXPECT_EQ(queue.pushed(), pushed);
  EXPECT_TRUE(gantry::testing::tree_of(folder.path()).empty()) << "the space is given back";
}

}  // namespace
}  // namespace gantry::jobs
