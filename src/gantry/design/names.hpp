// The name pipeline of one asset and the search for a free name. Pure. For make_assets().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gantry/base/regex.hpp"
#include "gantry/base/text_case.hpp"

namespace gantry::design {

// Splits at '/', drops empty parts; two equal parts are one, else they are joined by '_'.
std::string normalised_name(std::string_view raw);

// Why a raw name must not be exported, or nothing: no visible character, a part "." or "..", a
// control character.
std::optional<std::string> refused_raw_name(std::string_view raw);

// Why a final name cannot be a file name with a suffix and an extension, or nothing.
std::optional<std::string> refused_final_name(std::string_view name);

// `name` with a node id in the same style: "bell_1_2", "bell-1-2", "BELL_1_2", "bellN1N2". Always
// longer than `name`.
std::string with_node_id(std::string_view name, std::string_view node_id, NameStyle style);

// Validates, replaces and styles normalised names. kInvalidConfig for wrong expressions.
class NamePipeline {
 public:
  NamePipeline(std::optional<NameStyle> style, const std::optional<std::string>& validate,
               const std::optional<std::string>& replace);

  bool is_valid(const std::string& normalised) const;
  std::string final_name(const std::string& normalised) const;

 private:
  std::optional<NameStyle> style_;
  std::optional<Regex> validate_;
  std::optional<std::string> replace_;
};

// What two names share that are one file on a system that ignores case and Unicode form.
std::string name_key(std::string_view name);

}  // namespace gantry::design
