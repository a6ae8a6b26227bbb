// The variables of a file: named values, one for each mode of the collection that they are in.
// Pure; the parser is strict like those of model.hpp.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gantry/figma/model/color.hpp"

namespace gantry::figma {

// The value of another variable, which need not be in the answer.
struct VariableAlias {
  std::string id;

  bool operator==(const VariableAlias&) const = default;
};

// A colour whose opacity is told apart from it: it takes the place of the colour's own.
struct ComposedColor {
  std::variant<Color, VariableAlias> color;
  std::variant<double, VariableAlias> opacity;

  bool operator==(const ComposedColor&) const = default;
};

// The first: a value of a kind that Figma has added since.
using VariableValue =
    std::variant<std::monostate, bool, double, std::string, Color, VariableAlias, ComposedColor>;
// By the id of the mode.
using ValuesByMode = std::map<std::string, VariableValue>;

enum class VariableType {
  kBoolean,
  kFloat,
  kString,
  kColor,
  kOther,  // one that Figma has added since
};

struct Variable {
  std::string name;  // with its groups: "text/primary"
  std::string key;
  std::string collection_id;
  std::string description;
  VariableType type = VariableType::kOther;
  ValuesByMode values;
  std::vector<std::string> scopes;                 // "ALL_SCOPES", "TEXT_FILL", ...
  std::map<std::string, std::string> code_syntax;  // of "WEB", "ANDROID", "iOS"
  bool remote = false;                             // of another file
  bool hidden_from_publishing = false;
  bool deleted_but_referenced = false;

  bool operator==(const Variable&) const = default;
};

struct VariableMode {
  std::string id;
  std::string name;
  std::string parent_id;  // of a mode that extends another

  bool operator==(const VariableMode&) const = default;
};

struct VariableCollection {
  std::string name;
  std::string key;
  std::vector<VariableMode> modes;
  std::string default_mode_id;
  std::vector<std::string> variable_ids;  // in the editor's order; some may be unknown
  bool remote = false;
  bool hidden_from_publishing = false;
  // Of a collection that extends another: that one, and its own values by the id of the variable.
  std::string parent_id;
  std::map<std::string, ValuesByMode> overrides;

  bool operator==(const VariableCollection&) const = default;
};

// By their ids.
struct Variables {
  std::map<std::string, VariableCollection> collections;
  std::map<std::string, Variable> variables;

  bool operator==(const Variables&) const = default;
};

// GET /v1/files/:key/variables/local. The order of Figma's own answer is not stable.
Variables parse_variables(std::string_view body);

}  // namespace gantry::figma
