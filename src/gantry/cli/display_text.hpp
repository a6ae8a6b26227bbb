// Text from elsewhere as a terminal may show it: nothing in it moves the cursor, and its width in
// columns is known. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gantry::cli {

// Without control characters other than line breaks, without marks that turn the direction of
// writing, and valid UTF-8.
std::string printable(std::string_view text);
// The same in one line.
std::string printable_line(std::string_view text);

// As it is, but for bytes that are no characters.
std::string valid_utf8(std::string_view text);

// The columns that printable text of one line takes: two for wide characters and emoji, none for
// combining marks.
std::size_t width_of(std::string_view text);

// At most `columns` wide; what is cut off shows as "…".
std::string cut(const std::string& text, std::size_t columns);
// Exactly `columns` wide.
std::string fitted(const std::string& text, std::size_t columns);

}  // namespace gantry::cli
