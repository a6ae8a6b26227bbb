// The checks that an SVG must pass before anything else looks at it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gantry/svg/state.hpp"

namespace gantry::svg {

// One pass over the text: size, encoding, nesting, DOCTYPE and processing instructions. After it a
// parser cannot be made to nest deeper than the limit. Throws as Document::parse.
void check_text(std::string_view text);

// Elements, attributes and references of a parsed document.
void check_content(const Document::State& state);

// "line 7", for a node of a document that was parsed from `original`.
std::string line_of(const Document::State& state, pugi::xml_node node);

}  // namespace gantry::svg
