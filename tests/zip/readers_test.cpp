// Archives as readers of many origins see them. A reader that is not installed is left out.
#include "tests/zip/readers.hpp"

#include <string>

#include <gtest/gtest.h>

#include "gantry/zip/member_names.hpp"

#include "testing/files.hpp"

namespace gantry::testing {
namespace {

class ArchiveReaders : public ::testing::Test {
 protected:
  void expect_readable(const std::vector<Content>& contents) {
    write_archive(contents, folder_ / "archive.zip");
    expect_all_readers_agree(contents, folder_ / "archive.zip");
  }

  TemporaryFolder folder_;
};

std::vector<Content> many_members(std::size_t count) {
  std::vector<Content> contents;
  for (std::size_t i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    contents.push_back(text_member(RelativePath("folder " + std::to_string(i % 100) + "/" + number),
                                   i % 3 == 0 ? "" : "member " + number));
  }
  return contents;
}

TEST_F(ArchiveReaders, ReadAnArchiveWithoutMembers) { expect_readable({}); }

TEST_F(ArchiveReaders, ReadOneMember) {
  expect_readable({text_member(RelativePath("a.xml"), "<mods/>")});
}

TEST_F(ArchiveReaders, ReadAsManyMembersAsSixteenBitsCount) {
  expect_readable(many_members(65'534));
}
TEST_F(ArchiveReaders, ReadTheFirstNumberThatNeedsZip64) { expect_readable(many_members(65'535)); }
TEST_F(ArchiveReaders, ReadSeventyThousandMembers) { expect_readable(many_members(70'000)); }

TEST_F(ArchiveReaders, ReadMembersThatHoldOtherArchives) {
  write_archive(many_members(3), folder_ / "inner.zip");
  std::string inner = read_text(folder_ / "inner.zip");
  expect_readable({text_member(RelativePath("inner.zip"), inner),
                   text_member(RelativePath("header"), inner.substr(0, 30)),
                   text_member(RelativePath("end"), inner.substr(inner.size() - 22)),
                   text_member(RelativePath("descriptor"), "PK\x07\x08")});
}

TEST_F(ArchiveReaders, ReadNamesOfAllKinds) {
  std::vector<std::string> wanted = {"\u00fcber/\u4e2d\u6587/\U0001f600.xml",
                                     "u\u0308ber.xml",
                                     "\u00fcber.xml",
                                     "../../up",
                                     "/root",
                                     "C:\\windows",
                                     "CON",
                                     "a.",
                                     "-rf",
                                     "with space",
                                     "Stra\u00dfe",
                                     "STRASSE",
                                     "\xff\xfe",
                                     ""};
  for (int byte = 1; byte < 0x80; ++byte) {
    wanted.push_back("byte " + std::to_string(byte) + " " + static_cast<char>(byte) + ".xml");
  }
  wanted.push_back(std::string("NUL \0.xml", 9));
  std::vector<Content> contents;
  for (const RelativePath& name : zip::archive_names(wanted)) {
    contents.push_back(text_member(name, "bytes of " + name.text()));
  }
  expect_readable(contents);
}

}  // namespace
}  // namespace gantry::testing
