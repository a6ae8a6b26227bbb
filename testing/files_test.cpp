#include "testing/files.hpp"

#include <filesystem>

#include <gtest/gtest.h>

namespace gantry::testing {
namespace {

TEST(TemporaryFolder, GoesWithTheObject) {
  std::filesystem::path path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    write_text(folder / "a/b.txt", "x");
    EXPECT_TRUE(std::filesystem::exists(path / "a" / "b.txt"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TreeOf, ShowsFilesLinksAndEmptyFolders) {
  const TemporaryFolder folder;
  write_text(folder / "a/b.txt", std::string("x\0y", 3));
  std::filesystem::create_directory(folder / "empty");
  std::filesystem::create_symlink("a/b.txt", folder / "link");
  EXPECT_EQ(tree_of(folder.path()),
            (Tree{{"a/b.txt", std::string("x\0y", 3)}, {"empty/", ""}, {"link", "-> a/b.txt"}}));
  EXPECT_EQ(tree_of(folder / "nowhere"), Tree());
}

TEST(SameTree, NamesWhatDiffers) {
  const Tree expected = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_TRUE(same_tree(expected, expected));
  const ::testing::AssertionResult result =
      same_tree(expected, {{"a", "1"}, {"b", "20"}, {"d", ""}});
  EXPECT_FALSE(result);
  EXPECT_STREQ(result.message(),
               "3 differences between 3 and 3 files\n  differs: b (1 bytes expected, 2 found)\n"
               "  missing: c\n  not expected: d");
}

TEST(IdentitiesOf, ChangeWhenTheSameBytesAreWrittenAgain) {
  const TemporaryFolder folder;
  write_text(folder / "a", "1");
  const auto before = identities_of(folder.path());
  EXPECT_EQ(identities_of(folder.path()), before);
  write_text(folder / "b", "1");
  std::filesystem::rename(folder / "b", folder / "a");
  EXPECT_NE(identities_of(folder.path()), before);
}

TEST(MatchesGolden, FailsWhereTheFileDiffersOrIsMissing) {
  const TemporaryFolder folder;
  write_text(folder / "golden.txt", "right");
  EXPECT_TRUE(matches_golden(folder / "golden.txt", "right"));
  EXPECT_FALSE(matches_golden(folder / "golden.txt", "wrong"));
  EXPECT_FALSE(matches_golden(folder / "none.txt", "right"));
}

}  // namespace
}  // namespace gantry::testing
