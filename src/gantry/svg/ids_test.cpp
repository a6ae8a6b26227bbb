#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/svg/document.hpp"

namespace gantry::svg {
namespace {

std::string unique(std::string_view text, std::string_view prefix = "bell") {
  Document document = Document::parse(std::string(text));
  document.make_ids_unique(prefix);
  return document.text();
}

TEST(Ids, AreNamedForTheFileAndTheirOrder) {
  EXPECT_EQ(
      unique("<svg><g clip-path=\"url(#clip0_68_15575)\"><path fill=\"url(#paint1_68)\"/></g>\n"
             "<defs><linearGradient id=\"paint1_68\" href=\"#base\"/>"
             "<clipPath id=\"clip0_68_15575\"/><g id=\"base\"/></defs></svg>\n"),
      "<svg><g clip-path=\"url(#bell-b)\"><path fill=\"url(#bell-a)\"/></g>\n"
      "<defs><linearGradient id=\"bell-a\" href=\"#bell-c\"/>"
      "<clipPath id=\"bell-b\"/><g id=\"bell-c\"/></defs></svg>\n");
}

TEST(Ids, AreTheSameWhateverFigmaCallsThem) {
  auto icon = [](std::string id) {
    return unique("<svg><g mask=\"url(#" + id + ")\"/><mask id=\"" + id + "\"/></svg>");
  };
  EXPECT_EQ(icon("mask0_1_2"), icon("mask0_99_1234"));
}

TEST(Ids, AreRenamedInEveryKindOfReference) {
  EXPECT_EQ(unique("<svg aria-labelledby=\"t d\"><title id=\"t\">x</title><desc id=\"d\">y</desc>"
                   "<style>#r{fill:url('#p')}</style><rect id=\"r\" style=\"filter:url(#p)\"/>"
                   "<g id=\"p\"/><use xlink:href=\"#r\"/>"
                   "<animate id=\"m\" begin=\"0.5s;m.end+1s; r.click\" end=\"indefinite\"/></svg>",
                   "x y"),
            "<svg aria-labelledby=\"x_y-a x_y-b\"><title id=\"x_y-a\">x</title>"
            "<desc id=\"x_y-b\">y</desc><style>#x_y-c{fill:url(#x_y-d)}</style>"
            "<rect id=\"x_y-c\" style=\"filter:url(#x_y-d)\"/><g id=\"x_y-d\"/>"
            "<use xlink:href=\"#x_y-c\"/>"
            "<animate id=\"x_y-e\" begin=\"0.5s;x_y-e.end+1s; x_y-c.click\" end=\"indefinite\"/>"
            "</svg>");
}

TEST(Ids, WithoutReferencesAreRemoved) {
  EXPECT_EQ(unique("<svg id=\"flag-icons-ad\"><path id=\"p\" fill=\"#fff\"/></svg>"),
            "<svg><path fill=\"#fff\"/></svg>");
}

TEST(Ids, ThatStandTwiceMeanTheFirst) {
  EXPECT_EQ(unique("<svg><g id=\"a\"/><g id=\"a\"/><use href=\"#a\"/></svg>"),
            "<svg><g id=\"bell-a\"/><g/><use href=\"#bell-a\"/></svg>");
}

TEST(Ids, SwapWithoutMeetingEachOther) {
  EXPECT_EQ(unique("<svg><g id=\"bell-b\"/><g id=\"bell-a\"/><use href=\"#bell-a\"/>"
                   "<use href=\"#bell-b\"/></svg>"),
            "<svg><g id=\"bell-a\"/><g id=\"bell-b\"/><use href=\"#bell-b\"/>"
            "<use href=\"#bell-a\"/></svg>");
}

TEST(Ids, NeverRunOutAndAreValidInCss) {
  std::string text = "<svg>";
  for (int i = 0; i < 30; ++i) {
    std::string id = "i" + std::to_string(i);
    text.append("<g id=\"").append(id).append("\"/><use href=\"#").append(id).append("\"/>");
  }
  std::string result = unique(text + "</svg>", "24px");
  EXPECT_THAT(result, ::testing::HasSubstr("<g id=\"_24px-z\"/><use href=\"#_24px-z\"/>"
                                           "<g id=\"_24px-aa\"/><use href=\"#_24px-aa\"/>"));
}

TEST(Ids, LeaveTextAndNumbersAsTheyWere) {
  EXPECT_EQ(
      unique("<?xml version=\"1.0\"?><svg><text x=\"0.10\">a  <tspan>b &amp; c</tspan> </text>"
             "<!-- kept --><use href=\"#a\"/><path id=\"a\" d=\"M1.50.5 0 1e-3\"/></svg>"),
      "<?xml version=\"1.0\"?><svg><text x=\"0.10\">a  <tspan>b &amp; c</tspan> </text>"
      "<!-- kept --><use href=\"#bell-a\"/><path id=\"bell-a\" d=\"M1.50.5 0 1e-3\"/></svg>");
}

}  // namespace
}  // namespace gantry::svg
