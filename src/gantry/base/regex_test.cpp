#include "gantry/base/regex.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry {
namespace {

using ::testing::HasSubstr;

std::string message_of(auto act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidConfig);
    return error.message();
  }
  return "";
}

TEST(Regex, SearchesAnywhereAndKnowsLookaround) {
  EXPECT_TRUE(Regex("ic_(\\d+)").search("an ic_24_bell"));
  EXPECT_FALSE(Regex("^ic_").search("an ic_24_bell"));
  EXPECT_TRUE(Regex("^(?!draft_).*$").search("bell"));
  EXPECT_FALSE(Regex("^(?!draft_).*$").search("draft_bell"));
  EXPECT_FALSE(Regex("a.b").search("a\nb"));
}

TEST(Regex, ReplacesEveryMatchAndKeepsTheRest) {
  EXPECT_EQ(Regex("^ic_(\\d+)_(.+)$").replace_all("ic_24_bell", "$2_$1"), "bell_24");
  EXPECT_EQ(Regex("[aeiou]").replace_all("bell é tone", "<$0>"), "b<e>ll é t<o>n<e>");
  EXPECT_EQ(Regex("x").replace_all("bell", "$0"), "bell");
  EXPECT_EQ(Regex("l+").replace_all("bell", "$$x$"), "be$$x$");
}

TEST(Regex, ExpandsAGroupThatTookNoPartToNothing) {
  EXPECT_EQ(Regex("(a)?(b)").replace_all("b", "[$1|$2]"), "[|b]");
}

TEST(Regex, NamesPatternAndPositionOfAFault) {
  std::string message = message_of([] { Regex("ab(c"); });
  EXPECT_THAT(message, HasSubstr("'ab(c'"));
  EXPECT_THAT(message, HasSubstr("at character"));
}

TEST(Regex, RefusesAGroupThatDoesNotExist) {
  Regex regex("(a)(b)");
  EXPECT_EQ(message_of([&] { regex.check_template("$2$1$0"); }), "");
  EXPECT_THAT(message_of([&] { regex.check_template("x$3"); }), HasSubstr("uses $3"));
  EXPECT_THAT(message_of([&] { regex.replace_all("ab", "$9"); }), HasSubstr("has 2 groups"));
}

TEST(Regex, GivesUpOnAPatternThatWouldRunForYears) {
  auto start = std::chrono::steady_clock::now();
  Regex regex("^(a+)+$");
  EXPECT_THAT(message_of([&] { regex.search(std::string(60, 'a') + "!"); }),
              HasSubstr("takes too long"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(WildcardMatch, KnowsListsAndStars) {
  EXPECT_TRUE(wildcard_match("ic/24/edit", "ic/24/edit"));
  EXPECT_FALSE(wildcard_match("ic/24", "ic/24/edit"));
  EXPECT_TRUE(wildcard_match("ic/*", "ic/24/edit"));
  EXPECT_TRUE(wildcard_match("*edit", "ic/24/edit"));
  EXPECT_TRUE(wildcard_match("i*2*t", "ic/24/edit"));
  EXPECT_TRUE(wildcard_match("bell , ic/*", "ic/24/edit"));
  EXPECT_TRUE(wildcard_match("*", ""));
  EXPECT_FALSE(wildcard_match("", ""));
  EXPECT_FALSE(wildcard_match("Bell", "bell"));
  EXPECT_FALSE(wildcard_match("b?ll", "bell"));
}

TEST(WildcardMatch, IsNotExponentialInItsStars) {
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "*a";
  EXPECT_FALSE(wildcard_match(stars + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace gantry
