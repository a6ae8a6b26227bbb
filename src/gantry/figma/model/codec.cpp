#include "gantry/figma/model/codec.hpp"

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "gantry/figma/model/record_bytes.hpp"

namespace gantry::figma {
namespace {

// What a record holds of each type, in order, the same for writing and reading. Whoever changes any
// of it, or an enumeration in it, gives record_bytes.cpp another version.

template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

template <class T>
concept Enumeration = std::is_enum_v<T>;

template <Enumeration E>
constexpr E kLast = E::kOther;
template <>
constexpr auto kLast<TextProperties::LineHeightUnit> = TextProperties::LineHeightUnit::kIntrinsic;
template <>
constexpr auto kLast<TextProperties::Case> = TextProperties::Case::kSmallCapsForced;

void fields(auto& record, Is<FileMeta> auto& meta) {
  record(meta.name, meta.version, meta.last_modified, meta.editor_type);
}

void fields(auto& record, Is<ContainingFrame> auto& frame) {
  record(frame.name, frame.node_id, frame.page_id, frame.page_name);
}

void fields(auto& record, Is<ContainingSet> auto& set) { record(set.name, set.node_id); }

void fields(auto& record, Is<Component> auto& component) {
  record(component.node_id, component.name, component.description, component.updated_at,
         component.frame, component.set);
}

void fields(auto& record, Is<Style> auto& style) {
  record(style.key, style.node_id, style.name, style.description, style.updated_at, style.type);
}

void fields(auto& record, Is<Color> auto& color) { record(color.r, color.g, color.b, color.a); }

void fields(auto& record, Is<GradientStop> auto& stop) { record(stop.position, stop.color); }

void fields(auto& record, Is<Paint> auto& paint) {
  record(paint.kind, paint.visible, paint.opacity, paint.color, paint.stops);
}

void fields(auto& record, Is<TextProperties> auto& text) {
  record(text.family, text.postscript_name, text.weight, text.size, text.line_height,
         text.letter_spacing, text.line_height_unit, text.text_case);
}

void fields(auto& record, Is<Node> auto& node) {
  record(node.name, node.type, node.fills, node.text);
}

void fields(auto& record, Is<VariableAlias> auto& alias) { record(alias.id); }

void fields(auto& record, Is<ComposedColor> auto& color) { record(color.color, color.opacity); }

void fields(auto& record, Is<Variable> auto& variable) {
  record(variable.name, variable.key, variable.collection_id, variable.description, variable.type,
         variable.values, variable.scopes, variable.code_syntax, variable.remote,
         variable.hidden_from_publishing, variable.deleted_but_referenced);
}

void fields(auto& record, Is<VariableMode> auto& mode) {
  record(mode.id, mode.name, mode.parent_id);
}

void fields(auto& record, Is<VariableCollection> auto& collection) {
  record(collection.name, collection.key, collection.modes, collection.default_mode_id,
         collection.variable_ids, collection.remote, collection.hidden_from_publishing,
         collection.parent_id, collection.overrides);
}

void fields(auto& record, Is<Variables> auto& variables) {
  record(variables.collections, variables.variables);
}

class Encoder {
 public:
  explicit Encoder(RecordKind kind) : writer_(kind) {}

  void operator()(const auto&... values) { (put(values), ...); }
  std::string finish() { return writer_.finish(); }

 private:
  void put(const std::string& text) { writer_.text(text); }
  void put(double number) { writer_.real(number); }
  void put(bool flag) { writer_.flag(flag); }
  void put(Enumeration auto word) { writer_.word(word); }
  void put(std::monostate) {}
  template <class T>
  void put(const std::optional<T>& value) {
    writer_.flag(value.has_value());
    if (value) put(*value);
  }
  template <class... Alternatives>
  void put(const std::variant<Alternatives...>& value) {
    writer_.word(static_cast<std::uint8_t>(value.index()));
    std::visit([this](const auto& alternative) { this->put(alternative); }, value);
  }
  template <class T>
  void put(const std::vector<T>& items) {
    writer_.number(items.size());
    for (const T& item : items) put(item);
  }
  template <class T>
  void put(const std::map<std::string, T>& items) {
    writer_.number(items.size());
    for (const auto& [key, item] : items) {
      put(key);
      put(item);
    }
  }
  template <class T>
    requires std::is_class_v<T>
  void put(const T& value) {
    fields(*this, value);
  }

