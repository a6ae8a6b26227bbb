#include "gantry/output/file_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::output {
namespace {

std::string conflict(const std::string& first, const std::string& second) {
  FileTree tree;
  tree.add(RelativePath(first), {});
  try {
    tree.add(RelativePath(second), {});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_EQ(tree.files().size(), 1U);
    return error.message();
  }
  EXPECT_EQ(tree.files().size(), 2U);
  return "";
}

TEST(FileTree, KeepsFilesInTheOrderOfTheirPaths) {
  FileTree tree;
  tree.add(RelativePath("b.svg"), {Blob::from_bytes("2"), "key/1:2"});
  tree.add(RelativePath("a/z.svg"), {Blob::from_bytes("1"), ""});
  std::string order;
  for (const auto& [path, file] : tree.files()) order += path.text() + " ";
  EXPECT_EQ(order, "a/z.svg b.svg ");
  EXPECT_EQ(tree.files().at(RelativePath("b.svg")).content.view(), "2");
  EXPECT_EQ(tree.files().at(RelativePath("b.svg")).source, "key/1:2");
}

TEST(FileTree, RefusesPathsThatAreOneFileOnSomeSystem) {
  EXPECT_EQ(conflict("a.svg", "a.svg"), "two files want the path 'a.svg'");
  EXPECT_EQ(conflict("a.svg", "A.svg"), "two files want the path 'A.svg' (the other is 'a.svg')");
  EXPECT_NE(conflict("\u00e9.svg", "e\u0301.svg"), "");
  EXPECT_NE(conflict("icons/a.svg", "Icons/a.svg"), "");
  EXPECT_EQ(conflict("a.svg", "b.svg"), "");
}

}  // namespace
}  // namespace gantry::output
