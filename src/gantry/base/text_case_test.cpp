#include "gantry/base/text_case.hpp"

#include <gtest/gtest.h>

namespace gantry {
namespace {

struct Vector {
  std::string_view input;
  std::string_view camel;
  std::string_view snake;
  std::string_view pascal;
  std::string_view kebab;
  std::string_view screaming;
};

constexpr Vector kVectors[] = {
    {"discount10Color", "discount10Color", "discount_10_color", "Discount10Color",
     "discount-10-color", "DISCOUNT_10_COLOR"},
    {"icon24pxBold", "icon24PxBold", "icon_24px_bold", "Icon24PxBold", "icon-24px-bold",
     "ICON_24PX_BOLD"},
    {"ABC123", "abc123", "abc_123", "Abc123", "abc-123", "ABC_123"},
    {"motive_box04_color", "motiveBox04Color", "motive_box04_color", "MotiveBox04Color",
     "motive-box04-color", "MOTIVE_BOX_04_COLOR"},
    {"background/primary", "backgroundPrimary", "background_primary", "BackgroundPrimary",
     "background-primary", "BACKGROUND_PRIMARY"},
    {"HTMLParser", "htmlparser", "htmlparser", "Htmlparser", "htmlparser", "HTMLPARSER"},
    {"Icon _ washing-machine", "iconWashingMachine", "icon_washing_machine", "IconWashingMachine",
     "icon-washing-machine", "ICON_WASHING_MACHINE"},
    {"arrow-down-0-1", "arrowDown01", "arrow_down_0_1", "ArrowDown01", "arrow-down-0-1",
     "ARROW_DOWN_0_1"},
    {"two words", "twoWords", "two_words", "TwoWords", "two-words", "TWO_WORDS"},
    {"bell", "bell", "bell", "Bell", "bell", "BELL"},
    {"inkSoft", "inkSoft", "ink_soft", "InkSoft", "ink-soft", "INK_SOFT"},
    {"", "", "", "", "", ""},
    {"***", "", "", "", "", ""},
};

TEST(TextCase, WritesEveryVectorInEveryStyle) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.input);
    EXPECT_EQ(to_style(vector.input, NameStyle::kCamelCase), vector.camel);
    EXPECT_EQ(to_style(vector.input, NameStyle::kSnakeCase), vector.snake);
    EXPECT_EQ(to_style(vector.input, NameStyle::kPascalCase), vector.pascal);
    EXPECT_EQ(to_style(vector.input, NameStyle::kKebabCase), vector.kebab);
    EXPECT_EQ(to_style(vector.input, NameStyle::kScreamingSnakeCase), vector.screaming);
  }
}

TEST(TextCase, KnowsLettersBeyondAscii) {
  EXPECT_EQ(to_style("Стрелка Влево", NameStyle::kSnakeCase), "стрелка_влево");
  EXPECT_EQ(to_style("éclairÉtat", NameStyle::kScreamingSnakeCase), "ÉCLAIR_ÉTAT");
}

TEST(TextCase, GivesBothUnicodeFormsOneName) {
  EXPECT_EQ(to_style("Cafe\u0301 Noir", NameStyle::kSnakeCase),
            to_style("Caf\u00e9 Noir", NameStyle::kSnakeCase));
  EXPECT_EQ(to_style("cafe\u0301s", NameStyle::kPascalCase), "Caf\u00e9s");
}

TEST(TextCase, TreatsBrokenUtf8AsSeparators) {
  EXPECT_EQ(to_style("a\xff\xfe"
                     "b",
                     NameStyle::kSnakeCase),
            "a_b");
}

TEST(TextCase, ReadsAndWritesTheWordsOfTheConfiguration) {
  for (std::string_view word :
       {"camelCase", "snake_case", "PascalCase", "kebab-case", "SCREAMING_SNAKE_CASE"}) {
    ASSERT_TRUE(parse_name_style(word));
    EXPECT_EQ(to_string(*parse_name_style(word)), word);
  }
  EXPECT_FALSE(parse_name_style("Snake_Case"));
}

}  // namespace
}  // namespace gantry
