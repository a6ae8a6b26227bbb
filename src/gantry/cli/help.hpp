// What --help prints: flags in groups, in at most 80 columns, each with its default and the
// variable that sets it.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace gantry::cli {

std::shared_ptr<CLI::FormatterBase> help_formatter();

// The groups of flags.
inline constexpr const char* kRequiredGroup = "Required";
inline constexpr const char* kOutputGroup = "Output";
inline constexpr const char* kLimitsGroup = "Speed and limits";
inline constexpr const char* kCacheGroup = "Cache";
inline constexpr const char* kConnectionGroup = "Connection";
inline constexpr const char* kGeneralGroup = "General";

}  // namespace gantry::cli
