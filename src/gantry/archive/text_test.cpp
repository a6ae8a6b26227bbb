#include "gantry/archive/text.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

namespace gantry::archive {
namespace {

TEST(Readable, KeepsEveryCharacterThatXmlCanHold) {
  for (const char* text : {"", "plain\ttext\r\n", "caf\xc3\xa9 \xf0\x9f\x93\x9c", "\x7f"}) {
    std::uint64_t replaced = 0;
    EXPECT_EQ(readable(text, replaced), text);
    EXPECT_EQ(replaced, 0U);
  }
}

TEST(Readable, ReplacesAndCountsTheOthers) {
  const std::tuple<std::string, std::string, std::uint64_t> cases[] = {
      {std::string("a\0b", 3),
       "a\xef\xbf\xbd"
       "b",
       1},
      {"\x01\x1f", "\xef\xbf\xbd\xef\xbf\xbd", 2},
      {"\xef\xbf\xbe!", "\xef\xbf\xbd!", 1},  // U+FFFE
      {"\xff", "\xef\xbf\xbd", 1},            // no UTF-8
      {"x\xc3", "x\xef\xbf\xbd", 1},          // cut short
      {"\xef\xbf\xbd", "\xef\xbf\xbd", 0},    // it was there before
  };
  for (const auto& [text, expected, count] : cases) {
    std::uint64_t replaced = 0;
    EXPECT_EQ(readable(text, replaced), expected);
    EXPECT_EQ(replaced, count) << expected;
  }
}

TEST(ValidUtf8, ReplacesOnlyWhatIsNoCharacter) {
  std::uint64_t replaced = 0;
  EXPECT_EQ(valid_utf8("a\x01\xef\xbf\xbe\xff", replaced), "a\x01\xef\xbf\xbe\xef\xbf\xbd");
  EXPECT_EQ(replaced, 1U);
}

TEST(Shortened, LeavesShortTextsAsTheyAre) {
  bool is_cut = true;
  EXPECT_EQ(shortened("  a\r\n\r\n\r\nb  ", 100, is_cut), "  a\r\n\r\n\r\nb  ");
  EXPECT_FALSE(is_cut);
}

TEST(Shortened, NeverExceedsTheLimitNorSplitsACharacter) {
  const std::string mark = "\n\n[... truncated ...]";
  std::string text;
  for (int i = 0; i < 300; ++i) text += i % 7 == 0 ? " " : "\xf0\x9f\x93\x9c";
  for (std::size_t most = 100; most < 240; ++most) {
    bool is_cut = false;
    std::string cut = shortened(text, most, is_cut);
    EXPECT_TRUE(is_cut);
    EXPECT_TRUE(cut.ends_with(mark));
    auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    auto characters = std::count_if(cut.begin(), cut.end(), begins);
    EXPECT_LE(static_cast<std::size_t>(characters), most);
    std::uint64_t replaced = 0;
    readable(cut, replaced);
    EXPECT_EQ(replaced, 0U);
  }
}

TEST(Shortened, CutsAtWhiteSpaceIfThereIsSomeNear) {
  bool is_cut = false;
  std::string words = std::string(60, 'a') + " " + std::string(300, 'b');
  EXPECT_EQ(shortened(words, 120, is_cut), std::string(60, 'a') + "\n\n[... truncated ...]");
  std::string far = "a " + std::string(300, 'b');
  EXPECT_EQ(shortened(far, 200, is_cut).substr(0, 20), "a " + std::string(18, 'b'));
}

TEST(W3cDate, IsAYearAMonthADayOrATime) {
  for (const char* good : {"1923", "1923-05", "1923-05-17", "2024-02-29", "2026-01-01T10:00Z",
                           "2026-01-01T10:00:00.000Z", "2026-01-01T10:00:59+01:00"}) {
    EXPECT_TRUE(is_w3c_date(good)) << good;
  }
  for (const char* bad :
       {"", "circa 1923", "19", "1923-13", "1923-5", "1923-02-29", "1923-05-32", "1923-05-17 ",
        "2026-01-01T25:00Z", "2026-01-01T10:00", "1923-05-17T", "2026-01-01T10:00:00.Z", "+923"}) {
    EXPECT_FALSE(is_w3c_date(bad)) << bad;
  }
}

TEST(WebAddress, IsHttpWithPlainCharacters) {
  for (const char* good : {"https://example.org", "http://a.b:80/c?d=e&f=%20#g"}) {
    EXPECT_TRUE(is_web_address(good)) << good;
  }
  for (const char* bad : {"", "PLACEHOLDER", "javascript:alert(1)", "https://", "https://a b/",
                          "https://a/%zz", "https://a/<b>", "https://[::1]/", "https://a:b/",
                          "https://a:/", "https://a/#b#c", "https://a/\xc3\xa9"}) {
    EXPECT_FALSE(is_web_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace gantry::archive
