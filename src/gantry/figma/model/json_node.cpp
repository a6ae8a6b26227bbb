#include "gantry/figma/model/json_node.hpp"

#include <cmath>

#include "gantry/figma/model/refusal.hpp"

namespace gantry::figma {

namespace json = boost::json;

const json::object& JsonNode::object() const {
  if (!value_.is_object()) refuse("is not an object");
  return value_.get_object();
}

const json::array& JsonNode::array() const {
  if (!value_.is_array()) refuse("is not an array");
  return value_.get_array();
}

JsonNode JsonNode::at(std::string_view key) const& {
  const json::value* found = object().if_contains(key);
  if (found == nullptr) refuse_answer(path_of(key) + " is missing");
  return {*found, this, key};
}

JsonNode JsonNode::at(std::size_t index) const& { return {array()[index], this, index}; }

std::optional<JsonNode> JsonNode::find(std::string_view key) const& {
  const json::value* found = object().if_contains(key);
  if (found == nullptr || found->is_null()) return std::nullopt;
  return JsonNode(*found, this, key);
}

std::string JsonNode::text() const {
  if (!value_.is_string()) refuse("is not a string");
  return std::string(std::string_view(value_.get_string()));
}

double JsonNode::number() const {
  if (!value_.is_number()) refuse("is not a number");
  double number = value_.is_double()   ? value_.get_double()
                  : value_.is_uint64() ? static_cast<double>(value_.get_uint64())
                                       : static_cast<double>(value_.get_int64());
  if (!std::isfinite(number)) refuse("is too large a number");
  return number;
}

bool JsonNode::flag() const {
  if (!value_.is_bool()) refuse("is neither true nor false");
  return value_.get_bool();
}

double JsonNode::share(std::string_view key) const {
  JsonNode node = at(key);
  double number = node.number();
  if (number < 0 || number > 1) node.refuse("is not from 0 to 1");
  return number;
}

Color JsonNode::color() const {
  Color color{.r = share("r"), .g = share("g"), .b = share("b"), .a = 1};
  if (find("a")) color.a = share("a");
  return color;
}

std::string JsonNode::optional_text(std::string_view key) const {
  const json::value* found = object().if_contains(key);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(std::string_view(found->get_string()));
}

double JsonNode::number_or(std::string_view key, double otherwise) const {
  auto node = find(key);
  return node ? node->number() : otherwise;
}

bool JsonNode::flag_or(std::string_view key, bool otherwise) const {
  auto node = find(key);
  return node ? node->flag() : otherwise;
}

std::string JsonNode::path() const {
  if (parent_ == nullptr) return std::string(key_.empty() ? "the body" : key_);
  if (index_) return parent_->path() + "[" + std::to_string(*index_) + "]";
  return parent_->path_of(key_);
}

std::string JsonNode::path_of(std::string_view key) const {
  if (parent_ == nullptr && key_.empty()) return std::string(key);
  return path() + "." + std::string(key);
}

void JsonNode::refuse(std::string_view what) const {
  refuse_answer(path() + " " + std::string(what));
}

}  // namespace gantry::figma