  RecordWriter writer_;
};

// The bytes that a value takes in a record at least: those of one without anything in it.
template <class T>
std::size_t least_size() {
  static const std::size_t size = [] {
    Encoder empty(RecordKind::kFileMeta);
    Encoder one(RecordKind::kFileMeta);
    one(T{});
    return one.finish().size() - empty.finish().size();
  }();
  return size;
}

class Decoder {
 public:
  Decoder(std::string_view record, RecordKind kind) : reader_(record, kind) {}

  void operator()(auto&... values) { (get(values), ...); }
  void finish() const { reader_.finish(); }

 private:
  void get(std::string& text) { text = reader_.text(); }
  void get(double& number) { number = reader_.real(); }
  void get(bool& flag) { flag = reader_.flag(); }
  template <Enumeration E>
  void get(E& word) {
    word = reader_.word(kLast<E>);
  }
  void get(std::monostate&) {}
  template <class T>
  void get(std::optional<T>& value) {
    if (reader_.flag()) get(value.emplace());
  }
  template <class... Alternatives>
  void get(std::variant<Alternatives...>& value) {
    std::size_t index = reader_.word(static_cast<std::uint8_t>(sizeof...(Alternatives) - 1));
    get_alternative(value, index, std::index_sequence_for<Alternatives...>());
  }
  template <class Variant, std::size_t... Indices>
  void get_alternative(Variant& value, std::size_t index, std::index_sequence<Indices...>) {
    ((Indices == index ? get(value.template emplace<Indices>()) : void()), ...);
  }
  template <class T>
  void get(std::vector<T>& items) {
    items.resize(reader_.count(least_size<T>()));
    for (T& item : items) get(item);
  }
  template <class T>
  void get(std::map<std::string, T>& items) {
    for (std::size_t left = reader_.count(1 + least_size<T>()); left > 0; --left) {
      std::string key = reader_.text();
      if (!items.empty() && key <= items.rbegin()->first) RecordReader::refuse("it is not sorted");
      get(items.emplace_hint(items.end(), std::move(key), T())->second);
    }
  }
  template <class T>
    requires std::is_class_v<T>
  void get(T& value) {
    fields(*this, value);
  }

  RecordReader reader_;
};

template <class T>
std::string encoded(const T& value, RecordKind kind) {
  Encoder encoder(kind);
  encoder(value);
  return encoder.finish();
}

template <class T>
T decoded(std::string_view record, RecordKind kind) {
  Decoder decoder(record, kind);
  T value;
  decoder(value);
  decoder.finish();
  return value;
}

}  // namespace

std::string encode(const FileMeta& meta) { return encoded(meta, RecordKind::kFileMeta); }

std::string encode(const std::vector<Component>& components) {
  return encoded(components, RecordKind::kComponents);
}

std::string encode(const std::vector<Style>& styles) {
  return encoded(styles, RecordKind::kStyles);
}

std::string encode(const Nodes& nodes) { return encoded(nodes, RecordKind::kNodes); }

std::string encode(const Variables& variables) {
  return encoded(variables, RecordKind::kVariables);
}

std::string encode(const Addresses& addresses) {
  return encoded(addresses, RecordKind::kAddresses);
}

FileMeta decode_file_meta(std::string_view record) {
  return decoded<FileMeta>(record, RecordKind::kFileMeta);
}

std::vector<Component> decode_components(std::string_view record) {
  return decoded<std::vector<Component>>(record, RecordKind::kComponents);
}

std::vector<Style> decode_styles(std::string_view record) {
  return decoded<std::vector<Style>>(record, RecordKind::kStyles);
}

Nodes decode_nodes(std::string_view record) { return decoded<Nodes>(record, RecordKind::kNodes); }

Variables decode_variables(std::string_view record) {
  return decoded<Variables>(record, RecordKind::kVariables);
}

Addresses decode_addresses(std::string_view record) {
  return decoded<Addresses>(record, RecordKind::kAddresses);
}

}  // namespace gantry::figma
