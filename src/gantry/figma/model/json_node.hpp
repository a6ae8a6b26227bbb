// A JSON value and where it stands in the answer, so that whatever is wrong with it is named by its
// path: "nodes.1:2.document.fills[0].color.r is missing". The path is written out only then.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "gantry/figma/model/color.hpp"

namespace gantry::figma {

// Refers to the value, to its parent and to the key, none of which may be temporary. All that read
// throw kBadResponse.
class JsonNode {
 public:
  // A value that `path` leads to; of the body as a whole the path is empty.
  explicit JsonNode(const boost::json::value& value, std::string_view path = {})
      : value_(value), key_(path) {}

  const boost::json::value& value() const { return value_; }
  const boost::json::object& object() const;
  const boost::json::array& array() const;

  JsonNode at(std::string_view key) const&;
  JsonNode at(std::string_view key) const&& = delete;
  JsonNode at(std::size_t index) const&;  // of an array that has so many
  JsonNode at(std::size_t index) const&& = delete;
  // Nothing where the field is absent or null.
  std::optional<JsonNode> find(std::string_view key) const&;
  std::optional<JsonNode> find(std::string_view key) const&& = delete;

  std::string text() const;
  double number() const;
  bool flag() const;
  // {"r","g","b","a"}, each from 0 to 1; where "a" is left out it is 1.
  Color color() const;

  std::string text(std::string_view key) const { return at(key).text(); }
  double number(std::string_view key) const { return at(key).number(); }
  bool flag(std::string_view key) const { return at(key).flag(); }
  // From 0 to 1.
  double share(std::string_view key) const;
  // Empty where the field is absent or something else than a string.
  std::string optional_text(std::string_view key) const;
  // `otherwise` where the field is absent or null.
  double number_or(std::string_view key, double otherwise) const;
  bool flag_or(std::string_view key, bool otherwise) const;

  std::string path() const;
  // Throws "<path> <what>".
  [[noreturn]] void refuse(std::string_view what) const;

 private:
  JsonNode(const boost::json::value& value, const JsonNode* parent, std::string_view key)
      : value_(value), parent_(parent), key_(key) {}
  JsonNode(const boost::json::value& value, const JsonNode* parent, std::size_t index)
      : value_(value), parent_(parent), index_(index) {}

  std::string path_of(std::string_view key) const;

  const boost::json::value& value_;
  const JsonNode* parent_ = nullptr;
  std::string_view key_;
  std::optional<std::size_t> index_;
};

}  // namespace gantry::figma
