#include "gantry/base/relative_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace {

using testing::HasSubstr;

TEST(UnsafeSegment, AcceptsOrdinaryNames) {
  for (std::string_view name :
       {"a", "arrow-left.svg", ".hidden", "..a", "a b", "\u00e9\u4e2d\U0001f600.svg", "console",
        "com10", "COM", "lpt0.txt", "nul-1", "a..b", "@2x", "$&'()+,;=[]{}~#%"}) {
    EXPECT_EQ(unsafe_segment(name), std::nullopt) << name;
  }
  EXPECT_EQ(unsafe_segment(std::string(255, 'x')), std::nullopt);
}

TEST(UnsafeSegment, TellsWhyANameIsRefused) {
  struct {
    std::string name;
    std::string reason;
  } cases[] = {
      {"", "empty"},
      {".", "another folder"},
      {"..", "another folder"},
      {"a/b", "character /"},
      {"a\\b", "character \\"},
      {"C:", "character :"},
      {"a*", "character *"},
      {"a?", "character ?"},
      {"\"a\"", "character \""},
      {"<a>", "character <"},
      {"a|b", "character |"},
      {std::string("a\0b", 3), "control character"},
      {"a\nb", "control character"},
      {"a\x7f", "control character"},
      {"a.", "dot or a space"},
      {"a ", "dot or a space"},
      {"...", "dot or a space"},
      {"CON", "device name"},
      {"con.svg", "device name"},
      {"Nul.tar.gz", "device name"},
      {"aux", "device name"},
      {"PRN.x", "device name"},
      {"com1", "device name"},
      {"LPT9.svg", "device name"},
      {"com\u00b9", "device name"},
      {"Lpt\u00b3.svg", "device name"},
      {std::string(256, 'x'), "longer than 255 bytes"},
      {"a\xff", "not UTF-8"},
      {"\xc0\xae\xc0\xae", "not UTF-8"},  // ".." in an overlong form
      {"\xed\xa0\x80", "not UTF-8"},      // half of a surrogate pair
  };
  for (const auto& [name, reason] : cases) {
    EXPECT_THAT(unsafe_segment(name).value_or("accepted"), HasSubstr(reason)) << name;
  }
}

TEST(RelativePath, KeepsItsText) {
  EXPECT_EQ(RelativePath("a").text(), "a");
  EXPECT_EQ(RelativePath("a/b.imageset/c@2x.png").text(), "a/b.imageset/c@2x.png");
  EXPECT_LT(RelativePath("a"), RelativePath("b"));
}

TEST(RelativePath, CannotLeaveItsRoot) {
  for (std::string_view text : {"", "/", "/etc/passwd", "../x", "a/../../b", "a//b", "a/", "./a",
                                "a/./b", "a\\..\\b", "C:/x", "a/CON/b", "a/b\n"}) {
    try {
      RelativePath path(text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsafe);
      EXPECT_THAT(error.message(), HasSubstr("the path '" + std::string(text) + "' is refused"));
    }
  }
}

TEST(RelativePath, SharesAKeyWithPathsThatAreOneFileSomewhere) {
  auto key = [](std::string_view text) { return RelativePath(text).collision_key(); };
  EXPECT_EQ(key("Icons/Arrow.svg"), key("icons/arrow.svg"));
  EXPECT_EQ(key("caf\u00e9"), key("cafe\u0301"));
  EXPECT_EQ(key("CAF\u00c9"), key("cafe\u0301"));
  EXPECT_EQ(key("stra\u00dfe"), key("STRASSE"));
  EXPECT_NE(key("a"), key("b"));
  EXPECT_NE(key("e"), key("\u00e9"));
}

TEST(OutputRoot, IsNormalWithoutATrailingSlash) {
  EXPECT_EQ(output_root("out/"), "out");
  EXPECT_EQ(output_root("./out/../src/./icons//"), "src/icons");
  EXPECT_EQ(output_root("."), ".");
  EXPECT_EQ(output_root("../x/"), "../x");
  EXPECT_EQ(output_root("/"), "/");
  EXPECT_EQ(output_root("/a/"), "/a");
  EXPECT_THROW(output_root(""), Error);
}

}  // namespace
}  // namespace gantry
