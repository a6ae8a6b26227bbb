// Decodes mappings of a YAML tree into the structs of the model by walking the table of keys, and
// collects every fault and warning on the way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantry/config/config.hpp"
#include "gantry/config/limits.hpp"
#include "gantry/config/report.hpp"
#include "gantry/config/words.hpp"
#include "gantry/config/yaml_tree.hpp"

namespace gantry::config {

// Where a value goes: how to name it, where its key is, and what it may be.
struct Target {
  Report& report;
  std::string path;
  SourcePosition position;
  Limits limits;

  Target item(std::size_t index, const Value& value) const;
  void expected(const Value& found, std::string_view what) const;
};

void decode(const Value& value, const Target& target, std::string& out);
void decode(const Value& value, const Target& target, bool& out);
void decode(const Value& value, const Target& target, int& out);
void decode(const Value& value, const Target& target, NumberOrAuto& out);
void decode(const Value& value, const Target& target, double& out);
void decode(const Value& value, const Target& target, Seconds& out);
void decode(const Value& value, const Target& target, std::vector<std::string>& out);
void decode(const Value& value, const Target& target, std::vector<double>& out);

// The index of the word that `value` is; a fault is reported if there is none.
std::optional<std::size_t> decode_word(const Value& value, const Target& target,
                                       const std::vector<std::string_view>& words);

template <Enumerated Enum>
void decode(const Value& value, const Target& target, Enum& out) {
  constexpr auto kWords = words_of(Enum{});
  std::vector<std::string_view> texts;
  for (const auto& word : kWords) texts.push_back(word.first);
  if (auto index = decode_word(value, target, texts)) out = kWords[*index].second;
}

template <class T>
void decode(const Value& value, const Target& target, std::optional<T>& out);
template <Section Struct>
void decode(const Value& value, const Target& target, Struct& out, Form form = Form::kSingle);
template <class Entry>
void decode(const Value& value, const Target& target, Sections<Entry>& out);

// The visitor that describe() leads through the keys of one mapping.
class Decoder {
 public:
  Decoder(const Value& mapping, const Target& target, Form form);

  template <class T>
  void required(std::string_view key, T& member, std::string_view meaning,
                const Limits& limits = {}) {
    if (!field(key, member, limits)) missing(key, meaning);
  }
  template <class T>
  void optional(std::string_view key, T& member, std::string_view /*meaning*/,
                const Limits& limits = {}) {
    field(key, member, limits);
  }
  // A key that only the entries of a list have.
  template <class T>
  void list_only(std::string_view key, T& member, std::string_view meaning) {
    bool outer = std::exchange(ignoring_, form_ != Form::kList);
    optional(key, member, meaning);
    ignoring_ = outer;
  }
  // All keys of `member`, in the same mapping, which only the entries of a list have.
  template <class Struct>
  void list_only_keys(std::optional<Struct>& member) {
    Struct keys;
    keys.position = target_.position;
    bool outer = std::exchange(ignoring_, form_ != Form::kList);
    describe(*this, keys);
    if (!ignoring_) member = std::move(keys);
    ignoring_ = outer;
  }
  // `key` must be given if the switch is on.
  void needs(std::string_view switch_key, bool on, std::string_view key, bool given);

  // To be called after describe(): what is left in the mapping are keys that nobody knows.
  void finish();

 private:
  struct Entry {
    const Value* key;
    const Value* value;
    const Value* owner;  // the mapping it stands in, another one if it was merged
    bool known = false;
  };

  void collect(const Value& mapping);
  void merge(const Value& value);
  // Marks the key as known; its value unless it is absent, null or to be ignored.
  const Entry* find(std::string_view key);
  void missing(std::string_view key, std::string_view meaning);
  std::string path_of(std::string_view key) const;

  template <class T>
  bool field(std::string_view key, T& member, const Limits& limits) {
    const Entry* entry = find(key);
    if (entry == nullptr) return ignoring_;
    Target target{target_.report, path_of(key), target_.report.position(*entry->key), limits};
    target_.report.note(target.path, target.position);
    decode(*entry->value, target, member);
    return true;
  }

  const Target& target_;
  Form form_;
  bool ignoring_ = false;
  std::map<std::string_view, Entry> entries_;
  std::vector<std::string_view> known_;
};

template <class T>
void decode(const Value& value, const Target& target, std::optional<T>& out) {
  decode(value, target, out.emplace());
}

template <Section Struct>
void decode(const Value& value, const Target& target, Struct& out, Form form) {
  out.position = target.position;
  if (value.kind != Value::Kind::kMapping) return target.expected(value, "a mapping");
  Decoder decoder(value, target, form);
  describe(decoder, out);
  decoder.finish();
}

template <class Entry>
void decode(const Value& value, const Target& target, Sections<Entry>& out) {
  out.position = target.position;
  if (value.kind == Value::Kind::kList) {
    out.form = Form::kList;
    for (std::size_t index = 0; index < value.items.size(); ++index) {
      const Value& item = *value.items[index];
      decode(item, target.item(index, item), out.entries.emplace_back(), Form::kList);
    }
  } else if (value.kind == Value::Kind::kMapping) {
    out.form = Form::kSingle;
    decode(value, target, out.entries.emplace_back(), Form::kSingle);
  } else {
    target.expected(value, "a mapping or a list of mappings");
  }
}

}  // namespace gantry::config
