#include "gantry/svg/css.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::svg {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::optional<std::string> rename(std::string_view id) {
  if (id == "a" || id == "fff" || id == "x:y") return "NEW";
  return std::nullopt;
}

TEST(Css, FindsUrlsInEveryForm) {
  std::vector<std::string> targets;
  for (const auto& url : urls_of("url(#a) URL( '#b' ) uRl(\"c d\") curl(e) url(#open")) {
    targets.push_back(url.target);
  }
  EXPECT_THAT(targets, ElementsAre("#a", "#b", "c d", "e", "#open"));
}

TEST(Css, Unescapes) {
  EXPECT_EQ(unescaped_css("\\75 rl(\\68ttp)"), "url(http)");
  EXPECT_EQ(unescaped_css("a\\:b\\"), "a:b");
}

TEST(Css, RenamesInUrlsOnly) {
  EXPECT_EQ(rename_in_urls("url(#a) #a url('#a'), url(#b)", rename),
            "url(#NEW) #a url(#NEW), url(#b)");
}

TEST(Css, TellsSelectorsFromColours) {
  EXPECT_EQ(
      rename_in_stylesheet("#fff, .c #fff:hover { fill: #fff; stroke: url(#a) } #b{}", rename),
      "#NEW, .c #NEW:hover { fill: #fff; stroke: url(#NEW) } #b{}");
  EXPECT_EQ(rename_in_stylesheet("@media print { #a { color: #fff } } /* #a { */ #x\\:y{}", rename),
            "@media print { #NEW { color: #fff } } /* #a { */ #NEW{}");
}

TEST(Css, SplitsDeclarations) {
  EXPECT_THAT(
      declarations_of("fill:red; background: url(data:a;b) ;;x; --y : 'a;b'"),
      ElementsAre(Pair("fill", "red"), Pair("background", "url(data:a;b)"), Pair("--y", "'a;b'")));
  EXPECT_THAT(declarations_of(""), ElementsAre());
}

}  // namespace
}  // namespace gantry::svg
