// What an export of archive entities is to hold: the options of one request, whoever makes it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "gantry/exporters/mods/mods.hpp"
#include "gantry/exporters/pinax/pinax.hpp"

namespace gantry::jobs {

enum class ArchiveFormat { kMods, kPinax };
std::string_view to_string(ArchiveFormat format);
std::optional<ArchiveFormat> parse_archive_format(std::string_view word);

struct ArchiveOptions {
  ArchiveFormat format = ArchiveFormat::kMods;
  bool is_recursive = false;
  std::size_t max_depth = 5;  // of an entity below the root, which has 0
  bool include_ocr = true;
  // MODS only.
  exporters::mods::Graph graph = exporters::mods::Graph::kFull;
  // Pinax only.
  std::size_t max_text_length = 100'000;
  exporters::pinax::EntitySource entity_source = exporters::pinax::EntitySource::kGraph;
  bool include_components = true;
  std::set<archive::Role> component_types = exporters::pinax::Options().component_types;
  // How far fetching runs ahead. No effect on the output.
  std::size_t entities_ahead = 32;
  std::size_t references_ahead = 50;  // of one entity
  std::size_t graph_ahead = 20;       // accepted; the graph is asked about one entity at a time

  static constexpr std::size_t kDeepest = 50;
  // What a format has where nothing is said.
  static ArchiveOptions defaults(ArchiveFormat format);
  exporters::mods::Options mods() const;
  exporters::pinax::Options pinax() const;
  // "01J....xml" or "01J...-collection.xml", of JSON alike.
  std::string file_name(std::string_view pi) const;
};

// What is wrong with one option.
struct OptionFault {
  std::string pointer;  // JSON Pointer within the options: "/maxDepth"
  std::string message;  // "is not a whole number from 0 to 50"
};

// The options of a request. Each that is unknown, or not of this format, or has a value that it
// cannot have, is a fault; the rest is read all the same.
ArchiveOptions read_archive_options(ArchiveFormat format, const boost::json::value& options,
                                    std::vector<OptionFault>& faults);

}  // namespace gantry::jobs
