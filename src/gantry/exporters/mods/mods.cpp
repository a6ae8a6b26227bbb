#include "gantry/exporters/mods/mods.hpp"

#include <fmt/format.h>

#include "gantry/archive/text.hpp"
#include "gantry/exporters/mods/element.hpp"
#include "gantry/exporters/mods/fields.hpp"
#include "gantry/exporters/mods/related.hpp"
#include "gantry/exporters/mods/subjects.hpp"

namespace gantry::exporters::mods {
namespace {

constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kNamespaces =
    " xmlns=\"http://www.loc.gov/mods/v3\""
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    " xsi:schemaLocation=\"http://www.loc.gov/mods/v3"
    " http://www.loc.gov/standards/mods/v3/mods-3-8.xsd\"";

class Writer final : public archive::RecordWriter {
 public:
  Writer(const archive::Record& record, const archive::Place& place, const Options& options,
         std::uint64_t& replaced)
      : record_(record), place_(place), options_(options), replaced_(replaced) {}

  std::string begin() override {
    Fragment fields(depth(), replaced_);
    if (record_.pinax) {
      add_description(fields, record_);
    } else {
      add_incomplete_title(fields, record_.manifest.pi);
    }
    add_notes(fields, record_);
    if (options_.is_collection) add_tree_position(fields, place_);
    add_subjects(fields, record_, options_.graph);
    return open_record(options_, place_) + fields.print();
  }

  std::string component(const archive::Component& component,
                        const archive::Reference* reference) override {
    if (reference != nullptr) {
      Fragment related(depth(), replaced_);
      add_reference(related, component, *reference, options_.include_ocr);
      return related.print();
    }
    if (is_listed(component)) others_.push_back(component);
    return {};
  }

  std::string end() override {
    Fragment fields(depth(), replaced_);
    add_parent(fields, record_.manifest);
    add_children(fields, record_.manifest);
    for (const archive::Component& other : others_) add_other(fields, other);
    if (record_.pinax) {
      add_identifiers(fields, record_);
    } else {
      add_incomplete_identifiers(fields, record_.manifest);
    }
    add_record_info(fields, record_);
    return fields.print() + close_record(options_);
  }

  static std::string open_record(const Options& options, const archive::Place& place) {
    return fmt::format("{}<mods{} version=\"3.8\" ID=\"entity-{}\">\n",
                       options.is_collection ? "  " : "",
                       options.is_collection ? std::string_view() : kNamespaces, place.pi().text());
  }
  static std::string close_record(const Options& options) {
    return options.is_collection ? "  </mods>\n" : "</mods>\n";
  }
  static unsigned depth_of(const Options& options) { return options.is_collection ? 2 : 1; }

 private:
  unsigned depth() const { return depth_of(options_); }

  const archive::Record& record_;
  const archive::Place& place_;
  const Options& options_;
  std::uint64_t& replaced_;
  std::vector<archive::Component> others_;
};

}  // namespace

std::string Document::opening() const {
  if (!options_.is_collection) return std::string(kDeclaration);
  return fmt::format("{}<modsCollection{}>\n", kDeclaration, kNamespaces);
}

std::string Document::closing() const {
  return options_.is_collection ? "</modsCollection>\n" : "";
}

std::unique_ptr<archive::RecordWriter> Document::record(const archive::Record& record,
                                                        const archive::Place& place) {
  return std::make_unique<Writer>(record, place, options_, replaced_);
}

std::string Document::absence(const archive::Absence& absence, const archive::Place& place) {
  Fragment fields(Writer::depth_of(options_), replaced_);
  add_absence(fields, absence, place);
  return Writer::open_record(options_, place) + fields.print() + Writer::close_record(options_);
}

}  // namespace gantry::exporters::mods
