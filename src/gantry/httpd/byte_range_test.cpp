#include "gantry/httpd/byte_range.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace gantry::httpd {
namespace {

std::string chosen(std::string range, std::uint64_t size, std::string if_range = {}) {
  Request request;
  request.headers.emplace_back("Range", std::move(range));
  if (!if_range.empty()) request.headers.emplace_back("If-Range", std::move(if_range));
  const auto choice = choose_range(request, size, "\"v1\"");
  if (std::holds_alternative<WholeBody>(choice)) return "whole";
  if (std::holds_alternative<UnsatisfiableRange>(choice)) return "unsatisfiable";
  const auto& range_of = std::get<ByteRange>(choice);
  return fmt::format("{}-{}", range_of.first, range_of.last);
}

TEST(ByteRange, ReadsOneRange) {
  struct Case {
    std::string header;
    std::uint64_t size;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"bytes=0-0", 10, "0-0"},
      {"bytes=2-5", 10, "2-5"},
      {"bytes=7-", 10, "7-9"},
      {"bytes=7-999", 10, "7-9"},
      {"bytes=7-99999999999999999999999", 10, "7-9"},
      {"bytes=-3", 10, "7-9"},
      {"bytes=-30", 10, "0-9"},
      {"bytes=10-", 10, "unsatisfiable"},
      {"bytes=99999999999999999999999-", 10, "unsatisfiable"},
      {"bytes=-0", 10, "unsatisfiable"},
      {"bytes=0-", 0, "unsatisfiable"},
      {"bytes=-5", 0, "unsatisfiable"},
      {"bytes=5-2", 10, "whole"},
      {"bytes=0-1,3-4", 10, "whole"},
      {"bytes=", 10, "whole"},
      {"bytes=-", 10, "whole"},
      {"bytes=a-b", 10, "whole"},
      {"bytes= 1-2", 10, "whole"},
      {"items=0-1", 10, "whole"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(chosen(each.header, each.size), each.expected) << each.header;
  }
}

TEST(ByteRange, HoldsOnlyForTheStateOfTheBodyThatIfRangeNames) {
  EXPECT_EQ(chosen("bytes=1-2", 10, "\"v1\""), "1-2");
  EXPECT_EQ(chosen("bytes=1-2", 10, "\"v0\""), "whole");
  EXPECT_EQ(chosen("bytes=1-2", 10, "W/\"v1\""), "whole");
  EXPECT_EQ(chosen("bytes=99-", 10, "\"v0\""), "whole");
  EXPECT_EQ(chosen("bytes=1-2", 10, "Sat, 01 Jan 2022 00:00:00 GMT"), "whole");
}

TEST(ByteRange, IsTheWholeWithoutAHeader) {
  EXPECT_TRUE(std::holds_alternative<WholeBody>(choose_range({}, 10, "\"v1\"")));
}

}  // namespace
}  // namespace gantry::httpd
