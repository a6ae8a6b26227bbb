#include "gantry/archive/cid.hpp"

#include <gtest/gtest.h>

namespace gantry::archive {
namespace {

// Of "hello world" as a raw block: base 32 of 01 55 12 20 and the hash.
constexpr const char* kHelloWorld = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

TEST(Cid, TellsTheHashOfARawBlock) {
  auto hash = hash_of_content(kHelloWorld);
  ASSERT_TRUE(hash);
  EXPECT_EQ(*hash, sha256("hello world"));
}

TEST(Cid, IsReadInEachOfItsBases) {
  std::string base16 = "f01551220" + sha256("hello world").hex();
  EXPECT_EQ(hash_of_content(base16), sha256("hello world"));
  auto base58 = parse_cid("zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz");
  ASSERT_TRUE(base58);
  EXPECT_EQ(base58->version, 1);
  EXPECT_EQ(base58->codec, 0x70U);
  EXPECT_EQ(base58->hash, 0x12U);
}

TEST(Cid, OfAFileInBlocksTellsNothingOfItsBytes) {
  for (const char* text : {"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
                           "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"}) {
    auto cid = parse_cid(text);
    ASSERT_TRUE(cid) << text;
    EXPECT_EQ(cid->codec, 0x70U);
    EXPECT_EQ(cid->digest.size(), 32U);
    EXPECT_FALSE(hash_of_content(text));
  }
}

TEST(Cid, IsNoOtherText) {
  std::string cut(kHelloWorld);
  cut.pop_back();
  for (const std::string& text :
       {std::string(), std::string("b"), std::string("bafyP"), cut, std::string(kHelloWorld) + "a",
        std::string("Qm0000000000000000000000000000000000000000000O"), std::string("x123"),
        std::string("f01551220ab"), std::string("f0155122"), std::string(10'000, 'b'),
        std::string("../../etc/passwd")}) {
    EXPECT_FALSE(parse_cid(text)) << text.substr(0, 80);
    EXPECT_FALSE(hash_of_content(text)) << text.substr(0, 80);
  }
}

}  // namespace
}  // namespace gantry::archive
