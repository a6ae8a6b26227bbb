// A credential in memory. It cannot be printed by accident: the text comes out only through
// reveal(), and everything that is shown uses masked().
#pragma once

#include <string>
#include <utility>

namespace gantry {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }

  // "figd_abc…": the kind and three characters, or "…" where that would show half of it.
  std::string masked() const;
  // A name for files and keys that tells credentials apart and does not reveal them: 16 hex digits.
  std::string fingerprint() const;

 private:
  std::string text_;
};

}  // namespace gantry
