// The bytes of a record in a store: written and read back piece by piece.
//
// A record is a kind, a version, the pieces and a checksum. Numbers are varints or, where they are
// fractions, 8 bytes with the lowest first. A text of 4 to 64 bytes is written out once, afterwards
// its number stands for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gantry::figma {

// The letters stand in stores: none is ever given another meaning.
enum class RecordKind : char {
  kFileMeta = 'M',
  kComponents = 'C',
  kStyles = 'S',
  kNodes = 'N',
  kVariables = 'V',
  kAddresses = 'A',
};

// Appends the checksum of what is there.
void seal(std::string& bytes);

// The texts that are written must live until it has finished.
class RecordWriter {
 public:
  explicit RecordWriter(RecordKind kind);

  void number(std::uint64_t number);
  void flag(bool flag) { bytes_ += flag ? '\1' : '\0'; }
  void real(double number);
  void text(std::string_view text);
  // An enumerator of 0 to 255.
  template <class Word>
  void word(Word word) {
    bytes_ += static_cast<char>(word);
  }
  std::string finish();

 private:
  std::string bytes_;
  std::unordered_map<std::string_view, std::uint64_t> known_;
};

// Throws Error kBadResponse for whatever a writer has not written so. It takes no memory for what
// is not there, however long the record says that something is.
class RecordReader {
 public:
  // `record` must outlive it.
  RecordReader(std::string_view record, RecordKind kind);

  std::uint64_t number();
  bool flag();
  double real();
  std::string text();
  // How many items follow, each of which takes so many bytes at least.
  std::size_t count(std::size_t bytes_of_one);
  template <class Word>
  Word word(Word last) {
    return static_cast<Word>(byte_up_to(static_cast<std::uint8_t>(last)));
  }
  // Nothing may be left.
  void finish() const;
  // Throws kBadResponse.
  [[noreturn]] static void refuse(std::string_view what);

 private:
  std::uint8_t byte_up_to(std::uint8_t last);
  std::string_view bytes(std::uint64_t size);

  std::string_view rest_;
  std::vector<std::string_view> known_;
};

}  // namespace gantry::figma
