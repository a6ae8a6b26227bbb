#include "gantry/archive/model.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::archive {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 5> kRoles = {{
    {Role::kReference, "ref"},
    {Role::kPinax, "pinax"},
    {Role::kDescription, "description"},
    {Role::kCheimarros, "cheimarros"},
    {Role::kOther, "other"},
}};

}  // namespace

Role role_of(std::string_view key) {
  if (key == "pinax.json") return Role::kPinax;
  if (key == "description.md") return Role::kDescription;
  if (key == "cheimarros.json") return Role::kCheimarros;
  return key.ends_with(".ref.json") ? Role::kReference : Role::kOther;
}

std::string_view to_string(Role role) {
  for (const auto& [known, word] : kRoles) {
    if (known == role) return word;
  }
  return {};
}

std::optional<Role> parse_role(std::string_view word) {
  for (const auto& [role, known] : kRoles) {
    if (known == word) return role;
  }
  return std::nullopt;
}

const Component* Manifest::find(Role role) const {
  auto is_it = [role](const Component& component) { return role_of(component.key) == role; };
  auto found = std::find_if(components.begin(), components.end(), is_it);
  return found == components.end() ? nullptr : &*found;
}

const Cheimarros::Node* Cheimarros::find(std::string_view code) const {
  auto found = places.find(std::string(code));
  return found == places.end() ? nullptr : &nodes[found->second];
}

}  // namespace gantry::archive
