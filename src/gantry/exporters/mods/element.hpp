// Pieces of a MODS document, built as XML and printed at the depth at which they stand.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <pugixml.hpp>

namespace gantry::exporters::mods {

using Attributes = std::initializer_list<std::pair<const char*, std::string_view>>;

// Elements that follow each other in the same parent.
class Fragment {
 public:
  // `replaced` counts the characters that XML cannot hold.
  Fragment(unsigned depth, std::uint64_t& replaced) : depth_(depth), replaced_(&replaced) {}

  pugi::xml_node add(const char* name, Attributes attributes = {});
  pugi::xml_node add(pugi::xml_node parent, const char* name, Attributes attributes = {});
  // An element with nothing but text.
  pugi::xml_node add_text(const char* name, std::string_view text, Attributes attributes = {});
  pugi::xml_node add_text(pugi::xml_node parent, const char* name, std::string_view text,
                          Attributes attributes = {});

  std::string print() const;

 private:
  void set(pugi::xml_node node, Attributes attributes);

  pugi::xml_document document_;
  unsigned depth_;
  std::uint64_t* replaced_;
};

}  // namespace gantry::exporters::mods
