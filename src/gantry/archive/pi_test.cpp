#include "gantry/archive/pi.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace gantry::archive {
namespace {

TEST(Pi, IsTwentySixDigitsAndCapitalLettersAndNothingElse) {
  for (const char* good : {"01K9Z3K4GMDWTT0VQXYSPC9W6S", "00000000000000000000000000",
                           "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "IIIIILLLLLOOOOOUUUUU000001"}) {
    auto pi = Pi::parse(good);
    ASSERT_TRUE(pi) << good;
    EXPECT_EQ(pi->text(), good);
  }
  for (const char* bad : {"", "01K9Z3K4GMDWTT0VQXYSPC9W6", "01K9Z3K4GMDWTT0VQXYSPC9W6SS",
                          "01k9z3k4gmdwtt0vqxyspc9w6s", "../../../../../../etc/pass",
                          "01K9Z3K4GMDWTT0VQXYSPC9W6\n", "01K9Z3K4GMDWTT0VQXYSPC9W6-"}) {
    EXPECT_FALSE(Pi::parse(bad)) << bad;
  }
}

TEST(Pi, KeepsEveryTextAndTheOrderOfTexts) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::mt19937 random(1);
  std::vector<std::string> texts(500, std::string(Pi::kLength, '0'));
  for (std::string& text : texts) {
    for (char& c : text) c = kDigits[random() % kDigits.size()];
  }
  std::sort(texts.begin(), texts.end());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Pi pi = *Pi::parse(texts[i]);
    EXPECT_EQ(pi.text(), texts[i]);
    EXPECT_EQ(Pi::from_bytes(pi.bytes()), pi);
    if (i > 0) {
      EXPECT_LT(*Pi::parse(texts[i - 1]), pi);
    }
  }
}

}  // namespace
}  // namespace gantry::archive
