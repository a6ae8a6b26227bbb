// Archive entities as one JSON document: the tree that they form, each entity once. Pure.
//
//   text = opening();
//   for the root: its RecordWriter's begin(), component()..., end(), then its children within
//     children_opening() and children_closing(), each as the root, with separator() before all but
//     the first; then entity_closing()
//   text += closing();
//
// So a tree of any size can be put together from records that are made in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gantry/archive/document.hpp"

namespace gantry::exporters::pinax {

inline constexpr const char* kSchema = "https://export.arke.institute/schemas/export/v1";

// Where what is told of people, places and so on comes from.
enum class EntitySource { kNone, kGraph, kCheimarros, kBoth };
std::string_view to_string(EntitySource source);
std::optional<EntitySource> parse_entity_source(std::string_view word);

struct Options {
  bool is_recursive = false;
  std::size_t max_depth = 10;
  bool include_ocr = true;
  std::size_t max_text_length = 100'000;  // characters of a description or of the text of a page
  EntitySource entity_source = EntitySource::kGraph;
  bool include_components = true;
  std::set<archive::Role> component_types = {archive::Role::kReference, archive::Role::kPinax,
                                             archive::Role::kDescription,
                                             archive::Role::kCheimarros, archive::Role::kOther};
  // How the export was made; part of the document, and of no effect on the rest of it.
  std::size_t references_ahead = 50;
  std::size_t graph_ahead = 20;
  std::size_t entities_ahead = 32;
};

class Document final : public archive::DocumentFormat {
 public:
  explicit Document(Options options) : options_(std::move(options)) {}

  // `exported_at`: "2026-01-01T10:00:00Z".
  std::string opening(std::string_view exported_at) const;
  static std::string closing();

  // An entity, open for its children.
  std::unique_ptr<archive::RecordWriter> record(const archive::Record& record,
                                                const archive::Place& place) override;
  // With a manifest: an entity as by record(), which says why nothing else is known. Without: an
  // object of its own, complete, that stands among absent_opening() and absent_closing().
  std::string absence(const archive::Absence& absence, const archive::Place& place) override;

  std::uint64_t replaced() const override { return replaced_; }

  // Children that stand elsewhere in the document, under another parent.
  static std::string elsewhere(const std::vector<archive::Pi>& children, std::size_t depth);
  static std::string children_opening(std::size_t depth);
  static std::string children_closing(std::size_t depth);
  static std::string absent_opening(std::size_t depth);
  static std::string absent_closing(std::size_t depth);
  // Before a child at `depth`.
  static std::string separator(bool is_first, std::size_t depth);
  static std::string entity_closing(std::size_t depth, std::size_t children);

 private:
  Options options_;
  std::uint64_t replaced_ = 0;
};

}  // namespace gantry::exporters::pinax
