// The little of CSS that SVG files need: references and escapes. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::svg {

// One "url(...)" in a text: its range with the parentheses, and what stands in them without quotes.
struct UrlReference {
  std::size_t begin;
  std::size_t end;
  std::string target;
};

// In the order of the text; "url(" in any case. One that does not end reaches to the end.
std::vector<UrlReference> urls_of(std::string_view text);

// The text with its backslash escapes ("\75 rl") replaced by what they mean.
std::string unescaped_css(std::string_view text);

// The new name of an id, or nothing to leave it as it is.
using Rename = std::function<std::optional<std::string>(std::string_view id)>;

// `text` with the ids in "url(#id)" renamed.
std::string rename_in_urls(std::string_view text, const Rename& rename);

// A style sheet with the ids in "url(#id)" and in selectors renamed; colours are no ids.
std::string rename_in_stylesheet(std::string_view text, const Rename& rename);

// The declarations of a style attribute as (property, value) pairs, trimmed.
std::vector<std::pair<std::string, std::string>> declarations_of(std::string_view style);

}  // namespace gantry::svg
