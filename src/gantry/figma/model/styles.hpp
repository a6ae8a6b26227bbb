// The published styles of a file and the parser of the answer that lists them. Pure; strict like
// the parsers of model.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry::figma {

enum class StyleType {
  kFill,
  kText,
  kEffect,
  kGrid,
  kOther,  // one that Figma has added since
};

// What a style looks like is said by its node: see nodes.hpp.
struct Style {
  std::string key;
  std::string node_id;
  std::string name;  // with its groups: "text/primary"
  std::string description;
  std::string updated_at;
  StyleType type = StyleType::kOther;

  bool operator==(const Style&) const = default;
};

// GET /v1/files/:key/styles, in the order of the answer; of equal node ids the first.
std::vector<Style> parse_styles(std::string_view body);

}  // namespace gantry::figma
