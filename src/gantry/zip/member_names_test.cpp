#include "gantry/zip/member_names.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace gantry::zip {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names(const std::vector<std::string>& wanted) {
  std::vector<std::string> result;
  for (const RelativePath& name : archive_names(wanted)) result.push_back(name.text());
  return result;
}

TEST(ArchiveNames, MakesEachNameSafeAndKeepsWhatIs) {
  struct {
    std::string wanted;
    std::string name;
  } cases[] = {
      {"a.xml", "a.xml"},
      {"exports/01K9/a.xml", "exports/01K9/a.xml"},
      {"\u00fcber/\u4e2d \U0001f600.xml", "\u00fcber/\u4e2d \U0001f600.xml"},
      {"u\u0308ber", "\u00fcber"},  // NFD
      {"/etc/passwd", "etc/passwd"},
      {"../../evil", "evil"},
      {"a/./b//../c/", "a/b/c"},
      {"", "unnamed"},
      {"..", "unnamed"},
      {"C:\\evil", "C__evil"},
      {"a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"},
      {std::string("a\0b\n\x1f\x7f", 6), "a_b___"},
      {"a\u0085\u2028b", "a__b"},
      {"a\u202efdp.exe", "a_fdp.exe"},
      {"a\xff\xc0\xae", "a___"},
      {"a.", "a_"},
      {"a...", "a.._"},
      {"a /b", "a_/b"},
      {"CON", "_CON"},
      {"nul.tar.gz", "_nul.tar.gz"},
      {"x/COM1/lpt\u00b2.xml", "x/_COM1/_lpt\u00b2.xml"},
      {"...", ".._"},
      {".hidden", ".hidden"},
  };
  for (const auto& [wanted, name] : cases) EXPECT_THAT(names({wanted}), ElementsAre(name));
}

TEST(ArchiveNames, NumbersWhatWouldBeOneFile) {
  EXPECT_THAT(names({"a.xml", "A.XML", "a.xml", "a (2).xml", "b"}),
              ElementsAre("a.xml", "A (2).XML", "a (3).xml", "a (2) (2).xml", "b"));
  EXPECT_THAT(names({"\u00fc", "u\u0308", "\u00dc"}),
              ElementsAre("\u00fc", "\u00fc (2)", "\u00dc (3)"));
  EXPECT_THAT(names({"Stra\u00dfe", "strasse"}), ElementsAre("Stra\u00dfe", "strasse (2)"));
  EXPECT_THAT(names({"", "unnamed"}), ElementsAre("unnamed", "unnamed (2)"));
}

TEST(ArchiveNames, TellsAFileFromAFolder) {
  EXPECT_THAT(names({"a", "A/b", "a/c"}), ElementsAre("a", "A (2)/b", "a (3)/c"));
  EXPECT_THAT(names({"a/b", "a"}), ElementsAre("a/b", "a (2)"));
  EXPECT_THAT(names({"a/b", "A/b"}), ElementsAre("a/b", "A/b (2)"));
}

TEST(ArchiveNames, CutsLongPartsWithinNoCharacterAndKeepsExtensions) {
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\u4e2d";
  auto list =
      names({std::string(300, 'x') + ".xml", wide + ".xml", wide + "1.xml", std::string(300, '.')});
  EXPECT_EQ(list[0], std::string(251, 'x') + ".xml");
  EXPECT_EQ(list[1], wide.substr(0, 249) + ".xml");
  EXPECT_EQ(list[2], wide.substr(0, 246) + " (2).xml");
  EXPECT_EQ(list[3], std::string(254, '.') + "_");
}

TEST(ArchiveNames, KeepsTheInnermostFoldersOfALongName) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "f/";
  std::string name = names({deep + "a.xml"}).front();
  EXPECT_LE(name.size(), 4'096U);
  EXPECT_GT(name.size(), 4'000U);
  EXPECT_TRUE(name.ends_with("/f/a.xml"));
}

TEST(ArchiveNames, TakesManyEqualNames) {
  std::vector<std::string> equal(70'000, "same/name.xml");
  EXPECT_EQ(names(equal).back(), "same/name (70000).xml");
}

TEST(ArchiveNames, AreSafeAndUniqueWhateverIsWanted) {
  rc::check([] {
    auto letters = rc::gen::elementOf(std::string("aAb./\\: \0\n*()2\xc3\xbc\xcc\x88\xff", 19));
    auto wanted =
        *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(letters));
    std::set<std::string> keys;
    for (const RelativePath& name : archive_names(wanted)) {
      RC_ASSERT(keys.insert(name.collision_key()).second);
    }
    for (const std::string& key : keys) {
      for (std::size_t at = key.find('/'); at != std::string::npos; at = key.find('/', at + 1)) {
        RC_ASSERT(!keys.contains(key.substr(0, at)));
      }
    }
    RC_ASSERT(keys.size() == wanted.size());
  });
}

}  // namespace
}  // namespace gantry::zip
