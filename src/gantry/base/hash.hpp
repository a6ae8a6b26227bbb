// SHA-256 of what is written to disk or kept in a store, and as a signature with a key.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

// A SHA-256 value. Default: all zero, the hash of nothing.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  std::string hex() const;  // 64 lower-case digits
  static std::optional<Digest> from_hex(std::string_view text);
  auto operator<=>(const Digest&) const = default;
};

// Hashes a stream piece by piece. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  // Ends the stream; the object may then only be destroyed or assigned.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(std::string_view bytes);

// HMAC with SHA-256 (RFC 2104).
Digest hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace gantry
