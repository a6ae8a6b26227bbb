// An SVG file that is safe to publish: read with limits, checked, and with ids of its own. Pure.
//
// Refused, with an Error that names the element or attribute and the line:
// - kTooLarge: more than 8 MiB, 256 levels of elements or 256 attributes on one;
// - kBadResponse: what is not a well-formed UTF-8 SVG, such as an HTML page;
// - kUnsafe: DOCTYPE and entities, processing instructions, scripts, event attributes, embedded
//   documents, javascript: addresses and references to anything but "#id" and data:image pictures.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace gantry::svg {

class Document {
 public:
  static Document parse(std::string text);
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  // Makes ids unique among files: "<prefix>-a", "<prefix>-b", ... in the order of the file, with
  // every reference to them. Ids that nothing in the file refers to are removed. The names that
  // Figma gives carry node ids and would change with every edit.
  void make_ids_unique(std::string_view prefix);

  // The bytes as they were parsed, unless make_ids_unique() had something to change.
  std::string text() const;

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit Document(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gantry::svg
