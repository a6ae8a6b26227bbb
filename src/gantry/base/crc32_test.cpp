#include "gantry/base/crc32.hpp"

#include <string>

#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(Crc32, GivesTheKnownValues) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(crc32(std::string(32, '\0')), 0x190a55adU);
}

TEST(Crc32, OfPartsIsThatOfTheWhole) {
  std::string text(100'000, 'x');
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>(i);
  std::string_view view = text;
  for (std::size_t cut : {0UL, 1UL, 4'096UL, 99'999UL, 100'000UL}) {
    std::string_view second = view.substr(cut);
    EXPECT_EQ(crc32_of_both(crc32(view.substr(0, cut)), crc32(second), second.size()), crc32(view))
        << cut;
  }
}

TEST(Crc32, OfPartsBeyondFourGigabytesIsRight) {
  // The same zeros, cut in two ways.
  std::uint64_t size = 1ULL << 20;
  std::uint32_t doubled = crc32(std::string(size, '\0'));
  const std::uint32_t megabyte = doubled;
  for (; size < 8ULL << 30; size *= 2) doubled = crc32_of_both(doubled, doubled, size);
  std::uint32_t counted = 0;
  for (std::uint64_t i = 0; i < size >> 20; ++i) {
    counted = crc32_of_both(counted, megabyte, 1 << 20);
  }
  EXPECT_EQ(doubled, counted);
}

}  // namespace
}  // namespace gantry
