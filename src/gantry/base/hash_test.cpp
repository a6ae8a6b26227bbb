#include "gantry/base/hash.hpp"

#include <gtest/gtest.h>

namespace gantry {
namespace {

// FIPS 180-4 examples.
TEST(Sha256, GivesThePublishedValues) {
  struct {
    std::string text;
    std::string hex;
  } cases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& [text, hex] : cases) EXPECT_EQ(sha256(text).hex(), hex);
}

TEST(Sha256, OfPiecesIsThatOfTheWhole) {
  std::string text(10'000, 'x');
  text[5'000] = 'y';
  for (std::size_t piece : {1U, 63U, 64U, 65U, 4'096U, 20'000U}) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      hash.update(std::string_view(text).substr(at, piece));
    }
    EXPECT_EQ(hash.finish(), sha256(text)) << piece;
  }
  EXPECT_EQ(Sha256().finish(), sha256(""));
}

// RFC 4231, cases 1, 2 and 6.
TEST(HmacSha256, GivesThePublishedValues) {
  EXPECT_EQ(hmac_sha256(std::string(20, '\x0b'), "Hi There").hex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?").hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First")
                .hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, ReadsItsOwnHexOnly) {
  Digest digest = sha256("abc");
  std::string hex = digest.hex();
  EXPECT_EQ(Digest::from_hex(hex), digest);
  EXPECT_EQ(Digest::from_hex(""), std::nullopt);
  EXPECT_EQ(Digest::from_hex(hex.substr(1)), std::nullopt);
  EXPECT_EQ(Digest::from_hex(hex + "0"), std::nullopt);
  EXPECT_EQ(Digest::from_hex("BA" + hex.substr(2)), std::nullopt) << "one form only";
  EXPECT_EQ(Digest::from_hex("g" + hex.substr(1)), std::nullopt);
  EXPECT_EQ(Digest::from_hex(std::string(64, '\0')), std::nullopt);
  EXPECT_EQ(Digest::from_hex(std::string(64, '0')), Digest());
  EXPECT_LT(Digest(), digest);
}

}  // namespace
}  // namespace gantry
