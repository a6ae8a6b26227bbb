// The case styles in which exported names are written.
//
// A name is cut into tokens where letters and digits meet other characters, where a digit follows a
// letter and where a capital follows a small letter; a run of capitals is one token. Names that are
// in the wanted style already stay as they are. Unicode letters count; the input is taken in NFC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry {

enum class NameStyle { kCamelCase, kSnakeCase, kPascalCase, kKebabCase, kScreamingSnakeCase };

// The words of a configuration: "camelCase", "snake_case", "PascalCase", "kebab-case" and
// "SCREAMING_SNAKE_CASE"; nothing for any other.
std::optional<NameStyle> parse_name_style(std::string_view word);
std::string_view to_string(NameStyle style);

// to_style("icon24pxBold", kSnakeCase) is "icon_24px_bold". Empty if `text` has no letter or digit.
std::string to_style(std::string_view text, NameStyle style);

}  // namespace gantry
