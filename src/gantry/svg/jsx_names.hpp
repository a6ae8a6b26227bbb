// The elements and attributes of SVG as React's types know them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry::svg {

// Whether React draws an SVG element of this name.
bool is_jsx_element(std::string_view name);

// The JSX name of an SVG attribute with this value, or nothing if it must be left out. A value
// outside of the words that React's types allow keeps the SVG name, which they do not check.
std::optional<std::string> jsx_name(std::string_view name, std::string_view value);

// "stroke-width" -> "strokeWidth", "xlink:href" -> "xlinkHref".
std::string camel_name(std::string_view name);

}  // namespace gantry::svg
