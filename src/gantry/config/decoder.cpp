#include "gantry/config/decoder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gantry::config {
namespace {

std::string found_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return "empty";
    case Value::Kind::kText:
      return "'" + shown(value.text) + "'";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMapping:
      return "a mapping";
  }
  return {};
}

std::string limits_text(const Limits& limits) {
  if (!limits.choices.empty()) return fmt::format(" of {}", fmt::join(limits.choices, ", "));
  if (!limits.bounded()) return "";
  return fmt::format(" from {} to {}", limits.minimum, limits.maximum);
}

bool allowed(double number, const Limits& limits) {
  if (limits.choices.empty()) return number >= limits.minimum && number <= limits.maximum;
  return std::find(limits.choices.begin(), limits.choices.end(), number) != limits.choices.end();
}

template <class Number>
std::optional<Number> number_of(const Value& value) {
  std::string_view text = value.text;
  if (value.kind != Value::Kind::kText) return std::nullopt;
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Target Target::item(std::size_t index, const Value& value) const {
  return {report, fmt::format("{}[{}]", path, index), report.position(value), limits};
}

void Target::expected(const Value& found, std::string_view what) const {
  report.fault(report.position(found),
               fmt::format("'{}' is {}, expected {}", path, found_text(found), what));
}

void decode(const Value& value, const Target& target, std::string& out) {
  if (value.kind != Value::Kind::kText) return target.expected(value, "a text");
  if (value.text.find('\0') != std::string::npos) {
    return target.expected(value, "a text without NUL characters");
  }
  out = value.text;
}

void decode(const Value& value, const Target& target, bool& out) {
  static constexpr std::string_view kTrue[] = {"true", "True", "TRUE", "yes", "Yes",
                                               "YES",  "on",   "On",   "ON"};
  static constexpr std::string_view kFalse[] = {"false", "False", "FALSE", "no", "No",
                                                "NO",    "off",   "Off",   "OFF"};
  bool is_text = value.kind == Value::Kind::kText;
  if (is_text && std::find(std::begin(kTrue), std::end(kTrue), value.text) != std::end(kTrue)) {
    out = true;
  } else if (is_text &&
             std::find(std::begin(kFalse), std::end(kFalse), value.text) != std::end(kFalse)) {
    out = false;
  } else {
    target.expected(value, "true or false");
  }
}

void decode(const Value& value, const Target& target, int& out) {
  auto number = number_of<int>(value);
  if (!number || !allowed(*number, target.limits)) {
    return target.expected(value, "a whole number" + limits_text(target.limits));
  }
  out = *number;
}

void decode(const Value& value, const Target& target, NumberOrAuto& out) {
  out.is_auto = value.kind == Value::Kind::kText && value.text == "auto";
  if (out.is_auto) return;
  auto number = number_of<int>(value);
  if (!number || !allowed(*number, target.limits)) {
    return target.expected(value, "auto or a whole number" + limits_text(target.limits));
  }
  out.number = *number;
}

void decode(const Value& value, const Target& target, double& out) {
  auto number = number_of<double>(value);
  if (!number || !std::isfinite(*number) || !allowed(*number, target.limits)) {
    return target.expected(value, "a number" + limits_text(target.limits));
  }
  out = *number;
}

void decode(const Value& value, const Target& target, Seconds& out) {
  auto number = number_of<double>(value);
  if (!number || !std::isfinite(*number) || !allowed(*number, target.limits)) {
    return target.expected(value, "a number of seconds" + limits_text(target.limits));
  }
  out = Seconds(*number);
}

void decode(const Value& value, const Target& target, std::vector<std::string>& out) {
  if (value.kind != Value::Kind::kList) return target.expected(value, "a list of texts");
  out.assign(value.items.size(), {});
  for (std::size_t index = 0; index < out.size(); ++index) {
    decode(*value.items[index], target.item(index, *value.items[index]), out[index]);
  }
}

void decode(const Value& value, const Target& target, std::vector<double>& out) {
  if (value.kind != Value::Kind::kList || value.items.empty()) {
    return target.expected(value, "a list of one number or more");
  }
  out.assign(value.items.size(), 0);
  for (std::size_t index = 0; index < out.size(); ++index) {
    decode(*value.items[index], target.item(index, *value.items[index]), out[index]);
  }
}

std::optional<std::size_t> decode_word(const Value& value, const Target& target,
                                       const std::vector<std::string_view>& words) {
  if (value.kind == Value::Kind::kText) {
    auto found = std::find(words.begin(), words.end(), value.text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  }
  target.expected(
      value, fmt::format(
                 "one of {}{}", fmt::join(words, ", "),
                 value.kind == Value::Kind::kText ? suggestion(value.text, words) : std::string()));
  return std::nullopt;
}

Decoder::Decoder(const Value& mapping, const Target& target, Form form)
    : target_(target), form_(form) {
  collect(mapping);
}

void Decoder::collect(const Value& mapping) {
  std::vector<const Value*> merged;
  for (std::size_t index = 0; index + 1 < mapping.items.size(); index += 2) {
    const Value* key = mapping.items[index];
    const Value* value = mapping.items[index + 1];
    if (key->kind != Value::Kind::kText) {
      target_.report.fault(
          target_.report.position(*key),
          fmt::format("a key of '{}' is {}, expected a text", target_.path, found_text(*key)));
      continue;
    }
    if (key->text == "<<") {
      merged.push_back(value);
      continue;
    }
    auto [entry, is_new] = entries_.try_emplace(key->text, Entry{key, value, &mapping});
    if (!is_new && entry->second.owner == &mapping) {
      target_.report.fault(target_.report.position(*key),
                           fmt::format("duplicate key '{}', first given on line {}",
                                       path_of(key->text), entry->second.key->line));
    }
  }
  for (const Value* value : merged) merge(*value);
}

// The merge key of YAML 1.1: what the mapping itself says wins over what it merges.
void Decoder::merge(const Value& value) {
  if (value.kind == Value::Kind::kMapping) return collect(value);
  bool is_list = value.kind == Value::Kind::kList;
  for (const Value* item : value.items) is_list = is_list && item->kind == Value::Kind::kMapping;
  if (!is_list) {
    Target target{target_.report, path_of("<<"), target_.report.position(value), {}};
    return target.expected(value, "a mapping or a list of mappings");
  }
  for (const Value* item : value.items) collect(*item);
}

const Decoder::Entry* Decoder::find(std::string_view key) {
  if (!ignoring_) known_.push_back(key);
  auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  found->second.known = true;
  if (found->second.value->kind == Value::Kind::kNull) return nullptr;
  if (ignoring_) {
    target_.report.warn(
        target_.report.position(*found->second.key),
        fmt::format("'{}' is ignored: only a list of '{}' has this key, a single mapping reads "
                    "what stands in 'common'",
                    path_of(key), target_.path));
    return nullptr;
  }
  return &found->second;
}

void Decoder::missing(std::string_view key, std::string_view meaning) {
  target_.report.fault(target_.position,
                       fmt::format("missing required key '{}' ({})", path_of(key), meaning));
}

void Decoder::needs(std::string_view switch_key, bool on, std::string_view key, bool given) {
  if (!on || given) return;
  target_.report.fault(target_.position, fmt::format("missing key '{}', required if '{}' is true",
                                                     path_of(key), switch_key));
}

void Decoder::finish() {
  for (const auto& [name, entry] : entries_) {
    if (entry.known || entry.value->kind == Value::Kind::kNull) continue;
    target_.report.warn(target_.report.position(*entry.key),
                        fmt::format("unknown key '{}'{}", path_of(name), suggestion(name, known_)));
  }
}

std::string Decoder::path_of(std::string_view key) const {
  return target_.path.empty() ? shown(key) : target_.path + "." + shown(key);
}

}  // namespace gantry::config
