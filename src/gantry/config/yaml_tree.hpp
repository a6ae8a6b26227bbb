// YAML as a bounded tree with positions: the only place that knows the YAML library.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/base/error.hpp"

namespace gantry::config {

inline constexpr std::size_t kMaxBytes = 4UL * 1024 * 1024;
inline constexpr std::size_t kMaxValues = 50'000;
inline constexpr std::size_t kMaxNesting = 64;

struct Value {
  enum class Kind { kNull, kText, kList, kMapping };

  Kind kind = Kind::kNull;
  int line = 0;    // from 1
  int column = 0;  // from 1, in bytes
  std::string text;
  std::vector<const Value*> items;  // of a mapping: key, value, key, value, ...

  // What walking the value costs when every alias is followed; kept within the limits.
  std::size_t nesting = 1;
  std::size_t size = 1;
};

// Owns its values, which may be shared between several places by aliases, never in a cycle.
struct YamlTree {
  std::deque<Value> values;
  const Value* root = nullptr;  // null for an empty file
};

// kInvalidConfig for what is not one document of YAML in UTF-8; kTooLarge beyond the limits.
YamlTree parse_yaml(std::string_view text, std::string_view file_name);

}  // namespace gantry::config
