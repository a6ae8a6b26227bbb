// Language tags as the codes that libraries use: ISO 639-2, bibliographic. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry::archive {

// "fre" of "fr", "fr-FR", "fra" and "fre"; nothing for a language that the standard does not have.
// Of what follows the language (a country, a script) nothing is told.
std::optional<std::string_view> bibliographic_code(std::string_view tag);

}  // namespace gantry::archive
