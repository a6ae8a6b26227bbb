#include "apps/sandbox/arke_cid.hpp"

#include "gantry/base/hash.hpp"

namespace gantry::sandbox {
namespace {

// Base 32 without padding, in small letters, of a CID's bytes.
std::string cid_with(char codec, std::string_view bytes) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
  const Digest digest = sha256(bytes);
  std::string binary = {'\x01', codec, '\x12', '\x20'};
  binary.append(digest.bytes.begin(), digest.bytes.end());
  std::string text = "b";
  unsigned held = 0;
  unsigned bits = 0;
  for (const char byte : binary) {
    held = held << 8 | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kDigits[held >> bits & 31U];
    }
    held &= (1U << bits) - 1;
  }
  if (bits > 0) text += kDigits[held << (5 - bits) & 31U];
  return text;
}

}  // namespace

std::string cid_of(std::string_view bytes) { return cid_with('\x55', bytes); }
std::string opaque_cid_of(std::string_view bytes) { return cid_with('\x70', bytes); }

}  // namespace gantry::sandbox
