#include "gantry/base/secret.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(Secret, ShowsItsKindAndThreeCharacters) {
  EXPECT_EQ(Secret("figd_abcdefghijklmnop").masked(), "figd_abc…");
  EXPECT_EQ(Secret("ghp_abcdefghijklmnop").masked(), "ghp_abc…");
  EXPECT_EQ(Secret("abcdefghijklmnop").masked(), "abc…");
}

TEST(Secret, ShowsNothingOfAShortOne) {
  for (const char* text : {"", "a", "abcde", "a_b", "figd_abc", "figd_abcdefghij"}) {
    EXPECT_EQ(Secret(text).masked(), "…") << text;
  }
}

TEST(Secret, NeverShowsHalfOfItself) {
  std::string text = "a_very_long_prefix_for_a_secret_";
  for (int length = 0; length < 60; ++length, text += 'x') {
    std::string shown = Secret(text).masked();
    EXPECT_LE((shown.size() - std::string("…").size()) * 2, text.size()) << text;
  }
}

TEST(Secret, HasAFingerprintThatTellsItApart) {
  std::string fingerprint = Secret("figd_1").fingerprint();
  EXPECT_THAT(fingerprint, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(fingerprint, Secret("figd_1").fingerprint());
  EXPECT_NE(fingerprint, Secret("figd_2").fingerprint());
  EXPECT_EQ(fingerprint.find("figd"), std::string::npos);
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(Secret("x").reveal(), "x");
}

}  // namespace
}  // namespace gantry
