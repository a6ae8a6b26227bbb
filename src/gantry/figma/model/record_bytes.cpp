#include "gantry/figma/model/record_bytes.hpp"

#include <bit>
#include <cmath>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "gantry/base/error.hpp"

namespace gantry::figma {
namespace {

constexpr char kVersion = 1;  // of what the records hold and how
constexpr std::size_t kHeadSize = 2;
constexpr std::size_t kWordSize = 8;  // of fractions and of the checksum
constexpr unsigned kBitsOfPart = 7;   // of a varint
// Shorter texts are as short as their number; longer ones could make a small record a huge value.
constexpr std::size_t kShortestKnown = 4;
constexpr std::size_t kLongestKnown = 64;

bool becomes_known(std::string_view text) {
  return text.size() >= kShortestKnown && text.size() <= kLongestKnown;
}

void append_word(std::string& bytes, std::uint64_t word) {
  for (std::size_t i = 0; i < kWordSize; ++i) bytes += static_cast<char>(word >> (8 * i));
}

std::uint64_t word_of(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < kWordSize; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

std::uint64_t checksum_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace

void seal(std::string& bytes) { append_word(bytes, checksum_of(bytes)); }

RecordWriter::RecordWriter(RecordKind kind) {
  word(kind);
  word(kVersion);
}

void RecordWriter::number(std::uint64_t number) {
  constexpr std::uint64_t kMore = 1U << kBitsOfPart;
  while (number >= kMore) {
    bytes_ += static_cast<char>(number % kMore + kMore);
    number >>= kBitsOfPart;
  }
  bytes_ += static_cast<char>(number);
}

void RecordWriter::real(double number) {
  append_word(bytes_, std::bit_cast<std::uint64_t>(number));
}

// The lowest bit of the number tells a known text from the size of one that follows.
void RecordWriter::text(std::string_view text) {
  if (becomes_known(text)) {
    auto [found, is_new] = known_.try_emplace(text, known_.size());
    if (!is_new) return number(found->second * 2 + 1);
  }
  number(std::uint64_t{text.size()} * 2);
  bytes_ += text;
}

std::string RecordWriter::finish() {
  seal(bytes_);
  return std::move(bytes_);
}

RecordReader::RecordReader(std::string_view record, RecordKind kind) {
  if (record.size() < kHeadSize + kWordSize) refuse("it is cut off");
  std::string_view content = record.substr(0, record.size() - kWordSize);
  if (word_of(record.substr(content.size())) != checksum_of(content)) refuse("it is damaged");
  if (content[0] != static_cast<char>(kind)) refuse("it is of another kind");
  if (content[1] != kVersion) refuse("another version of Gantry wrote it");
  rest_ = content.substr(kHeadSize);
}

std::uint64_t RecordReader::number() {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += kBitsOfPart) {
    auto part = static_cast<unsigned char>(bytes(1)[0]);
    std::uint64_t bits = part & 0x7fU;
    if ((bits << shift) >> shift != bits) refuse("a number is too large");
    number |= bits << shift;
    if (part != bits) continue;
    if (part == 0 && shift > 0) refuse("a number is too long");
    return number;
  }
  refuse("a number is too long");
}

bool RecordReader::flag() { return byte_up_to(1) == 1; }

double RecordReader::real() {
  double number = std::bit_cast<double>(word_of(bytes(kWordSize)));
  if (!std::isfinite(number)) refuse("a number is not finite");
  return number;
}

std::string RecordReader::text() {
  std::uint64_t head = number();
  if (head % 2 == 1) {
    if (head / 2 >= known_.size()) refuse("a text is not known");
    return std::string(known_[head / 2]);
  }
  std::string_view text = bytes(head / 2);
  if (becomes_known(text)) known_.push_back(text);
  return std::string(text);
}

std::size_t RecordReader::count(std::size_t bytes_of_one) {
  std::uint64_t count = number();
  if (count > rest_.size() / bytes_of_one) refuse("it is cut off");
  return count;
}

void RecordReader::finish() const {
  if (!rest_.empty()) refuse("it is too long");
}

void RecordReader::refuse(std::string_view what) {
  throw Error(ErrorCode::kBadResponse,
              "a record of the store cannot be used: " + std::string(what));
}

std::uint8_t RecordReader::byte_up_to(std::uint8_t last) {
  auto byte = static_cast<std::uint8_t>(bytes(1)[0]);
  if (byte > last) refuse("a word is not known");
  return byte;
}

std::string_view RecordReader::bytes(std::uint64_t size) {
  if (size > rest_.size()) refuse("it is cut off");
  std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

}  // namespace gantry::figma
