// How entities become a document, record by record: a format makes texts, its caller puts them
// together and may bring a record's components one at a time, so that no record has to be held
// whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gantry/archive/model.hpp"

namespace gantry::archive {

// Where an entity stands in the tree that is exported.
struct Place {
  std::vector<Pi> path;  // from the root to the entity itself; never empty

  const Pi& pi() const { return path.back(); }
  std::size_t depth() const { return path.size() - 1; }
  std::optional<Pi> parent() const {
    return path.size() < 2 ? std::nullopt : std::optional(path[path.size() - 2]);
  }
};

// An entity as far as it is held in memory.
struct Record {
  Manifest manifest;
  std::vector<Pi> merged_from;  // entities that have been merged into this one
  std::optional<Pinax> pinax;
  std::optional<std::string> description;
  std::optional<Cheimarros> cheimarros;
  std::vector<LinkedEntity> linked;
};

// An entity that has no record.
struct Absence {
  enum class Kind { kMissing, kDeleted, kMerged, kFailed };
  Kind kind = Kind::kMissing;
  std::string reason;                // for people; the same whenever the same happens
  std::optional<Manifest> manifest;  // if that could be read
};

// One record. Called in the order of its functions, component() for each component by key.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;

  virtual std::string begin() = 0;
  // `reference`: what a *.ref.json holds; null for other components, and where it is unreadable.
  virtual std::string component(const Component& component, const Reference* reference) = 0;
  virtual std::string end() = 0;
};

class DocumentFormat {
 public:
  virtual ~DocumentFormat() = default;

  // Both outlive the writer.
  virtual std::unique_ptr<RecordWriter> record(const Record& record, const Place& place) = 0;
  virtual std::string absence(const Absence& absence, const Place& place) = 0;
  // Characters so far that the format cannot hold and that became U+FFFD.
  virtual std::uint64_t replaced() const { return 0; }
};

}  // namespace gantry::archive
