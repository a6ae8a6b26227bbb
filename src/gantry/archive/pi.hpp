// The persistent identifier of an archive entity: 26 digits and capital letters, in 17 bytes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::archive {

class Pi {
 public:
  static constexpr std::size_t kLength = 26;
  static constexpr std::size_t kBytes = 17;

  Pi() = default;  // of zeros
  // Nothing unless `text` is 26 characters of 0-9 and A-Z.
  static std::optional<Pi> parse(std::string_view text);

  std::string text() const;
  // In the order of the texts.
  auto operator<=>(const Pi&) const = default;
  const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }
  static Pi from_bytes(const std::array<std::uint8_t, kBytes>& bytes);

 private:
  std::array<std::uint8_t, kBytes> bytes_{};  // one number in base 36, its highest byte first
};

struct PiHash {
  std::size_t operator()(const Pi& pi) const {
    const auto* bytes = reinterpret_cast<const char*>(pi.bytes().data());
    return std::hash<std::string_view>()({bytes, Pi::kBytes});
  }
};

}  // namespace gantry::archive
