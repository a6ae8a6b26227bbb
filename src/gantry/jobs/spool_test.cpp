#include "gantry/jobs/spool.hpp"

#include <gtest/gtest.h>

#include "testing/files.hpp"

namespace gantry::jobs {
namespace {

std::string all_of(const Spool& spool) {
  std::string text;
  spool.read([&text](std::string_view piece) { text += piece; });
  return text;
}

TEST(Spool, KeepsFewBytesInMemoryAndManyInAFileThatGoesWithIt) {
  gantry::testing::TemporaryFolder folder;
  {
    Spool spool(folder.path());
    spool.append("few");
    EXPECT_TRUE(spool.has_room(100));
    EXPECT_TRUE(gantry::testing::tree_of(folder.path()).empty());
    std::string expected = "few";
    for (int i = 0; i < 100; ++i) {
      std::string piece(7'001, static_cast<char>('a' + i % 26));
      spool.append(piece);
      expected += piece;
    }
    EXPECT_FALSE(spool.has_room(1));
    EXPECT_EQ(gantry::testing::tree_of(folder.path()).size(), 1U);
    EXPECT_EQ(spool.size(), expected.size());
    EXPECT_EQ(all_of(spool), expected);
    spool.clear();
    spool.append("again");
    EXPECT_EQ(all_of(spool), "again");
  }
  EXPECT_TRUE(gantry::testing::tree_of(folder.path()).empty());
}

}  // namespace
}  // namespace gantry::jobs
