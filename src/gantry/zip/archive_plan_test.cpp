#include "gantry/zip/archive_plan.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "gantry/base/crc32.hpp"
#include "gantry/base/error.hpp"

namespace gantry::zip {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::sys_seconds kSomeTime{std::chrono::seconds(1'763'061'234)};

Member member(const std::string& name, const std::string& bytes) {
  return {RelativePath(name), bytes.size(), crc32(bytes), sha256(bytes), kSomeTime};
}

// As if it held that many bytes.
Member sized(const std::string& name, std::uint64_t size) {
  return {RelativePath(name), size, 0, Digest(), kSomeTime};
}

std::string text_of(const ArchivePlan& plan, const std::vector<std::string>& contents,
                    std::uint64_t offset, std::uint64_t length) {
  std::string text;
  Segments segments(plan, offset, length);
  while (auto segment = segments.next()) {
    if (const auto* slice = std::get_if<MemberSlice>(&*segment)) {
      EXPECT_GT(slice->length, 0U);
      text += contents.at(slice->member).substr(slice->offset, slice->length);
    } else {
      EXPECT_FALSE(std::get<std::string>(*segment).empty());
      EXPECT_LT(std::get<std::string>(*segment).size(), 192U * 1024);
      text += std::get<std::string>(*segment);
    }
  }
  return text;
}

// The records of the archive, without the members.
std::string records_of(const ArchivePlan& plan) {
  std::string text;
  Segments segments(plan, 0, plan.size());
  while (auto segment = segments.next()) {
    if (const auto* bytes = std::get_if<std::string>(&*segment)) text += *bytes;
  }
  return text;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

constexpr std::string_view kZip64End = "PK\x06\x06";

TEST(ArchivePlan, WritesTheRecordsOfTheFormat) {
  std::vector<Member> members = {member("a.txt", "hello\n")};
  ArchivePlan plan(members);
  std::string archive = text_of(plan, {"hello\n"}, 0, plan.size());
  EXPECT_EQ(hex_of(archive),
            "504b0304"
            "1400"
            "0008"
            "0000"
            "bb996d5b"
            "20303a36"
            "06000000"
            "06000000"
            "0500"
            "0900"
            "612e747874"
            "5554"
            "0500"
            "01"
            "f22d1669"
            "68656c6c6f0a"
            "504b0102"
            "2d03"
            "1400"
            "0008"
            "0000"
            "bb996d5b"
            "20303a36"
            "06000000"
            "06000000"
            "0500"
            "0900"
            "0000"
            "0000"
            "0000"
            "0000a481"
            "00000000"
            "612e747874"
            "5554"
            "0500"
            "01"
            "f22d1669"
            "504b0506"
            "0000"
            "0000"
            "0100"
            "0100"
            "3c000000"
            "32000000"
            "0000");
  EXPECT_EQ(plan.header_offset(0), 0U);
  EXPECT_EQ(plan.name(0), "a.txt");
}

TEST(ArchivePlan, OfNothingIsTheEndRecord) {
  ArchivePlan plan({});
  EXPECT_EQ(plan.size(), 22U);
  EXPECT_EQ(records_of(plan), "PK\x05\x06" + std::string(18, '\0'));
}

TEST(ArchivePlan, EveryRangeIsTheSliceOfTheWhole) {
  rc::check([] {
    auto contents =
        *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>());
    std::vector<Member> members;
    for (std::size_t i = 0; i < contents.size(); ++i) {
      members.push_back(member("m" + std::to_string(i), contents[i]));
    }
    ArchivePlan plan(members);
    std::string whole = text_of(plan, contents, 0, plan.size());
    RC_ASSERT(whole.size() == plan.size());
    for (int i = 0; i < 20; ++i) {
      auto begin = *rc::gen::inRange<std::uint64_t>(0, plan.size() + 1);
      auto length = *rc::gen::inRange<std::uint64_t>(0, plan.size() - begin + 1);
      RC_ASSERT(text_of(plan, contents, begin, length) == whole.substr(begin, length));
    }
  });
}

TEST(ArchivePlan, EveryPairOfBoundsOfASmallArchiveWorks) {
  std::vector<std::string> contents = {"", "x", "hello", ""};
  std::vector<Member> members;
  members.reserve(contents.size());
  for (const std::string& text : contents) {
    members.push_back(member("n" + std::to_string(members.size()), text));
  }
  ArchivePlan plan(members);
  std::string whole = text_of(plan, contents, 0, plan.size());
  for (std::uint64_t begin = 0; begin <= plan.size(); ++begin) {
    for (std::uint64_t end = begin; end <= plan.size(); ++end) {
      ASSERT_EQ(text_of(plan, contents, begin, end - begin), whole.substr(begin, end - begin));
    }
  }
}

TEST(ArchivePlan, UsesZip64ForSizesFromAllOnesOn) {
  struct {
    std::uint64_t size;
    std::size_t header;
    std::string zip64;
  } cases[] = {
      {0xffff'fffe, 44, ""},
      {0xffff'ffff, 64,
       "01001000"
       "ffffffff00000000"
       "ffffffff00000000"},
      {0x1'0000'0000, 64,
       "01001000"
       "0000000001000000"
       "0000000001000000"},
  };
  for (const auto& [size, header, zip64] : cases) {
    std::vector<Member> members = {sized("large", size)};
    ArchivePlan plan(members);
    Segments segments(plan, 0, plan.size());
    std::string local = std::get<std::string>(*segments.next());
    EXPECT_EQ(local.size(), header) << size;
    EXPECT_THAT(hex_of(local), HasSubstr(zip64));
    EXPECT_EQ(hex_of(local.substr(4, 2)), zip64.empty() ? "1400" : "2d00");
    EXPECT_EQ(hex_of(local.substr(18, 4)), zip64.empty() ? "feffffff" : "ffffffff");
    EXPECT_EQ(std::get<MemberSlice>(*segments.next()), (MemberSlice{0, 0, size}));
    // The directory begins behind it in any case, beyond what 32 bits tell.
    EXPECT_EQ(count(records_of(plan), kZip64End), 1U);
  }
}

TEST(ArchivePlan, UsesZip64ForOffsetsFromAllOnesOn) {
  // Both local headers have 40 bytes.
  for (std::uint64_t offset : {0xffff'fffeULL, 0xffff'ffffULL}) {
    std::vector<Member> members = {sized("a", offset - 40), sized("b", 0)};
    ArchivePlan plan(members);
    ASSERT_EQ(plan.header_offset(1), offset);
    std::string records = records_of(plan);
    std::string entry = records.substr(records.rfind("PK\x01\x02"));
    bool is_zip64 = offset == 0xffff'ffff;
    EXPECT_EQ(hex_of(entry.substr(6, 2)), is_zip64 ? "2d00" : "1400");
    EXPECT_EQ(hex_of(entry.substr(42, 4)), is_zip64 ? "ffffffff" : "feffffff");
    EXPECT_EQ(hex_of(entry.substr(47, 4)), is_zip64 ? "01000800" : "55540500");
    if (is_zip64) EXPECT_EQ(hex_of(entry.substr(51, 8)), "ffffffff00000000");
  }
}

TEST(ArchivePlan, UsesZip64From65535MembersOn) {
  for (std::size_t number : {65'534U, 65'535U, 65'536U}) {
    std::vector<Member> members;
    for (std::size_t i = 0; i < number; ++i) members.push_back(sized(std::to_string(i), 0));
    ArchivePlan plan(members);
    std::string records = records_of(plan);
    EXPECT_EQ(records.size(), plan.size());
    EXPECT_EQ(count(records, kZip64End), number >= 65'535 ? 1U : 0U) << number;
    EXPECT_EQ(hex_of(records.substr(records.size() - 12, 2)), number >= 65'535 ? "ffff" : "feff");
  }
}

TEST(ArchivePlan, HoldsTimesWithinWhatTheFieldsHold) {
  struct {
    std::int64_t seconds;
    std::string dos;
    std::string extended;
  } cases[] = {
      {-1, "00002100", "ffffffff"},
      {0, "00002100", "00000000"},
      {315'532'801, "00002100", "01a6ce12"},
      {4'000'000'000, "d43842e9", "ffffff7f"},
      {100'000'000'000, "7dbf9fff", "ffffff7f"},
  };
  for (const auto& [seconds, dos, extended] : cases) {
    std::vector<Member> members = {sized("a", 0)};
    members[0].modified = std::chrono::sys_seconds(std::chrono::seconds(seconds));
    std::string records = records_of(ArchivePlan(members));
    EXPECT_EQ(hex_of(records.substr(10, 4)), dos) << seconds;
    EXPECT_EQ(hex_of(records.substr(36, 4)), extended) << seconds;
  }
}

TEST(ArchivePlan, HasATagThatTellsArchivesApart) {
  std::vector<Member> members = {member("a", "1"), member("b", "2")};
  ArchivePlan plan(members);
  EXPECT_EQ(plan.etag().size(), 66U);
  EXPECT_EQ(plan.etag(), ArchivePlan(members).etag());

  std::vector<std::vector<Member>> others(7, members);
  std::swap(others[0][0], others[0][1]);
  others[1][0].name = RelativePath("c");
  others[2][0].size += 1;
  others[3][0].crc32 += 1;
  others[4][0].sha256 = Digest();
  others[5][0].modified += std::chrono::seconds(1);
  others[6].pop_back();
  for (const auto& other : others) EXPECT_NE(ArchivePlan(other).etag(), plan.etag());
}

TEST(ArchivePlan, RefusesWhatNoArchiveHolds) {
  auto refusal = [](const std::vector<Member>& members) {
    try {
      ArchivePlan plan(members);
      return std::string("accepted");
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.message();
    }
  };
  EXPECT_THAT(refusal({sized("a/\u00fc", 1), sized("A/u\u0308", 1)}),
              HasSubstr("conflict: two members"));
  EXPECT_THAT(refusal({sized("a", 1ULL << 62), sized("b", 1ULL << 62)}), HasSubstr("2^63"));
  EXPECT_THAT(refusal({sized("a", ~0ULL)}), HasSubstr("2^63"));
  std::string deep;
  while (deep.size() < 65'535) deep += "folder/";
  EXPECT_THAT(refusal({sized(deep + "a", 1)}), HasSubstr("more than the 65535"));
  EXPECT_EQ(refusal({sized(deep.substr(0, 65'534) + "a", 1)}), "accepted");
}

TEST(Segments, RefusesWhatIsNotWithinTheArchive) {
  ArchivePlan plan({});
  EXPECT_NO_THROW(Segments(plan, 22, 0));
  EXPECT_THROW(Segments(plan, 0, 23), Error);
  EXPECT_THROW(Segments(plan, 23, 0), Error);
  EXPECT_THROW(Segments(plan, 1, ~0ULL), Error);
}

}  // namespace
}  // namespace gantry::zip
