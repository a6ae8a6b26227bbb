#include "gantry/jobs/older_cache.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::jobs {
namespace {

TEST(OlderCache, KnowsTheVersionsOfFiles) {
  OlderCache cache = OlderCache::decode(R"({
    "schemaVersion": 2,
    "files": {
      "KEY1": {"version": "4242", "lastExport": "2030-01-02T03:04:05Z", "fileName": "Icons",
               "nodeHashes": {"10:7": "0123456789abcdef"}},
      "KEY2": {"version": "7", "lastExport": "2030-01-02T03:04:05Z"}}})");
  EXPECT_EQ(cache.files.size(), 2U);
  EXPECT_EQ(cache.files["KEY1"], (OlderCache::File{"4242", "2030-01-02T03:04:05Z", "Icons"}));
  EXPECT_EQ(cache.files["KEY2"].name, "");
}

TEST(OlderCache, ReadsTheFirstSchemaToo) {
  EXPECT_EQ(
      OlderCache::decode(R"({"schemaVersion": 1, "files": {"K": {"version": "1"}}})").files.size(),
      1U);
}

TEST(OlderCache, SaysWhatIsWrongWithOthers) {
  const std::string newer = R"({"schemaVersion": 3, "documents": []})";
  try {
    OlderCache::decode(newer);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), ::testing::HasSubstr("schema 3 is newer"));
  }
  for (const char* text :
       {"", "{", "[]", "{}", R"({"schemaVersion": 2})", R"({"schemaVersion": 2, "files": []})",
        R"({"schemaVersion": 2, "files": {"K": {"version": 4}}})",
        R"({"schemaVersion": "two", "files": {}})"}) {
    EXPECT_THROW(OlderCache::decode(text), Error) << text;
  }
}

}  // namespace
}  // namespace gantry::jobs
