#include "gantry/httpd/byte_range.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace gantry::httpd {
namespace {

constexpr std::string_view kTag = "\"tag\"";

std::string shown(const BodyPart& part) {
  std::string text = std::to_string(part.status) + " " + std::to_string(part.offset) + "+" +
                     std::to_string(part.length);
  return part.content_range ? text + " " + *part.content_range : text;
}

std::string answer(std::string_view range, std::uint64_t size = 100) {
  return shown(choose_part(range, std::nullopt, kTag, size));
}

TEST(ChoosePart, GivesTheWholeWithoutARange) {
  EXPECT_EQ(shown(choose_part(std::nullopt, std::nullopt, kTag, 100)), "200 0+100");
  EXPECT_EQ(shown(choose_part(std::nullopt, kTag, kTag, 100)), "200 0+100");
  EXPECT_EQ(shown(choose_part(std::nullopt, std::nullopt, kTag, 0)), "200 0+0");
}

TEST(ChoosePart, GivesOneRange) {
  EXPECT_EQ(answer("bytes=0-0"), "206 0+1 bytes 0-0/100");
  EXPECT_EQ(answer("bytes=10-19"), "206 10+10 bytes 10-19/100");
  EXPECT_EQ(answer("bytes=99-"), "206 99+1 bytes 99-99/100");
  EXPECT_EQ(answer("bytes=0-"), "206 0+100 bytes 0-99/100");
  EXPECT_EQ(answer("bytes=90-1000"), "206 90+10 bytes 90-99/100");
  EXPECT_EQ(answer("bytes=90-99999999999999999999999"), "206 90+10 bytes 90-99/100");
  EXPECT_EQ(answer("bytes=-1"), "206 99+1 bytes 99-99/100");
  EXPECT_EQ(answer("bytes=-1000"), "206 0+100 bytes 0-99/100");
  EXPECT_EQ(answer("BYTES= 1-2 \t"), "206 1+2 bytes 1-2/100");
  EXPECT_EQ(answer("bytes=4294967296-", 1ULL << 33),
            "206 4294967296+4294967296 "
            "bytes 4294967296-8589934591/8589934592");
}

TEST(ChoosePart, RefusesWhatTheBodyDoesNotHave) {
  for (std::string_view range :
       {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"}) {
    EXPECT_EQ(answer(range), "416 0+0 bytes */100") << range;
  }
  EXPECT_EQ(answer("bytes=0-", 0), "416 0+0 bytes */0");
  EXPECT_EQ(answer("bytes=-5", 0), "416 0+0 bytes */0");
}

TEST(ChoosePart, GivesTheWholeForWhatIsNotOneRangeOfBytes) {
  for (std::string_view range :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1-2,4-5", "bytes=--5",
        "bytes=1 -2", "bytes=+1-2", "bytes=0x1-2", "items=0-1", "bytes:0-1", "bytes =0-1"}) {
    EXPECT_EQ(answer(range), "200 0+100") << range;
  }
}

TEST(ChoosePart, GivesTheWholeIfTheBodyIsAnother) {
  auto with = [](std::string_view if_range) {
    return choose_part("bytes=0-0", if_range, kTag, 100).status;
  };
  EXPECT_EQ(with("\"tag\""), 206);
  EXPECT_EQ(with(" \"tag\" "), 206);
  EXPECT_EQ(with("\"other\""), 200);
  EXPECT_EQ(with("W/\"tag\""), 200);
  EXPECT_EQ(with("tag"), 200);
  EXPECT_EQ(with("Thu, 13 Nov 2025 19:13:54 GMT"), 200);
  EXPECT_EQ(choose_part("bytes=100-", "\"other\"", kTag, 100).status, 200);
}

}  // namespace
}  // namespace gantry::httpd
