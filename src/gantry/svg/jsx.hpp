// An SVG as the inside of a React component. Pure.
//
// Attributes are written as React and its TypeScript types want them, style attributes as objects,
// text as text. Comments, metadata, elements that are not SVG's and attributes that React does not
// know are left out; what remains draws the same. Colours stay.
#pragma once

#include <string>
#include <vector>

#include "gantry/svg/document.hpp"

namespace gantry::svg {

struct Jsx {
  std::string view_box;                 // of the root, else "0 0 <width> <height>"
  std::string color;                    // the root's attribute; empty without one
  std::vector<std::string> attributes;  // others of the root: "fill=\"none\""
  std::string body;                     // lines that begin with `indent` spaces
};

// kBadResponse for a root without a viewBox and without width and height in pixels.
Jsx to_jsx(const Document& document, int indent);

// A string literal of JavaScript with single quotes.
std::string js_string(std::string_view text);

// `name="value"` as a JSX attribute.
std::string jsx_attribute(std::string_view name, std::string_view value);

}  // namespace gantry::svg
