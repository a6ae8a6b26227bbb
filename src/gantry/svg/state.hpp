// The insides of a Document, for the sources of this folder.
#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "gantry/svg/document.hpp"

namespace gantry::svg {

struct Document::State {
  std::string original;
  pugi::xml_document dom;
  bool changed = false;

  pugi::xml_node root() const { return dom.document_element(); }
};

// The name without its namespace prefix.
inline std::string_view local_name(std::string_view name) {
  std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The next node in document order below `root`, or none.
inline pugi::xml_node next_node(pugi::xml_node node, pugi::xml_node root) {
  if (node.first_child()) return node.first_child();
  while (node != root && !node.next_sibling()) node = node.parent();
  return node == root ? pugi::xml_node() : node.next_sibling();
}

}  // namespace gantry::svg
