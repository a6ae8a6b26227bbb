// An archive beyond four gigabytes, in a file with holes.
#include <gtest/gtest.h>

#include "testing/files.hpp"
#include "tests/zip/readers.hpp"

namespace gantry::testing {
namespace {

TEST(LargeArchive, IsReadByAllReaders) {
  TemporaryFolder folder;
  std::vector<Content> contents;
  contents.push_back(text_member(RelativePath("before"), "before"));
  contents.push_back(zeros(RelativePath("five gigabytes"), 5ULL << 30));
  contents.push_back(text_member(RelativePath("after"), "after"));
  write_archive(contents, folder / "large.zip");
  expect_all_readers_agree(contents, folder / "large.zip");
}

}  // namespace
}  // namespace gantry::testing
