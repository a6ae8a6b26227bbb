#include "gantry/archive/cid.hpp"

#include <algorithm>

namespace gantry::archive {
namespace {

constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase16 = "0123456789abcdef";
constexpr std::uint64_t kRaw = 0x55;
constexpr std::uint64_t kDagPb = 0x70;
constexpr std::uint64_t kSha256 = 0x12;
constexpr std::size_t kSha256Bytes = 32;
// Longer than any hash in use.
constexpr std::size_t kLongest = 256;
constexpr std::size_t kVersion0Length = 46;

// Digits of so many bits each. What is left over at the end is padding and must be zero.
std::optional<std::string> decode_bits(std::string_view text, std::string_view digits,
                                       unsigned width) {
  std::string bytes;
  unsigned held = 0;
  unsigned bits = 0;
  for (char character : text) {
    std::size_t digit = digits.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    held = held << width | static_cast<unsigned>(digit);
    bits += width;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits);
    held &= (1U << bits) - 1;
  }
  if (held != 0 || bits >= width) return std::nullopt;
  return bytes;
}

std::optional<std::string> decode_base58(std::string_view text) {
  std::string reversed;
  std::size_t zeros = std::min(text.find_first_not_of(kBase58.front()), text.size());
  for (char character : text.substr(zeros)) {
    std::size_t digit = kBase58.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    auto carry = static_cast<unsigned>(digit);
    for (char& byte : reversed) {
      carry += static_cast<unsigned char>(byte) * 58U;
      byte = static_cast<char>(carry);
      carry >>= 8;
    }
    if (carry > 0) reversed += static_cast<char>(carry);
  }
  reversed.append(zeros, '\0');
  return std::string(reversed.rbegin(), reversed.rend());
}

std::optional<std::string> decode(std::string_view text) {
  switch (text.front()) {
    case 'b':
      return decode_bits(text.substr(1), kBase32, 5);
    case 'f':
      return decode_bits(text.substr(1), kBase16, 4);
    case 'z':
      return decode_base58(text.substr(1));
    default:
      return std::nullopt;
  }
}

// Takes a number in groups of seven bits, lowest first, from the front.
std::optional<std::uint64_t> take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 63 && !bytes.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

bool take_hash(std::string_view bytes, Cid& cid) {
  auto hash = take_number(bytes);
  auto length = hash ? take_number(bytes) : std::nullopt;
  if (!length || *length != bytes.size()) return false;
  if (*hash == kSha256 && bytes.size() != kSha256Bytes) return false;
  cid.hash = *hash;
  cid.digest = bytes;
  return true;
}

}  // namespace

std::optional<Cid> parse_cid(std::string_view text) {
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  bool is_version_0 = text.size() == kVersion0Length && text.starts_with("Qm");
  auto decoded = is_version_0 ? decode_base58(text) : decode(text);
  if (!decoded) return std::nullopt;
  std::string_view bytes = *decoded;
  Cid cid;
  cid.codec = kDagPb;
  if (!is_version_0) {
    auto version = take_number(bytes);
    auto codec = version == 1 ? take_number(bytes) : std::nullopt;
    if (!codec) return std::nullopt;
    cid.version = 1;
    cid.codec = *codec;
  }
  if (!take_hash(bytes, cid)) return std::nullopt;
  return cid;
}

std::optional<Digest> hash_of_content(std::string_view text) {
  auto cid = parse_cid(text);
  if (!cid || cid->codec != kRaw || cid->hash != kSha256) return std::nullopt;
  Digest digest;
  std::copy(cid->digest.begin(), cid->digest.end(), digest.bytes.begin());
  return digest;
}

}  // namespace gantry::archive
