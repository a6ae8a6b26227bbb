#include "gantry/base/secret.hpp"

#include "gantry/base/hash.hpp"

namespace gantry {

std::string Secret::masked() const {
  std::size_t prefix = text_.find('_');
  std::size_t shown = (prefix == std::string::npos ? 0 : prefix + 1) + 3;
  if (text_.size() < shown * 2) return "…";
  return text_.substr(0, shown) + "…";
}

std::string Secret::fingerprint() const {
  return sha256("gantry credential\n" + text_).hex().substr(0, 16);
}

}  // namespace gantry
