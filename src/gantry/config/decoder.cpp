#include "gantry/config/decoder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gantry::config {
namespace {

constexpr std::size_t kLongestShown = 64;
constexpr std::size_t kMostFaultsShown = 100;

// A text of the file as a message may show it: short, and with nothing that a terminal obeys.
std::string shown(std::string_view text) {
  std::string result;
  for (char character : text) {
    auto byte = static_cast<unsigned char>(character);
    // Cut before a code point, never within one.
    if (result.size() >= kLongestShown && (byte & 0xC0) != 0x80) return result + "...";
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += character;
    }
  }
  return result;
}

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

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// ", did you mean 'x'" with the word nearest to `text`, or nothing if none is like it.
std::string suggestion(std::string_view text, const std::vector<std::string_view>& words) {
  std::string_view nearest;
  std::size_t least = SIZE_MAX;
  for (std::string_view word : words) {
    std::size_t longer = std::max(text.size(), word.size());
    std::size_t difference = longer - std::min(text.size(), word.size());
    std::size_t tolerated = std::max<std::size_t>(2, longer * 2 / 5);
    if (difference > tolerated) continue;
    std::size_t distance = edit_distance(text, word);
    if (distance > tolerated || distance >= longer || distance >= least) continue;
    least = distance;
    nearest = word;
  }
  return nearest.empty() ? "" : fmt::format(", did you mean '{}'", nearest);
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

auto order(const Warning& entry) {
  return std::tie(entry.position.line, entry.position.column, entry.message);
}

void sort_by_position(std::vector<Warning>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Warning& left, const Warning& right) {
    return order(left) < order(right);
  });
  auto same = [](const Warning& left, const Warning& right) { return order(left) == order(right); };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

}  // namespace

void Report::fault(SourcePosition position, std::string message) {
  faults_.push_back({std::move(position), std::move(message)});
}

void Report::warn(SourcePosition position, std::string message) {
  warnings_.push_back({std::move(position), std::move(message)});
}

void Report::throw_faults() {
  if (faults_.empty()) return;
  sort_by_position(faults_);
  std::string message = faults_.front().message;
  std::size_t shown_count = std::min(faults_.size(), kMostFaultsShown);
  for (std::size_t index = 1; index < shown_count; ++index) {
    message += "\n" + faults_[index].to_string();
  }
  if (faults_.size() > shown_count) {
    message += fmt::format("\nand {} more faults", faults_.size() - shown_count);
  }
  throw Error(ErrorCode::kInvalidConfig, message).at(faults_.front().position);
}

std::vector<Warning> Report::take_warnings() {
  sort_by_position(warnings_);
  return std::move(warnings_);
}

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
